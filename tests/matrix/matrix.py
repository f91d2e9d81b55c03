#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The behaviour matrix: family, function, effective access, seen how. Prints docs/matrix.md from `race check --json`.

    matrix.py BUILD-FOLDER
"""

import json
import re
import subprocess
import sys

HEAD = """<!-- SPDX-License-Identifier: MIT -->
<!-- Generated: make docs/matrix.md -->
# What is seen of each map

Every operation that librace knows, what it really does to the map, and how calls of it are seen in a process with these libraries. *Patched*: every call, also those
that the library makes to itself. *Interposed*: calls from other modules. *Absent*: this version of the library does not have it; it is hooked where it exists.
`race check PROGRAM` says the same of one program. What of each family stays invisible is on its page in [families/](families/).

A test compares this file with the libraries of the machine that it runs on.
"""

LOCK_HEAD = """
# What is seen of synchronisation

| functions | patched | interposed | absent |
|---|---|---|---|"""


def effects(function):
    if not function["effects"]:
        return "reference", "none"
    roles = " or ".join(dict.fromkeys(e["role"] for e in function["effects"]))
    access = " or ".join(dict.fromkeys(e["access"] for e in function["effects"]))
    return roles, access


def seen(function):
    how = {"both": "patched", "patched": "patched", "interposed": "interposed", "no": "absent"}[function["seen"]]
    if function.get("why_not_patched") and how == "interposed":
        how += " (%s)" % function["why_not_patched"]
    return how


def matrix(check):
    lines = [HEAD]
    for family in sorted(check["maps"], key=lambda f: f["name"].lower()):
        homes = sorted({re.sub(r"^libisc-(9\.\d+)\..*", r"libisc-\1.so", f["in"]) for f in family["functions"] if f["in"]})
        lines += ["## %s" % family["name"], "",
                  "In %s; contract: %s." % (", ".join(homes) or "none of these libraries", family["contract"]), "",
                  "| function | role | effective access | seen |", "|---|---|---|---|"]
        for f in sorted(family["functions"], key=lambda f: f["name"]):
            roles, access = effects(f)
            lines.append("| `%s` | %s | %s | %s |" % (f["name"], roles, access, seen(f)))
        lines.append("")
    lines.append(LOCK_HEAD.lstrip("\n"))
    for family in sorted(check["locks"], key=lambda f: f["name"].lower()):
        how = [seen(f).split(" ")[0] for f in family["functions"]]
        lines.append("| %s | %d | %d | %d |" % (family["name"], how.count("patched"), how.count("interposed"),
                                              how.count("absent")))
    return "\n".join(lines) + "\n"


def main():
    build = sys.argv[1]
    out = subprocess.run([build + "/race", "check", "--json", build + "/tests/matrix/all"], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    sys.stdout.write(matrix(json.loads(out)))


if __name__ == "__main__":
    main()
