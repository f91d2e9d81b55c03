# SPDX-License-Identifier: MIT
"""breakpoints.py - runs inside gdb: counts calls of functions by breakpoints that lie behind the bytes librace displaces.

    gdb -nx -batch -x breakpoints.py            with, in the environment:
    COUNT_LIBRARY   library whose functions are counted, COUNT_NAMES: a regular expression over their names
    COUNT_PROGRAM   JSON list: the program and its arguments; COUNT_PRELOAD, COUNT_OPTIONS: LD_PRELOAD, RACE_OPTIONS of it
    COUNT_OUT       file for the result: JSON, {"pid": of the program, "calls": {function: n}, "moved": {function: why}}

A function's first instructions are read from its file by gdb's own disassembler, which owes nothing to ours. The breakpoint is on
the first instruction that begins five or more bytes after the entry: a jump at the entry replaces what lies before it,
and the moved instructions end by jumping there. Where a branch is displaced, its target gets one, too. Each place must be
passed once by each call: not where something else of the function leads there. A function for which there is no such place is
"moved": its breakpoint is on the copy of its first instruction, in librace's trampoline.

The count is taken when librace writes its own, in patch_tell.
"""
import json
import os
import re

import gdb

JUMP = 5
library = os.environ["COUNT_LIBRARY"]
wanted = re.compile(os.environ["COUNT_NAMES"])
program = json.loads(os.environ["COUNT_PROGRAM"])

for setting in ("pagination off", "confirm off", "debuginfod enabled off", "startup-with-shell off", "breakpoint pending on",
                "disassemble-next-line off", "print thread-events off", "print inferior-events off", "follow-fork-mode parent",
                "detach-on-fork on", "width 0", "height 0", "disable-randomization on"):
    gdb.execute("set " + setting)
for name in ("SIGPIPE", "SIGALRM", "SIGUSR1", "SIGUSR2"):
    gdb.execute(f"handle {name} nostop noprint pass", to_string=True)


def exported():
    """{name: (offset of its entry, size)} of the dynamic symbols, by readelf."""
    found = {}
    for line in os.popen(f"readelf -W --dyn-syms {library}"):
        word = line.split()
        if len(word) == 8 and word[3] == "FUNC" and word[6] != "UND":
            name = word[7].split("@")[0]
            if wanted.fullmatch(name):
                found[name] = (int(word[1], 16), int(word[2], 0))
    return found


def targets(text):
    """Where an instruction may go, by its text: the address operand of jumps."""
    m = re.match(r"(?:bnd |notrack )?(j\w+|loop\w*|xbegin)\s+(0x[0-9a-f]+)", text)
    return [int(m.group(2), 16)] if m else []


def ends(text):
    """Nothing runs on from here to the next instruction (padding does not matter, nobody gets there)."""
    return text.startswith(("ret", "jmp", "nop", "data16", "cs nop", "xchg   ax,ax", "ud2", "hlt"))


moved = {}


def places():
    """{name: offsets from the entry}; by the file alone, before anything runs."""
    gdb.execute("file " + library, to_string=True)
    arch = gdb.selected_inferior().architecture()
    out = {}
    for name, (entry, size) in exported().items():
        code = arch.disassemble(entry, entry + max(size, 1) - 1)
        place = next((i["addr"] for i in code if i["addr"] >= entry + JUMP), None)
        before = [i for i in code if place is None or i["addr"] < place]
        reached = [t for i in code for t in targets(i["asm"])]
        found = [t for i in before for t in targets(i["asm"])]
        if place is None:
            moved[name] = "it has no bytes behind those displaced"
            continue
        if any(i["asm"].startswith("call") for i in before):
            moved[name] = "a call is displaced"
            continue
        if place in reached:
            moved[name] = "it jumps to the first instruction behind"
            continue
        for t in found:
            at = next((n for n, i in enumerate(code) if i["addr"] == t), 0)
            if reached.count(t) != 1 or not at or not ends(code[at - 1]["asm"]):
                moved[name] = "a branch among the displaced bytes leads to where others come, too"
        if name not in moved:
            out[name] = [t - entry for t in found]
            if not any(i["asm"].startswith(("ret", "jmp")) for i in before):
                out[name].append(place - entry)
    return out


class Count(gdb.Breakpoint):
    def __init__(self, where):
        super().__init__(where, internal=True)
        self.silent = True
        self.calls = 0

    def stop(self):
        self.calls += 1
        return False


class Snapshot(gdb.Breakpoint):
    """Where librace tells what it has counted."""

    def stop(self):
        result["pid"] = gdb.selected_inferior().pid
        result["calls"] = {name: sum(b.calls for b in list_) for name, list_ in counts.items()}
        return False


result = {"pid": None, "calls": None, "moved": moved}
counts = {}
offsets = places()
gdb.execute("file " + program[0], to_string=True)
gdb.execute("set args " + " ".join(program[1:]))
gdb.execute("set environment LD_PRELOAD " + os.environ["COUNT_PRELOAD"])
gdb.execute("set environment RACE_OPTIONS " + os.environ["COUNT_OPTIONS"])
gdb.execute("starti", to_string=True)
# The library is mapped, and nothing of it or of librace has run, when the loader reports its list for the first time.
gdb.execute("set stop-on-solib-events 1")
gdb.execute("continue", to_string=True)


def base_of(path):
    for line in gdb.execute("info proc mappings", to_string=True).splitlines():
        word = line.split()
        if word and os.path.realpath(word[-1]) == os.path.realpath(path):
            return int(word[0], 16) - int(word[3], 16)
    return None


base = base_of(library)
while base is None:
    gdb.execute("continue", to_string=True)
    base = base_of(library)
gdb.execute("set stop-on-solib-events 0")
addresses = exported()
for name, offsets_ in offsets.items():
    counts[name] = [Count(f"*{base + addresses[name][0] + offset:#x}") for offset in offsets_]

# The rest can have theirs when librace has patched what is there.
gdb.Breakpoint("patch_start", internal=True, temporary=True).silent = True
gdb.execute("continue", to_string=True)
gdb.execute("finish", to_string=True)
hook = gdb.parse_and_eval("(unsigned long)&__start_race_hooks").cast(gdb.lookup_type("struct race_hook").pointer())
stop = int(gdb.parse_and_eval("(unsigned long)&__stop_race_hooks"))
while int(hook) < stop:
    name = hook["name"].string()
    if name in moved and int(hook["state"]) == 1:
        counts[name] = [Count(f"*{int(hook['counted_real']):#x}")]
    hook += 1
snapshot = Snapshot("patch_tell", internal=True)
gdb.execute("continue", to_string=True)
with open(os.environ["COUNT_OUT"], "w", encoding="utf-8") as f:
    json.dump(result, f)
if gdb.selected_inferior().pid:
    gdb.execute("kill", to_string=True)
