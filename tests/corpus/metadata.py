#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""metadata.py - what the programs of the corpus say about themselves, and what they may say.

    metadata.py [FOLDER]      checks every program; says `file:line: what is wrong and what is allowed`; status 1 then

The first line of a program is its metadata:

    /* CORPUS label=racy family=glib_hash primitive=pthread_mutex atomics=none repeats=yes twin=NAME [word=value ...] */

Owns the closed lists of words. A word that is in no list here is an error: a typing mistake must not found a family of its own.
Knows nothing of librace and runs nothing.
"""

import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(HERE, "programs")
LEAST = 120  # programs

# family -> the adapter in hooks/ that brings it; None: no adapter of its own
FAMILIES = {
    "glib_hash": "glib_hash", "gtree": "gtree", "gdatalist": "gdatalist",
    "tsearch": "tsearch", "hsearch": "hsearch", "env": "env",
    "std_map": "std_maps", "std_set": "std_maps", "std_unordered": "std_unordered",
    "lhash": "lhash", "json_c": "json_c", "jansson": "jansson", "xml_hash": "xml_hash",
    "apr_hash": "apr_hash", "apr_table": "apr_table", "isc_ht": "isc_ht",
    "qt_hash": "qt5", "qt_map": "qt5",
    "uthash": None, "rules": None, "concurrent": None,
}

# What orders the accesses of a clean program, or should have ordered those of a racy one.
PRIMITIVES = """
    pthread_mutex pthread_rwlock pthread_spin cond barrier once sem join key c11 robust process_shared
    std_mutex std_shared_mutex std_cond std_once std_guard std_thread std_future std_semaphore std_latch std_barrier
    atomic_wait shared_ptr
    gmutex grwlock gcond gonce gbitlock gqueue gpool gtask gmain
    openmp qmutex qrwlock qcond qsem qthread qpool qevent urcu uv tbb
    pipe socketpair eventfd epoll signal signalfd timer timerfd aio mq sysv_msg sysv_sem futex fork atfork
    atomic_spin atomic_flag atomic_ticket atomic_rwlock atomic_seqlock atomic_barrier atomic_ring atomic_stack atomic_counter
    atomic_pointer atomic_shared_ptr volatile_flag epoch left_right mixed
    none
""".split()
# A racy program whose author thought of no order at all has no clean counterpart in the same word.
ONE_SIDED = {"none"}

# What a report is expected to say after `Cause:` (docs/REPORTS.md).
CAUSES = ("forgotten-lock different-locks read-lock-write iterate-write first-use use-after-destroy publication "
          "unsynchronised").split()
# Where the order is one that no report can know (atomics of the program), the mistake itself.
MISTAKES = ("forgotten_lock wrong_lock read_lock_for_write trylock_ignored lock_dropped_early check_outside_lock "
            "published_too_early write_after_handover missing_barrier use_after_release double_checked lock_of_its_own "
            "wrong_belief missing_wait write_in_place").split()

WORD = re.compile(r"[a-z0-9][a-z0-9_.+-]*")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
LINE = re.compile(r"/\* CORPUS (.*?) ?\*/")

REQUIRED = ("label", "family", "primitive", "atomics", "repeats", "twin")
# key -> a list of what is allowed, or a pattern with words for it
FIELDS = {
    "label": ["racy", "clean"],
    "family": sorted(FAMILIES),
    "primitive": PRIMITIVES,
    "atomics": ["none", "own"],
    "repeats": ["yes", "no"],
    "twin": (NAME, "the base name of another program"),
    "cause": CAUSES + MISTAKES,
    "rules": (re.compile(r"[\w.-]+\.rules"), "a file of rules beside the programs or in rules/"),
    "strip": ["yes", "no"],
    "debug": ["yes", "no"],
    "tricky": ["yes", "no"],
    "real": (WORD, "a word"),
    "runs": (re.compile(r"[1-9]\d?"), "a number from 1 to 99"),
    "annotate": (re.compile(r"[a-z][a-z0-9_,-]*"), "words, separated by commas"),
}


class MetadataError(Exception):
    """`file:line: what`, where an editor finds it."""


def parse_line(line, where):
    """The fields of a first line, or MetadataError."""
    found = LINE.fullmatch(line)
    if not found:
        raise MetadataError(f"{where}: expected `/* CORPUS label=... ... */` and nothing else, found: {line[:80]!r}")
    fields = {}
    for word in found.group(1).split():
        key, sign, value = word.partition("=")
        if key not in FIELDS:
            raise MetadataError(f"{where}: unknown word {word!r}; allowed: {' '.join(FIELDS)}")
        if not sign or not value:
            raise MetadataError(f"{where}: {key} has no value; expected {key}=...")
        if key in fields:
            raise MetadataError(f"{where}: {key} is given twice")
        rule = FIELDS[key]
        if isinstance(rule, list):
            if value not in rule:
                raise MetadataError(f"{where}: {key}={value}; allowed: {' '.join(rule)}")
        elif not rule[0].fullmatch(value):
            raise MetadataError(f"{where}: {key}={value}; expected {rule[1]}")
        fields[key] = value
    lost = [key for key in REQUIRED if key not in fields]
    if lost:
        raise MetadataError(f"{where}: {', '.join(lost)} missing; required: {' '.join(REQUIRED)}")
    if fields.get("cause") in MISTAKES and fields["atomics"] == "none":
        raise MetadataError(f"{where}: cause={fields['cause']} without atomics of its own; allowed there: {' '.join(CAUSES)}")
    if "cause" in fields and fields["label"] != "racy":
        raise MetadataError(f"{where}: cause={fields['cause']} of a clean program; only a racy one has a cause")
    return fields


def comment_of(lines):
    """The text of the first comment after the lines at the top, as one string."""
    text, inside = [], False
    for number, line in enumerate(lines):
        if number < 2 or not inside and "BUILD:" in line:
            continue
        words = line.strip()
        if not inside:
            if not words:
                continue
            if words.startswith("//"):
                text.append(words[2:].strip())
                continue
            if text or not words.startswith("/*"):
                break
            inside, words = True, words[2:]
        body, end, _ = words.partition("*/")
        text.append(body.strip().lstrip("*").strip())
        if end:
            break
    return " ".join(t for t in text if t)


class Program:
    """One program: its fields as attributes, name, path, comment."""

    def __init__(self, path):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        self.where = os.path.relpath(path, ROOT) if path.startswith(ROOT + "/") else os.path.basename(path)
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        fields = parse_line(lines[0], f"{self.where}:1")
        if lines[1:2] != ["/* SPDX-License-Identifier: MIT */"]:
            raise MetadataError(f"{self.where}:2: expected `/* SPDX-License-Identifier: MIT */`")
        self.comment = comment_of(lines)
        if len(self.comment) < 20:
            raise MetadataError(f"{self.where}:3: expected a comment that says what the program is, and where the race is "
                                "or why there is none")
        self.label, self.family, self.primitive = fields["label"], fields["family"], fields["primitive"]
        self.atomics, self.repeats, self.twin = fields["atomics"], fields["repeats"], fields["twin"]
        self.cause, self.real = fields.get("cause"), fields.get("real")
        self.strip, self.debug = fields.get("strip") == "yes", fields.get("debug") != "no"
        self.told = "rules" in fields or "annotate" in fields
        self.tricky = fields.get("tricky") == "yes"
        self.runs = int(fields.get("runs", 0))
        self.rules = self.rules_path(fields["rules"]) if "rules" in fields else None
        if self.twin == self.name:
            raise MetadataError(f"{self.where}:1: twin={self.twin}; a program is not its own twin")

    def rules_path(self, name):
        for folder in (os.path.dirname(self.path), os.path.join(ROOT, "rules")):
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        raise MetadataError(f"{self.where}:1: rules={name}; no such file beside the program or in rules/")

    @property
    def racy(self):
        return self.label == "racy"

    @property
    def group(self):
        """A clean; B racy, no atomics of its own; C racy, own atomics, the operations repeat; D the same, one shot."""
        if not self.racy:
            return "A"
        if self.atomics == "none":
            return "B"
        return "C" if self.repeats == "yes" else "D"


def sources(folder=PROGRAMS):
    return sorted(p for p in glob.glob(os.path.join(folder, "*")) if p.endswith((".c", ".cc")))


def load(folder=PROGRAMS):
    """(programs, what is wrong). A program with an error is left out."""
    programs, wrong, seen, bad = [], [], {}, set()
    for path in sources(folder):
        try:
            one = Program(path)
        except MetadataError as e:
            wrong.append(str(e))
            bad.add(os.path.splitext(os.path.basename(path))[0])
            continue
        if one.name in seen:
            wrong.append(f"{one.where}:1: {os.path.basename(seen[one.name].path)} has the same base name")
            continue
        seen[one.name] = one
        programs.append(one)
    for one in programs:
        other = seen.get(one.twin)
        if not other:
            # a twin with an error of its own has been complained of
            if one.twin not in bad:
                wrong.append(f"{one.where}:1: twin={one.twin}; there is no such program")
        elif other.twin != one.name:
            wrong.append(f"{one.where}:1: twin={one.twin}, but that one names twin={other.twin}")
        elif other.label == one.label:
            wrong.append(f"{one.where}:1: twin={one.twin} is {other.label} as well; expected the other label")
    return programs, wrong


def one_sided(programs, key, words):
    """Words of a list of which there is no racy or no clean program: [(word, label)]."""
    there = {(getattr(p, key), p.label) for p in programs}
    return [(word, label) for word in words for label in ("racy", "clean") if (word, label) not in there]


def main():
    programs, wrong = load(sys.argv[1] if len(sys.argv) > 1 else PROGRAMS)
    for line in wrong:
        print(line)
    for key, words in (("family", FAMILIES), ("primitive", [p for p in PRIMITIVES if p not in ONE_SIDED])):
        for word, label in one_sided(programs, key, words):
            print(f"no {label} program with {key}={word}")
    count = {g: sum(p.group == g for p in programs) for g in "ABCD"}
    print(f"{len(programs)} programs: " + ", ".join(f"{g} {n}" for g, n in count.items()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
