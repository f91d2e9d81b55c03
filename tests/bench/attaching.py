#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
attaching.py - what reaching functions costs: a patched call, the generic stub of rules, and patching at start-up.

Calls      tests/patch/stub_micro: the way there and back alone, callbacks empty, minus the plain call.
Start-up   wall time of whole processes by tests/bench/launch, interleaved: native, attach=interpose, attach=auto; the difference of
           the last two is what patching costs. Two programs: an empty one with five libraries of maps, and one of 20,000 functions
           with a rule whose pattern takes 200 of them.

lines(build, quick) is for run.py: Markdown, and what went wrong.
"""
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CALLS = (  # name as stub_micro prints it, what it is, limit in ns
    ("typed wrapper in C", "patched typed wrapper", 3.0),
    ("no stack words", "rule stub", 8.0),
    ("no stack words, no after", "rule stub, nothing to do after the call (pattern look-ups)", 8.0),
    ("8 stack words", "rule stub, function with arguments on the stack", 8.0),
    ("all vector registers (leaf functions)", "rule stub, leaf function: all vector registers are kept", 8.0),
    ("64 stack words (variadic)", "rule stub, variadic function", None),
)
LIMITS = (("five libraries of maps", 2.0), ("20,000 functions, a pattern", 10.0))


def verdict(value, limit):
    return "no limit" if limit is None else "met" if value <= limit else "**missed**"


def calls(build):
    out = subprocess.run([os.path.join(build, "tests/patch/stub_micro")], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in out.splitlines():
        words = line.rsplit(None, 2)
        if len(words) == 3 and words[2] == "ns":
            found[words[0].strip()] = float(words[1])
    yield "| a call, callbacks empty | ns over the plain call | limit | |"
    yield "|---|---:|---:|---|"
    for name, what, limit in CALLS:
        value = found[name]
        yield "| %s | %.1f | %s | %s |" % (what, value, "%.0f ns" % limit if limit else "", verdict(value, limit))


def launch(build, program, environment, times):
    command = [os.path.join(build, "bench/launch"), "-n", str(times)]
    for name, value in environment.items():
        command += ["-e", "%s=%s" % (name, value)]
    out = subprocess.run(command + ["--", program], capture_output=True, text=True, check=True).stdout
    rows = [[float(word) for word in line.split()] for line in out.splitlines()]
    return [row[1] / 1e6 for row in rows], any(row[3] for row in rows)


def start(build, quick, bad):
    library = os.path.abspath(os.path.join(build, "librace.so"))
    with tempfile.NamedTemporaryFile("w", suffix=".rules") as rules:
        rules.write("large:ht_* lookup map=arg0\n")
        rules.flush()
        programs = ((LIMITS[0], os.path.join(build, "bench/five_libraries"), ""),
                    (LIMITS[1], os.path.join(build, "tests/rules/large"), " rules=" + rules.name))
        yield "| start-up | native, ms | interposed only, ms | and patched, ms | patching costs | limit | |"
        yield "|---|---:|---:|---:|---:|---:|---|"
        for (name, limit), program, option in programs:
            ways = ({}, {"LD_PRELOAD": library, "RACE_OPTIONS": "attach=interpose"},
                    {"LD_PRELOAD": library, "RACE_OPTIONS": "attach=auto" + option})
            walls = [[], [], []]
            for _ in range(6 if quick else 20):
                for wall, way in zip(walls, ways):
                    ms, failed = launch(build, program, way, 10)
                    wall += ms
                    if failed and name not in bad:
                        bad.append("%s ended with another status than 0" % name)
            native, interposed, patched = (statistics.median(wall) for wall in walls)
            yield "| %s | %.2f | %.2f | %.2f | %+.2f ms | %.0f ms | %s |" % (
                name, native, interposed, patched, patched - interposed, limit, verdict(patched - interposed, limit))


def lines(build, quick=False):
    bad = []
    return list(calls(build)) + [""] + list(start(build, quick, bad)), bad


if __name__ == "__main__":
    text, wrong = lines(sys.argv[1] if len(sys.argv) > 1 else "build", "--quick" in sys.argv)
    print("\n".join(text + wrong))
