#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""instrument.py OUT - the adapters once more, with each call that makes an edge turned into one that can be left out.

Copies hooks/, preload/thread.c and preload/rules/calls.c below OUT and puts MUTATE_ before the name of every function of EDGES where
it is called; tests/mutation/mutate.h says what that means. Lines stay where they are. Exported wrappers are told to inline
what they call (flatten), so that each row has its own copy of an edge that a helper makes. A file that has not changed is
not written again: make compiles what has.
"""

import glob
import os
import re
import sys

# What orders, and what another file of hooks/ offers that does: the caller's half of an edge is the caller's row.
EDGES = """sync_acquire sync_acquire_alone sync_acquire_everything sync_release sync_release_join sync_publish_once
thread_prepare thread_begin thread_end object_give object_take object_end
object_link fd_give fd_take fd_take_data fd_closing signal_taken once_done future_once_done omp_call_asked""".split()

# A function of the calling thread in a header of hooks/ makes edges, or it is named here.
NO_EDGE = set()
OFFERED = re.compile(r"^void (\w+)\(struct race_thread \*", re.M)

CALL = re.compile(r"(?<![\w.>])(" + "|".join(EDGES) + r")\(")
DECLARED = re.compile(r"(^|[;{}])\s*(\w+\s+)*(void|struct \w+ \*)\s*$")
EXPORT = "#define RACE_EXPORT __attribute__((visibility(\"default\"), noinline))"


def instrumented(text):
    out = []
    for line in text.split("\n"):
        if line == EXPORT:
            line = EXPORT.replace("noinline", "noinline, flatten")

        def call(m):
            before = line[:m.start()]
            return m.group(0) if DECLARED.search(before) else "MUTATE_" + m.group(0)
        out.append(CALL.sub(call, line))
    return "\n".join(out)


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    out = sys.argv[1]
    sources = glob.glob("hooks/*.[ch]") + glob.glob("hooks/*.def")
    exported = False
    for path in sources:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        exported = exported or EXPORT in text
        unknown = [x for x in OFFERED.findall(text) if path.endswith(".h") and x not in NO_EDGE and x not in EDGES]
        if unknown:
            sys.exit(f"{path}: {' '.join(unknown)}: neither in EDGES of tests/mutation/instrument.py (and mutate.h) nor in NO_EDGE")
        put(os.path.join(out, path), instrumented(text))
    if not exported:
        sys.exit("instrument.py: RACE_EXPORT is not what it was")
    for path in "preload/thread.c", "preload/rules/calls.c":
        with open(path, encoding="utf-8") as f:
            put(os.path.join(out, "own", path), instrumented(f.read()))
    for name in os.listdir(os.path.join(out, "hooks")):
        if not os.path.exists(os.path.join("hooks", name)):
            os.unlink(os.path.join(out, "hooks", name))
    link = os.path.join(out, "preload")
    if not os.path.islink(link):
        os.symlink(os.path.abspath("preload"), link)


if __name__ == "__main__":
    main()
