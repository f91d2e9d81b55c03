# SPDX-License-Identifier: MIT
"""tables.py - docs/ACCURACY.md out of what was measured: only text, nothing is run here."""

import os
import re

from metadata import CAUSES
from judge import BARS, GROUPS, compare, missed_bar, rate, troubles
from runs import PEERS

HERE = os.path.dirname(os.path.abspath(__file__))
THRESHOLDS = (95, 90, 80, 70, 50, 30, 10, 0)

HOW = """\
Made by `make corpus`; do not edit.

%(programs)d labelled programs, %(clean)d of them clean and %(racy)d racy, in pairs (`tests/corpus/programs/`). Each ran %(runs)d times under librace as it
stands, %(possible)d times with `report=possible`, and once under each peer. A cell is `recall / false alarms`: the share of the runs of racy
programs with a report, and the number of clean programs that were reported in any run. For the peers only warnings of races count.
`certain` is the part of the default level that carries this class.
"""


def share(hits, runs):
    """A percentage that is 100 only when nothing is missing."""
    if not runs:
        return "-"
    percent = 100.0 * hits / runs
    return "100 %" if hits == runs else "%.1f %%" % min(percent, 99.9) if percent > 90 else "%.0f %%" % percent


def level_cell(entries, level, what="hits"):
    racy = [e[level] for e in entries if e["label"] == "racy"]
    clean = [e[level] for e in entries if e["label"] == "clean"]
    recall = share(sum(x[what] for x in racy), sum(x["runs"] for x in racy))
    false = sum(x[what] > 0 for x in clean)
    return "%s / %s" % (recall, "**%d**" % false if false else "0") if clean else recall + " /"


def certain_cell(entries):
    """Recall at the default level; a false one in any run of any level counts."""
    racy = [e["default"] for e in entries if e["label"] == "racy"]
    clean = [e for e in entries if e["label"] == "clean"]
    false = sum(e["default"]["certain"] + e["possible"]["certain"] > 0 for e in clean)
    recall = share(sum(x["certain"] for x in racy), sum(x["runs"] for x in racy))
    return "%s / %s" % (recall, "**%d**" % false if false else "0") if clean else recall + " /"


def peer_cell(entries, peer):
    """Programs of which the peer could say nothing are left out."""
    told = [e for e in entries if peer in e["peers"] and not e["peers"][peer]["trouble"]]
    if not told:
        return "n/a"
    racy = [e for e in told if e["label"] == "racy"]
    clean = [e for e in told if e["label"] == "clean"]
    recall = share(sum(e["peers"][peer]["alarm"] for e in racy), len(racy))
    return "%s / %d" % (recall, sum(e["peers"][peer]["alarm"] for e in clean)) if clean else recall + " /"


def side_by_side(title, groups):
    """groups: [(name, entries)]"""
    yield "| %s | racy | clean | librace | `report=possible` | `certain` | %s |" % (title, " | ".join(PEERS))
    yield "|---|---:|---:|---:|---:|---:|" + "---:|" * len(PEERS)
    for name, entries in groups:
        if not entries:
            continue
        yield "| %s | %d | %d | %s | %s | %s | %s |" % (
            name, sum(e["label"] == "racy" for e in entries), sum(e["label"] == "clean" for e in entries),
            level_cell(entries, "default"), level_cell(entries, "possible"), certain_cell(entries),
            " | ".join(peer_cell(entries, p) for p in PEERS))


def by(entries, key):
    return [("`%s`" % word, [e for e in entries if e[key] == word]) for word in sorted({e[key] for e in entries})]


def reported(entries, level="default"):
    return sum(e[level]["hits"] for e in entries), sum(e[level]["runs"] for e in entries)


def classes(entries, baseline):
    yield "| class | programs | bar | runs with a report | before | with `report=possible` | programs that miss the bar | |"
    yield "|---|---:|---|---:|---:|---:|---:|---|"
    old = baseline["programs"] if baseline else {}
    for group, what in GROUPS.items():
        mine = [e for e in entries if e["group"] == group]
        missed = sum(bool(missed_bar(e)) for e in mine)
        before = [o for o in old.values() if o["group"] == group]
        yield "| %s: %s | %d | %s | %d of %d | %s | %d of %d | %d | %s |" % (
            group, what, len(mine), BARS[group], *reported(mine), "%d of %d" % reported(before) if before else "-",
            *reported(mine, "possible"), missed, "**missed**" if missed else "met" if mine else "no program")


def thresholds(entries):
    """Share of runs whose highest confidence reaches each threshold; from the runs with report=possible, which say all."""
    def part(chosen, least):
        runs = sum(e["possible"]["runs"] for e in chosen)
        return share(sum(sum(c >= least for c in e["possible"]["confidence"]) for e in chosen), runs)

    columns = [("racy: true", [e for e in entries if e["label"] == "racy"]),
               ("clean: false", [e for e in entries if e["label"] == "clean"])]
    columns += [("class " + g, [e for e in entries if e["group"] == g]) for g in "BCD"]
    columns += [("A, no atomics", [e for e in entries if e["group"] == "A" and e["atomics"] == "none"]),
                ("A, own atomics", [e for e in entries if e["group"] == "A" and e["atomics"] == "own"])]
    if not any(e["possible"]["confidence"] for e in entries):
        yield "The reports of this build carry no confidence."
        return
    yield "| confidence at least | %s |" % " | ".join(c[0] for c in columns)
    yield "|---:|" + "---:|" * len(columns)
    for least in THRESHOLDS:
        yield "| %d | %s |" % (least, " | ".join(part(c[1], least) for c in columns))


def of(level):
    return "%d of %d" % (level["hits"], level["runs"])


def faults(entries, known):
    """A line for each program that librace missed in a run, or reported although it is clean."""
    rows = []
    for e in entries:
        wrong = e["default"]["hits"] > 0 if e["label"] == "clean" else rate(e["default"]) < 1
        if e["label"] == "racy" and rate(e["possible"]) < 1 or e["label"] == "clean" and \
                e["default"]["certain"] + e["possible"]["certain"]:
            wrong = True
        if wrong:
            rows.append("| `%s` | %s | %s | %s | %s | %s |" % (
                e["name"], e["group"], "false alarm" if e["label"] == "clean" else "missed", of(e["default"]),
                of(e["possible"]), (known.get(e["name"]) or last_sentence(e["comment"])).replace("|", "\\|")))
    if not rows:
        return ["None."]
    return ["| program | class | | reported | with `report=possible` | why |", "|---|---|---|---:|---:|---|"] + rows


def weighed_down(entries):
    """Clean programs that only report=possible shows: what the ledger has kept off the default level."""
    mine = [e for e in entries if e["label"] == "clean" and e["possible"]["hits"] and not e["default"]["hits"]]
    if not mine:
        return "No clean program is reported with `report=possible`."
    return "%d clean programs are reported with `report=possible` alone: %s." % (
        len(mine), ", ".join("`%s`" % e["name"] for e in mine))


def last_sentence(text):
    """Where the comments of the programs say what the mistake is, or why there is none."""
    return re.split(r"(?<=[.!?]) +(?=[A-Z`'\"(])", text.strip())[-1]


def peers_faults(entries):
    for peer in PEERS:
        told = [e for e in entries if peer in e["peers"]]
        if not told:
            yield "- %s: not run" % peer
            continue
        lost = [e for e in told if e["peers"][peer]["trouble"]]
        good = [e for e in told if not e["peers"][peer]["trouble"]]
        missed = [e["name"] for e in good if e["label"] == "racy" and not e["peers"][peer]["alarm"]]
        false = [e["name"] for e in good if e["label"] == "clean" and e["peers"][peer]["alarm"]]
        yield "- %s missed %d: %s" % (peer, len(missed), ", ".join(missed) or "none")
        yield "- %s false alarms %d: %s" % (peer, len(false), ", ".join(false) or "none")
        if lost:
            yield "- %s, no result for %d: %s" % (
                peer, len(lost), ", ".join("%s (%s)" % (e["name"], e["peers"][peer]["trouble"]) for e in lost))


def causes(entries):
    """How often the cause that the label names is the one in the report."""
    mine = [e for e in entries if e["cause"] in CAUSES and e["default"]["hits"]]
    right = sum(min(e["default"]["causes"].get(e["cause"], 0), e["default"]["hits"]) for e in mine)
    hits = sum(e["default"]["hits"] for e in mine)
    if not hits:
        return "No program that names its cause was reported."
    return "The `Cause:` line named the cause of the label in %d of %d runs with a report (%s), over %d programs." % (
        right, hits, share(right, hits), len(mine))


def against(entries, baseline):
    if not baseline:
        return ["There is no accepted state to compare with."]
    changes = compare(baseline, {e["name"]: e for e in entries})
    fresh = sorted({e["name"] for e in entries} - set(baseline["programs"]))
    lines = ["- %s`%s`: %s" % ("**worse** " if worse else "", name, what) for name, what, worse in changes]
    if fresh:
        lines.append("- new: %d programs" % len(fresh))
    return lines or ["Nothing has changed."]


def bars(entries):
    """One line for each program that misses its bar or could not be judged."""
    lines = []
    for e in entries:
        for why in missed_bar(e):
            lines.append("- `%s` (%s): %s" % (e["name"], e["group"], why))
        for why in troubles(e):
            lines.append("- `%s` (%s): %s" % (e["name"], e["group"], why))
    return lines


def further(entries):
    return [("hard to see (`tricky`)", [e for e in entries if e["tricky"]]),
            ("after a real bug (`real`)", [e for e in entries if e["real"]]),
            ("stripped or without debug info", [e for e in entries if e["bare"]]),
            ("with rules or annotations", [e for e in entries if e["told"]]),
            ("atomics of its own", [e for e in entries if e["atomics"] == "own"]),
            ("no atomics of its own", [e for e in entries if e["atomics"] == "none"])]


def document(results, baseline, known, notes=True):
    entries = [results["programs"][name] for name in sorted(results["programs"])]
    lines = ["# Accuracy", "", HOW % {
        "programs": len(entries), "clean": sum(e["label"] == "clean" for e in entries),
        "racy": sum(e["label"] == "racy" for e in entries), "runs": results["runs"], "possible": results["possible_runs"]}]
    lines += ["| | |", "|---|---|"] + ["| %s | %s |" % (k, v) for k, v in results["versions"].items()]
    lines += ["", "## Classes", ""] + list(classes(entries, baseline))
    missed = bars(entries)
    if missed:
        lines += ["", "Missed, or without a result:", ""] + missed
    lines += ["", "## Side by side", ""] + list(side_by_side("all programs", [("all", entries)] + [
        ("class " + g, [e for e in entries if e["group"] == g]) for g in GROUPS] + further(entries)))
    lines += ["", "### Families", ""] + list(side_by_side("family", by(entries, "family")))
    lines += ["", "### Primitives", ""] + list(side_by_side("primitive", by(entries, "primitive")))
    lines += ["", "## Confidence", "",
              "Each report carries a confidence from 0 to 100; the highest one of a run counts. Share of the runs with `report=possible` "
              "that reach it:", ""]
    lines += list(thresholds(entries))
    lines += ["", "## Misses and false alarms", ""] + faults(entries, known)
    lines += ["", weighed_down(entries), "", causes(entries), "", "The peers:", ""] + list(peers_faults(entries))
    lines += ["", "## Against the accepted state", ""] + against(entries, baseline)
    path = os.path.join(HERE, "notes.md")
    if notes and os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            lines += ["", f.read().rstrip()]
    return "\n".join(lines) + "\n"
