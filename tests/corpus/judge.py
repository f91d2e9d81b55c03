# SPDX-License-Identifier: MIT
"""judge.py - the bars of the classes, and what got better or worse against the accepted state (baseline.json).

Works on entries: what corpus.py measured of one program, as plain dicts (results.json). `default` and `possible` of an entry
hold runs, hits (runs with a report), certain (runs with one of that class), causes, confidence (one number a run) and trouble.
"""

import json
import math

GROUPS = {
    "A": "clean",
    "B": "racy, no atomics of its own",
    "C": "racy, atomics of its own, the operations repeat",
    "D": "racy, atomics of its own, one shot",
}
BARS = {
    "A": "no report in any run; never `certain`",
    "B": "reported in every run",
    "C": "reported in 9 of 10 runs",
    "D": "all with `report=possible`",
}
SLACK = 0.101  # one run of ten is luck


def rate(level):
    return level["hits"] / level["runs"] if level["runs"] else 0.0


def allowed_misses(runs):
    """Of class C: one run in ten, and one of fewer than ten."""
    return max(1, runs // 10)


def missed_bar(entry):
    """Why a program misses the bar of its class; empty when it does not."""
    default, possible, why = entry["default"], entry["possible"], []
    if entry["group"] == "A":
        if default["hits"]:
            why.append(f"reported in {default['hits']} of {default['runs']} runs")
        certain = default["certain"] + possible["certain"]
        if certain:
            why.append(f"`certain` in {certain} of {default['runs'] + possible['runs']} runs")
    elif entry["group"] == "B":
        if default["hits"] < default["runs"] or not default["runs"]:
            why.append(f"reported in {default['hits']} of {default['runs']} runs")
    elif entry["group"] == "C":
        if default["hits"] < default["runs"] - allowed_misses(default["runs"]) or not default["runs"]:
            why.append(f"reported in {default['hits']} of {default['runs']} runs")
    elif possible["hits"] < possible["runs"] or not possible["runs"]:
        why.append(f"reported in {possible['hits']} of {possible['runs']} runs with `report=possible`")
    return why


def troubles(entry):
    """What kept a run from telling anything."""
    found = []
    if entry["native"]:
        found.append("alone: " + entry["native"])
    for level in ("default", "possible"):
        for why in sorted(set(entry[level]["trouble"])):
            found.append(f"librace, {level} level: {why}")
    return found


def accepted(entries, runs):
    """What is kept in baseline.json."""
    kept = {}
    for name, e in entries.items():
        kept[name] = {"group": e["group"]}
        for level in ("default", "possible"):
            kept[name][level] = {k: e[level][k] for k in ("hits", "certain", "runs")}
    return {"runs": runs, "programs": kept}


def write_baseline(path, baseline):
    """One program a line, so that a change reads well in a diff."""
    lines = [f"{json.dumps(n)}: {json.dumps(p)}" for n, p in sorted(baseline["programs"].items())]
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"runs": %d, "programs": {\n%s\n}}\n' % (baseline["runs"], ",\n".join(lines)))


def moved(level, before, now):
    a, b = rate(before[level]), rate(now[level])
    word = "default level" if level == "default" else "`report=possible`"
    return f"{word}: {before[level]['hits']} of {before[level]['runs']}, now {now[level]['hits']} of {now[level]['runs']}" \
        if not math.isclose(a, b) else ""


def is_worse(before, now):
    """Beyond luck: a lost or a new report, a label that moved."""
    if before["group"] != now["group"]:
        return True
    if now["group"] == "A":
        return rate(now["default"]) > rate(before["default"]) + 1e-9 \
            or any(now[x]["certain"] and not before[x]["certain"] for x in ("default", "possible")) \
            or now["possible"]["hits"] > 0 and before["possible"]["hits"] == 0
    slack = 0.5 if now["group"] == "D" else SLACK
    return rate(before["default"]) - rate(now["default"]) > slack \
        or rate(before["possible"]) - rate(now["possible"]) > SLACK


def compare(baseline, entries):
    """[(name, what, worse?)] for what differs from the accepted state. New programs are no change."""
    changes = []
    for name, before in sorted(baseline["programs"].items()):
        now = entries.get(name)
        if not now:
            changes.append((name, "is gone", True))
            continue
        what = [f"class {before['group']}, now {now['group']}"] if before["group"] != now["group"] else []
        what += [m for m in (moved(level, before, now) for level in ("default", "possible")) if m]
        if now["group"] == "A" and any(now[x]["certain"] and not before[x]["certain"] for x in ("default", "possible")):
            what.append("`certain` appears")
        if what:
            changes.append((name, "; ".join(what), is_worse(before, now)))
    return changes
