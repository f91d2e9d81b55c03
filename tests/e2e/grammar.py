#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""grammar.py - a strict parser of librace's run-time text: it accepts exactly what docs/REPORTS.md promises.

    grammar.py [FILE ...]      checks logs (default: standard input); says what is wrong with which line

A line that fits no rule at its place is an error, and so are a report cut short and a section out of order. Lines that do
not come from librace are an error too: a test names what else it expects on stderr before it asks here.
"""

import re
import sys

RULE = "=" * 18
KINDS = {
    "DATA RACE": "race",
    "USE OF DEAD MAP": "dead",
    "STALE ITERATOR": "stale",
    "CHECK THEN ACT": "compound",
}
CAUSES = ("forgotten-lock different-locks read-lock-write iterate-write first-use use-after-destroy publication "
          "unsynchronised").split()
TEXT = r'"(?:[^"\\\x00-\x1f\x7f]|\\x[0-9a-f]{2})*"'
HEX = r"0x[0-9a-f]+"
THREAD = rf"(?:main thread|thread [1-9]\d*(?: {TEXT})?)"
SHORT = r"(?:main thread|thread [1-9]\d*)"  # the name stands where the thread is first told of
LOCK = rf"(?:mutex|rwlock|spin lock|lock) {HEX}(?: \(read\))?"
LOCKS = rf"(?:none|{LOCK}(?:, {LOCK})*(?:, and \d+ more)?|unknown)"
KEY = rf"(?:{TEXT}(?:\.\.\.)?|{HEX}|-?\d+)"

ACCESS = re.compile(rf"(Read|Write) at ({HEX}) by ({THREAD}):")
PREVIOUS = re.compile(rf"Previous (read|write) at ({HEX}) by ({THREAD}):")
FUNCTION = re.compile(r"  (\S.*\(\)|\?\?)( <--)?")
WHERE_LINE = re.compile(r"      (\S.*):([1-9]\d*) \+(0x[0-9a-f]+)")
WHERE_MODULE = re.compile(r"      (\S.*) \+(0x[0-9a-f]+)")
LOST = "  [failed to restore the stack]"
MAP = re.compile(rf'Map: (\S[^",]*?) ({HEX})(?:, (\d+) entr(?:ies|y))?(?:, ({TEXT}))?')
BUCKET = re.compile(r"Bucket: \d+(?: of \d+)?, (?:same bucket|different buckets)")
KEY_LINE = re.compile(rf"Key: (?:{KEY}(?: \| previous {KEY})?|previous {KEY})")
CHECKED = re.compile(rf"Checked by ({THREAD}) at:")
CREATED = re.compile(rf"Created by ({THREAD}) at:")
LOCATION = re.compile(rf"Location: (?:heap block of \d+ bytes|global \S.*?\+{HEX} in \S.*|stack of {SHORT})")
HELD = re.compile(rf"Locks held: ({SHORT}) ({LOCKS}); ({SHORT}) ({LOCKS})")
USUAL = re.compile(rf"Usual lock: {LOCK}, held in \d+ of \d+ accesses")
CONTEXT = re.compile(rf"Context: {SHORT} {TEXT}(?:; {SHORT} {TEXT})?")
VERDICT = re.compile(r"Verdict: (certain|likely|possible): [^;]*?\S(?:, (during|after) resize ([1-9]\d*) to ([1-9]\d*))?(?:; .*)?")
CAUSE = re.compile(r"Cause: ([a-z-]+): \S.*")
TIME = re.compile(r"Time: \d+(?:\.\d+)? (?:ns|us|ms|s) apart")
THREAD_CREATED = re.compile(rf"Thread ([1-9]\d*)(?: {TEXT})? \((running|finished)\) created at:")
FOUND = re.compile(r"Found ([1-9]\d*) (data race|misuse)\(s\)")


class GrammarError(Exception):
    """What is wrong, and the number of the line."""


class Frame:
    def __init__(self, name, mark, file, line, offset):
        self.name, self.mark, self.file, self.line, self.offset = name, mark, file, line, offset

    def __repr__(self):
        return f"{self.name}@{self.file}:{self.line}{' <--' if self.mark else ''}"


class Access:
    """verb ("read", "write"), address, thread, frames; user is the frame marked as the user's first."""

    def __init__(self, verb, address, thread, frames):
        self.verb, self.address, self.thread, self.frames = verb.lower(), address, thread, frames
        marked = [f for f in frames if f.mark]
        self.user = marked[0] if marked else None


class Report:
    def __init__(self):
        self.kind = self.now = self.before = self.map_kind = self.entries = self.label = None
        self.created = self.location = self.locks = self.context = self.verdict = self.cause = self.time = None
        self.key = self.bucket = self.resize = self.checked = None
        self.threads = []
        self.text = ""

    def users(self):
        """Names of the two marked frames, without the brackets."""
        return tuple(a.user.name if a.user else None for a in (self.now, self.before))


class Parser:
    def __init__(self, text):
        if text and not text.endswith("\n"):
            raise GrammarError(f"line {text.count(chr(10)) + 1}: the last line has no end")
        self.lines = text.split("\n")[:-1] if text else []
        self.at = 0

    def fail(self, what):
        line = self.lines[self.at] if self.at < len(self.lines) else "(end of the text)"
        raise GrammarError(f"line {self.at + 1}: expected {what}, found: {line!r}")

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def literal(self, line, what=None):
        if self.peek() != line:
            self.fail(what or repr(line))
        self.at += 1

    def match(self, pattern, what):
        found = self.maybe(pattern)
        if not found:
            self.fail(what)
        return found

    def maybe(self, pattern):
        line = self.peek()
        found = pattern.fullmatch(line) if line is not None else None
        if found:
            self.at += 1
        return found

    def stack(self, marked):
        """Frames; `marked` access stacks mark at most one frame as the user's, other stacks may."""
        frames = []
        if self.peek() == LOST:
            self.at += 1
            return frames
        while True:
            function = self.maybe(FUNCTION)
            if not function:
                break
            where = self.maybe(WHERE_LINE)
            if where:
                file, line, offset = where.group(1), int(where.group(2)), int(where.group(3), 16)
            else:
                where = self.match(WHERE_MODULE, "`file:line +0xOFF` or `module +0xOFF`")
                file, line, offset = where.group(1), None, int(where.group(2), 16)
            frames.append(Frame(function.group(1)[:-2] if function.group(1).endswith("()") else function.group(1),
                                bool(function.group(2)), file, line, offset))
        if not frames:
            self.fail("a frame")
        if sum(f.mark for f in frames) > 1:
            self.fail("one frame at most marked ` <--`")
        return frames

    def report(self):
        first = self.at
        r = Report()
        self.literal(RULE)
        line = self.peek()
        if line is None or not line.startswith("WARNING: ") or line[9:] not in KINDS:
            self.fail("`WARNING: DATA RACE` or another finding")
        r.kind = KINDS[line[9:]]
        self.at += 1
        head = self.match(ACCESS, "`Read|Write at 0xADDRESS by THREAD:`")
        r.now = Access(head.group(1), head.group(2), head.group(3), self.stack(True))
        self.literal("", "an empty line")
        head = self.maybe(PREVIOUS)
        if head:
            r.before = Access(head.group(1), head.group(2), head.group(3), self.stack(True))
            self.literal("", "an empty line")
        elif r.kind == "race":
            self.fail("`Previous read|write at 0xADDRESS by THREAD:`")
        if r.kind == "compound":
            if not r.before:
                self.fail("`Previous write at 0xADDRESS by THREAD:`")
            found = self.match(CHECKED, "`Checked by THREAD at:`")
            if found.group(1).split(' "')[0] != r.now.thread.split(' "')[0]:
                self.at -= 1
                self.fail(f"the thread of the act, {r.now.thread}")
            r.checked = Access("read", r.now.address, found.group(1), self.stack(True))
            self.literal("", "an empty line")
        found = self.match(MAP, "`Map: KIND 0xADDRESS[, N entries][, \"label\"]`")
        r.map_kind, r.entries, r.label = found.group(1), found.group(3), found.group(4)
        for access in filter(None, (r.now, r.before)):
            if access.address != found.group(2):
                self.at -= 1
                self.fail(f"the address of the access, {access.address}")
        found = self.maybe(BUCKET)
        r.bucket = found.group(0) if found else None
        found = self.maybe(KEY_LINE)
        r.key = found.group(0) if found else None
        found = self.maybe(CREATED)
        if found:
            r.created = Access("write", r.now.address, found.group(1), self.stack(False))
        found = self.maybe(LOCATION)
        r.location = found.group(0) if found else None
        if r.kind == "race" or (self.peek() or "").startswith("Locks held: "):
            found = self.match(HELD, "`Locks held: THREAD LOCKS; THREAD LOCKS`")
            r.locks = found.groups()
            for said, access in ((r.locks[0], r.now), (r.locks[2], r.before)):
                if access and said != access.thread.split(' "')[0]:
                    self.at -= 1
                    self.fail(f"the locks of {access.thread}")
        self.maybe(USUAL)
        found = self.maybe(CONTEXT)
        r.context = found.group(0) if found else None
        found = self.match(VERDICT, "`Verdict: certain|likely|possible: why[, during|after resize N to M]`")
        r.verdict = found.group(1)
        if found.group(2):
            r.resize = (found.group(2), int(found.group(3)), int(found.group(4)))
            if r.kind == "race" and (r.verdict == "certain") != (r.resize[0] == "during") or r.resize[1] == r.resize[2]:
                self.at -= 1
                self.fail("a resize during a certain race, or after a likely one")
        r.cause = self.match(CAUSE, "`Cause: label: why`").group(1)
        if r.cause not in CAUSES:
            self.at -= 1
            self.fail("a cause of the list: " + " ".join(CAUSES))
        if r.kind == "race" or (self.peek() or "").startswith("Time: "):
            r.time = self.match(TIME, "`Time: N UNIT apart`").group(0)
        while self.peek() == "":
            self.at += 1
            found = self.match(THREAD_CREATED, "`Thread N \"name\" (running|finished) created at:`")
            r.threads.append((int(found.group(1)), found.group(2), self.stack(False)))
        self.literal(RULE)
        r.text = "\n".join(self.lines[first:self.at]) + "\n"
        return r


class Log:
    """What one process wrote: reports, and how many findings it counted at its end."""

    def __init__(self):
        self.reports, self.races, self.misuses, self.other = [], 0, 0, []


def parse(text, other=()):
    """Parses everything a process wrote. `other`: patterns of further lines that are allowed between reports."""
    p = Parser(text)
    log = Log()
    others = [re.compile(o) for o in other]
    while p.peek() is not None:
        if p.peek() == RULE:
            if log.races or log.misuses:
                p.fail("no report after `Found N ...`")
            log.reports.append(p.report())
            continue
        found = p.maybe(FOUND)
        if found:
            if found.group(2) == "misuse":
                if log.misuses:
                    p.fail("`Found N misuse(s)` once")
                log.misuses = int(found.group(1))
            else:
                if log.races:
                    p.fail("`Found N data race(s)` once")
                log.races = int(found.group(1))
            continue
        if any(o.fullmatch(p.peek()) for o in others):
            log.other.append(p.peek())
            p.at += 1
            continue
        p.fail("a report or `Found N data race(s)`")
    return log


def main():
    bad = 0
    for name in sys.argv[1:] or ["-"]:
        text = sys.stdin.read() if name == "-" else open(name, encoding="utf-8", errors="replace").read()
        try:
            log = parse(text)
            print(f"{name}: {len(log.reports)} report(s), well-formed")
        except GrammarError as e:
            print(f"{name}: {e}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
