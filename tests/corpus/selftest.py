# SPDX-License-Identifier: MIT
"""selftest.py - tests of the harness itself: metadata, what is read out of the tools' text, bars, comparison, tables.

Each test that expects a complaint has beside it the same input, whole, that gives none.
"""

import glob
import os
import re
import tempfile

import judge
import metadata
import runs
import tables
from harness import Failure, check, same, scratch, test

GOOD = "/* CORPUS label=racy family=env primitive=join atomics=none repeats=yes twin=other cause=publication */"
HEAD = GOOD + "\n/* SPDX-License-Identifier: MIT */\n/* What it is, and where the race of it is. */\nint main(void) { return 0; }\n"


# Parts of an adapter, and locks of a library whose header they share.
PARTS = {"std_tree", "std_patterns", "qt5_lock", "cxx_future"}


def adapters_of_maps():
    """Base names in hooks/ of the files that define operations on maps."""
    found = set()
    for path in glob.glob(os.path.join(metadata.ROOT, "hooks", "*.c")):
        with open(path, encoding="utf-8") as f:
            if re.search(r'^#\s*include "(?:map_rows|apr|qt5|std_maps)\.h"', f.read(), re.M):
                found.add(os.path.basename(path)[:-2])
    return found - PARTS


@test
def adapters_named_by_families_exist():
    lost = sorted(a for a in metadata.FAMILIES.values() if a and a not in adapters_of_maps())
    check(not lost, "no such adapter of maps: " + ", ".join(lost))


# ---- metadata ----

@test
def a_good_first_line_is_read():
    fields = metadata.parse_line(GOOD, "a.c:1")
    same("fields", (fields["label"], fields["family"], fields["cause"]), ("racy", "env", "publication"))


def refused(line, *words):
    try:
        metadata.parse_line(line, "dir/a.c:1")
    except metadata.MetadataError as e:
        for word in ("dir/a.c:1: ",) + words:
            check(word in str(e), f"{str(e)!r} does not say {word!r}")
        return
    raise Failure(f"accepted: {line}")


@test
def errors_of_metadata_name_the_place_and_what_is_allowed():
    refused("int main(void)", "expected `/* CORPUS")
    refused(GOOD + " int x;", "and nothing else")
    refused(GOOD.replace("label=racy", "label=bad"), "label=bad", "racy clean")
    refused(GOOD.replace("family=env", "family=environ"), "family=environ", "glib_hash")
    refused(GOOD.replace("primitive=join", "primitive=joined"), "primitive=joined", "pthread_mutex")
    refused(GOOD.replace("atomics=none", "atomics=some"), "atomics=some", "none own")
    refused(GOOD.replace("repeats=yes ", ""), "repeats missing", "required: ")
    refused(GOOD.replace("twin=other", "twin="), "twin has no value")
    refused(GOOD.replace("twin=other", "twin=a-b"), "twin=a-b", "base name")
    refused(GOOD.replace("twin=", "twine="), "unknown word 'twine=other'", "allowed: ")
    refused(GOOD.replace("repeats=yes", "repeats=yes repeats=no"), "given twice")
    refused(GOOD.replace("cause=publication", "cause=luck"), "cause=luck", "publication")
    refused(GOOD.replace("cause=publication", "cause=wrong_lock"), "without atomics")
    refused(GOOD.replace("label=racy", "label=clean"), "of a clean program")
    refused(GOOD.replace(" */", " runs=0 */"), "runs=0", "number")


def folder(**files):
    """A folder of programs; a value is a pair to replace in HEAD."""
    path = tempfile.mkdtemp(dir=scratch())
    for name, changes in files.items():
        text = HEAD
        for old, new in changes:
            text = text.replace(old, new)
        with open(os.path.join(path, name + ".c"), "w", encoding="utf-8") as f:
            f.write(text)
    return path


CLEAN = [("label=racy", "label=clean"), (" cause=publication", "")]


def complaint(path, word):
    wrong = metadata.load(path)[1]
    check(any(word in w for w in wrong), f"no complaint says {word!r}: {wrong}")


@test
def twins_name_each_other_with_the_other_label():
    programs, wrong = metadata.load(folder(one=[("twin=other", "twin=two")], two=CLEAN + [("twin=other", "twin=one")]))
    same("complaints", wrong, [])
    same("classes", sorted(p.group for p in programs), ["A", "B"])
    complaint(folder(one=[]), "one.c:1: twin=other; there is no such program")
    complaint(folder(one=[("twin=other", "twin=two")], two=CLEAN + [("twin=other", "twin=three")]), "names twin=three")
    complaint(folder(one=[("twin=other", "twin=two")], two=[("twin=other", "twin=one")]), "is racy as well")
    complaint(folder(one=[("twin=other", "twin=one")]), "not its own twin")


@test
def licence_comment_and_rules_file_are_asked_for():
    complaint(folder(one=[("/* SPDX-License-Identifier: MIT */\n", "")]), "one.c:2: expected `/* SPDX")
    complaint(folder(one=[("/* What it is, and where the race of it is. */\n", "")]), "one.c:3: expected a comment")
    complaint(folder(one=[(" */\n/* SPDX", " rules=none_such.rules */\n/* SPDX")]), "no such file")


@test
def classes_follow_from_label_atomics_and_repeats():
    for words, group in ((["label=clean"], "A"), (["atomics=none"], "B"), (["atomics=own", "repeats=yes"], "C"),
                         (["atomics=own", "repeats=no"], "D")):
        changes = [(w.split("=")[0] + "=" + {"label": "racy", "atomics": "none", "repeats": "yes"}[w.split("=")[0]], w)
                   for w in words] + ([(" cause=publication", "")] if group == "A" else [])
        same("class of " + " ".join(words), metadata.load(folder(one=changes))[0][0].group, group)


@test
def the_last_sentence_of_the_comment_is_its_cause():
    text = ["first", "second", "/* BUILD: glib-2.0 */", "/*", " * One thread forgets. More", " * of it.", " */", "/* other */"]
    same("comment", metadata.comment_of(text), "One thread forgets. More of it.")
    for text, last in (("A shop. One thread forgets it.", "One thread forgets it."), ("Only one", "Only one"),
                       ("Reads of a.b and `c`. `d` is free.", "`d` is free.")):
        same("sentence", tables.last_sentence(text), last)


# ---- peers ----

TSAN_RACE = """==================
WARNING: ThreadSanitizer: data race (pid=4242)
  Write of size 8 at 0x7b0c00000000 by thread T2:
    #0 put /src/a.c:9 (a+0x1234)
==================
ThreadSanitizer: reported 1 warnings
"""


@test
def warnings_of_tsan_are_told_from_its_failures():
    check(runs.read_tsan(66, TSAN_RACE).alarm, "a data race is no alarm")
    check(runs.read_tsan(66, TSAN_RACE.replace("data race", "heap-use-after-free")).alarm, "a use after free is no alarm")
    o = runs.read_tsan(0, "")
    check(not o.alarm and not o.trouble, f"silence is {o}")
    o = runs.read_tsan(66, TSAN_RACE.replace("data race", "thread leak"))
    check(not o.alarm and not o.trouble, f"a leaked thread is {o}")
    o = runs.read_tsan(66, "FATAL: ThreadSanitizer: unexpected memory mapping 0x60d8d1a0c000-0x60d8d1a0d000\n")
    check(not o.alarm and "unexpected memory mapping" in o.trouble, f"a failed start is {o}")
    o = runs.read_tsan(-11, "")
    check(not o.alarm and "SIGSEGV" in o.trouble, f"a crash is {o}")
    check(runs.read_tsan(None, "").trouble, "a hung run has no trouble")
    check(runs.read_tsan(None, TSAN_RACE).alarm, "a race before it hung is no alarm")


HELGRIND_RACE = """==7== Possible data race during write of size 8 at 0x4E4F0A0 by thread #3
==7== Locks held: none
==7== ERROR SUMMARY: 12 errors from 3 contexts (suppressed: 5 from 5)
"""
HELGRIND_MISUSE = """==7== Thread #1: pthread_cond_{signal,broadcast}: dubious: associated lock is not held by any thread
==7== ERROR SUMMARY: 1 errors from 1 contexts (suppressed: 5 from 5)
"""
DRD_RACE = """==7== Conflicting load by thread 3 at 0x04e4f0a0 size 8
==7== ERROR SUMMARY: 4 errors from 2 contexts (suppressed: 0 from 0)
"""
SILENCE = "==7== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 5 from 5)\n"


@test
def races_of_valgrind_are_told_from_other_errors():
    check(runs.read_valgrind(99, HELGRIND_RACE, runs.HELGRIND).alarm, "a race is no alarm")
    check(runs.read_valgrind(99, DRD_RACE, runs.DRD).alarm, "a conflict is no alarm")
    for status, text in ((0, SILENCE), (99, HELGRIND_MISUSE)):
        o = runs.read_valgrind(status, text, runs.HELGRIND)
        check(not o.alarm and not o.trouble, f"{text!r} is {o}")
    o = runs.read_valgrind(1, "valgrind: a: No such file or directory\n", runs.DRD)
    check(not o.alarm and "no summary" in o.trouble, f"a failed start is {o}")
    o = runs.read_valgrind(-9, "", runs.DRD)
    check(not o.alarm and "SIGKILL" in o.trouble, f"a kill is {o}")
    check("still running" in runs.read_valgrind(None, "", runs.DRD).trouble, "a hung run has no trouble")
    o = runs.read_valgrind(3, SILENCE, runs.DRD)
    check("status 3" in o.trouble, f"a failed program is {o}")


# ---- librace ----

REPORT = """==================
WARNING: DATA RACE
Write at 0x55d0c0a4f2a0 by thread 1:
  put() <--
      /src/one.c:42 +0x1b

Previous read at 0x55d0c0a4f2a0 by main thread:
  get() <--
      /src/one.c:17 +0x6e

Map: GHashTable 0x55d0c0a4f2a0, 214 entries
Locks held: thread 1 none; main thread none
Verdict: likely: no happens-before edge orders the two accesses; confidence 90
Cause: unsynchronised: no lock on either side
Time: 8.2 us apart

Thread 1 (running) created at:
  main() <--
      /src/one.c:30 +0x6e
==================
"""
FOUND = "Found 1 data race(s)\n"


@test
def reports_give_class_cause_and_highest_confidence():
    o = runs.read_reports(REPORT + REPORT.replace("confidence 90", "confidence 7") + "Found 2 data race(s)\n", "one")
    same("trouble", o.trouble, "")
    same("class, cause, confidence", (o.classes, o.causes, o.confidence), (["likely"], ["unsynchronised"], 90))
    o = runs.read_reports(REPORT.replace("; confidence 90", "") + FOUND, "one")
    same("confidence of a build without one", (o.alarm, o.confidence), (True, None))
    o = runs.read_reports("", "one")
    same("silence", (o.alarm, o.trouble, o.classes), (False, "", []))


@test
def logs_of_forked_processes_are_read_one_by_one():
    o = runs.read_reports(REPORT + FOUND + REPORT.replace("likely", "possible") + FOUND, "one")
    same("trouble", o.trouble, "")
    same("classes", o.classes, ["likely", "possible"])


@test
def a_report_counts_when_it_is_of_the_program():
    check("through the program" in runs.read_reports(REPORT + FOUND, "another").trouble, "a report of another program counts")
    bare = REPORT.replace("/src/one.c:42 +", "/usr/bin/one +")
    same("trouble without debug info", runs.read_reports(bare + FOUND, "one").trouble, "")


@test
def other_text_on_stderr_is_a_trouble():
    o = runs.read_reports("hello\n" + REPORT + FOUND, "one")
    check(o.alarm and "not well-formed" in o.trouble, f"{o}")
    o = runs.read_reports("hello\n", "one")
    check(not o.alarm and "not well-formed" in o.trouble, f"{o}")


# ---- bars, comparison, tables ----

def level(hits, times=10, certain=0, confidence=()):
    return {"runs": times, "hits": hits, "certain": certain, "causes": {"publication": hits} if hits else {},
            "confidence": list(confidence), "trouble": []}


def entry(group, default, possible=10, certain=(0, 0), name="one", **more):
    e = {"name": name, "group": group, "label": "clean" if group == "A" else "racy", "family": "env", "primitive": "join",
         "atomics": "own" if group in "CD" else "none", "cause": None if group == "A" else "publication", "native": "", "real": None,
         "tricky": False, "bare": False, "told": False, "comment": "One thread forgets. More.", "peers": {},
         "default": default if isinstance(default, dict) else level(default, 10, certain[0]),
         "possible": possible if isinstance(possible, dict) else level(possible, 10, certain[1])}
    e.update(more)
    return e


@test
def bars_of_the_classes():
    for e, met in ((entry("A", 0), True), (entry("A", 1), False), (entry("A", 0, certain=(0, 1)), False),
                   (entry("B", 10), True), (entry("B", 9), False), (entry("C", 9), True), (entry("C", 8), False),
                   (entry("D", 0), True), (entry("D", 10, 9), False), (entry("A", 0, 10), True)):
        same(f"{e['group']} {e['default']['hits']}/{e['possible']['hits']}", not judge.missed_bar(e), met)
    same("two of three of class C", judge.missed_bar(entry("C", level(2, 3))), [])
    check(judge.missed_bar(entry("C", level(1, 3))), "one of three of class C is enough")
    for group in "BCD":
        check(judge.missed_bar(entry(group, level(0, 0), level(0, 0))), f"no run of {group} meets the bar")


def changed(before, now):
    baseline = judge.accepted({before["name"]: before}, 10)
    return [(what, worse) for _, what, worse in judge.compare(baseline, {now["name"]: now})]


@test
def what_got_worse_is_told_from_luck_and_from_better():
    same("nothing", changed(entry("B", 10), entry("B", 10)), [])
    for before, now, worse in ((entry("B", 10), entry("B", 8), True), (entry("C", 10), entry("C", 9), False),
                               (entry("C", 8), entry("C", 10), False), (entry("A", 0, 0), entry("A", 1, 1), True),
                               (entry("A", 0, 0), entry("A", 0, 1), True), (entry("A", 2, 3), entry("A", 0, 0), False),
                               (entry("A", 0), entry("A", 0, certain=(0, 1)), True), (entry("D", 7), entry("D", 4), False),
                               (entry("D", 7), entry("D", 1), True), (entry("D", 0, 10), entry("D", 0, 5), True),
                               (entry("B", 10), entry("A", 0, 10), True)):
        found = changed(before, now)
        same(f"changes of {before['group']} {before['default']['hits']} to {now['default']['hits']}", len(found), 1)
        same(f"worse: {found[0][0]}", found[0][1], worse)
    same("gone", judge.compare(judge.accepted({"one": entry("B", 10)}, 10), {}), [("one", "is gone", True)])
    same("new", judge.compare(judge.accepted({}, 10), {"one": entry("B", 10)}), [])


@test
def a_baseline_is_read_as_it_was_written():
    import json
    baseline = judge.accepted({"b": entry("B", 10), "a": entry("A", 0)}, 10)
    path = os.path.join(scratch(), "baseline.json")
    judge.write_baseline(path, baseline)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    same("baseline", json.loads(text), baseline)
    same("lines", len(text.splitlines()), 4)


def results(*entries):
    return {"runs": 10, "possible_runs": 10, "versions": {"compiler": "gcc"}, "programs": {e["name"]: e for e in entries}}


@test
def tables_tell_recall_false_alarms_and_causes():
    said = {"TSan": {"alarm": True, "trouble": ""}}
    lost = {"TSan": {"alarm": False, "trouble": "not built"}}
    es = [entry("A", 1, name="quiet", peers=said), entry("B", 5, name="loud", peers=said), entry("B", 10, name="other", peers=lost)]
    text = tables.document(results(*es), judge.accepted({"loud": entry("B", 10, name="loud")}, 10), {"quiet": "a known | cause"},
                           notes=False)
    for line in ("| `env` | 2 | 1 | 75 % / **1** | 100 % / **1** | 0 % / 0 | 100 % / 1 | n/a | n/a |",
                 "| `quiet` | A | false alarm | 1 of 10 | 10 of 10 | a known \\| cause |",
                 "| `loud` | B | missed | 5 of 10 | 10 of 10 | More. |",
                 "- **worse** `loud`: default level: 10 of 10, now 5 of 10", "- new: 2 programs",
                 "- TSan, no result for 1: other (not built)", "- `quiet` (A): reported in 1 of 10 runs",
                 "The `Cause:` line named the cause of the label in 15 of 15 runs with a report (100 %), over 2 programs."):
        check(line in text.split("\n"), f"the document lacks {line!r}:\n{text}")


@test
def thresholds_count_runs_with_that_much_confidence():
    es = [entry("B", 10, name="b", possible=level(2, 2, 0, (95, 60))), entry("A", 0, name="a", possible=level(1, 2, 0, (30,)))]
    lines = list(tables.thresholds(es))
    for line in ("| 95 | 50 % | 0 % | 50 % | - | - | 0 % | - |", "| 50 | 100 % | 0 % | 100 % | - | - | 0 % | - |",
                 "| 30 | 100 % | 50 % | 100 % | - | - | 50 % | - |"):
        check(line in lines, f"no {line!r} in {lines}")
    same("without confidence", list(tables.thresholds([entry("B", 10)])), ["The reports of this build carry no confidence."])


@test
def a_percentage_is_whole_only_when_nothing_is_missing():
    same("shares", [tables.share(*x) for x in ((9999, 10000), (10, 10), (0, 10), (0, 0), (2, 3))],
         ["99.9 %", "100 %", "0 %", "-", "67 %"])
