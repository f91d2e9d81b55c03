#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""corpus.py FOLDER [COUNT]: rules files to begin fuzzing with, the same ones every time.

Half of them follow the grammar, so that all of it is reached; the other half has slips in it.
"""

import os
import random
import sys

ROLES = "create destroy insert lookup remove update iterate resize clear".split()
PLACES = ["arg{n}", "*arg{n}", "*(arg{n}+{m})", "*(arg{n}-{m})", "*(arg{n}+0x{m})", "global:table_{m}"]
KEYS = ["arg{n}", "arg{n}:ptr", "arg{n}:int", "arg{n}:long", "arg{n}:string", "arg{n}:len=arg{n}"]


def fill(r, form):
    return form.replace("{n}", str(r.randrange(12)), 1).format(n=r.randrange(12), m=r.randrange(100))


def rule(r, number):
    name = r.choice(["prog", "lib*.so.?", "redis-server", "lib\u00e4.so"])
    symbol = r.choice([f"f{number}", f"f{number}_*", f"_ZN1a1b{number}Ev"])
    if r.random() < 0.3:
        words = ["obj=" + fill(r, r.choice(PLACES))]
        words += r.sample(["mode=read", "when=" + r.choice(["ret==0", "ret!=0"]), "file=a.c"], r.randrange(3))
        role = r.choice(["acquire", "release"])
    else:
        words = r.sample(["map=" + fill(r, r.choice(PLACES)), "key=" + fill(r, r.choice(KEYS)), fill(r, "bucket=arg{n}"),
                          "access=" + r.choice(["read", "write"]), "file=b.c",
                          "contract=" + r.choice(["unsafe", "bucket-locked", "concurrent"])], r.randrange(5))
        role = r.choice(ROLES)
    r.shuffle(words)
    blank = r.choice([" ", "\t", "  "])
    return f"{name}:{symbol}" + blank + role + "".join(blank + w for w in words) + r.choice(["", " # why"])


def slip(r, text):
    at = r.randrange(len(text) + 1)
    return r.choice([text[:at] + text[at + 1:], text[:at] + r.choice("=:*()\0\xff# ") + text[at:],
                     text[:at] + text[at:at + 1] * 2 + text[at + 1:], text[:at]])


def main():
    folder, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 32
    os.makedirs(folder, exist_ok=True)
    r = random.Random(4711)
    for i in range(count):
        lines = [rule(r, n) for n in range(r.randrange(1, 12))]
        if i % 2:
            lines = [slip(r, line) if r.random() < 0.7 else line for line in lines]
        end = r.choice(["\n", "\r\n"])
        text = end.join(lines) + r.choice(["", end])
        with open(os.path.join(folder, f"{i:03}.rules"), "wb") as f:
            f.write(text.encode("utf-8"))


main()
