#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""corpus.py - recall and false alarms over the labelled programs, for librace and beside TSan, Helgrind and DRD.

Owns docs/ACCURACY.md, which it writes whole (--write), and baseline.json, the accepted state (--save-baseline). Every program is run alone,
`--runs` times under librace, `--possible-runs` times with report=possible, once under each peer. Two programs run side by side, but
never one program beside itself: names in /dev/shm or keys of System V are its own.

Exit status 1 when a bar is not met, a program got worse against the baseline, or a run told nothing; 2 for wrong metadata.
`--from FILE` renders again what `--save FILE` kept.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import metadata  # noqa: E402
import runs  # noqa: E402
import tables  # noqa: E402
from judge import accepted, compare, missed_bar, troubles, write_baseline  # noqa: E402

BASELINE = os.path.join(HERE, "baseline.json")
KNOWN = os.path.join(HERE, "causes.txt")


class Progress:
    """One line that is written over itself, on a terminal only."""

    def __init__(self, total):
        self.total, self.done, self.lock = total, 0, threading.Lock()
        self.shown = sys.stderr.isatty()

    def say(self, text, step=0):
        with self.lock:
            self.done += step
            if self.shown:
                print("\r\x1b[K%d of %d: %s" % (self.done, self.total, text), end="", file=sys.stderr, flush=True)

    def end(self):
        if self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def level(outcomes):
    """Runs of one program at one level, as judge.py wants them."""
    return {
        "runs": len(outcomes),
        "hits": sum(o.alarm for o in outcomes),
        "certain": sum("certain" in o.classes for o in outcomes),
        "causes": dict(sorted(Counter(c for o in outcomes for c in o.causes).items())),
        "confidence": [o.confidence for o in outcomes if o.confidence is not None],
        "trouble": [o.trouble for o in outcomes if o.trouble],
    }


def alone(program, binary):
    """What is wrong with a native run. A racy program may crash of its race: one good run of three is enough."""
    for _ in range(3 if program.racy else 1):
        o = runs.native(binary)
        if not o.trouble or o.trouble == "not built" or o.status is None:
            break
    return o.trouble


def measure(program, options, progress):
    plain = os.path.join(options.build, "tests/corpus/plain", program.name)
    with_tsan = os.path.join(options.build, "tests/corpus/tsan", program.name)
    library = os.path.join(options.build, "librace.so")
    times = program.runs or options.runs
    with open(program.path, "rb") as f:
        source = hashlib.sha256(f.read()).hexdigest()
    entry = {"name": program.name, "source": source, "label": program.label, "family": program.family,
             "primitive": program.primitive, "atomics": program.atomics, "group": program.group, "cause": program.cause,
             "real": program.real, "tricky": program.tricky, "comment": program.comment,
             "bare": program.strip or not program.debug, "told": program.told}
    progress.say(f"{program.name} alone")
    entry["native"] = alone(program, plain)
    if entry["native"] == "not built":
        entry.update(default=level([]), possible=level([]), peers={})
        progress.say(program.name, 1)
        return entry
    progress.say(f"{program.name} under librace")
    entry["default"] = level([runs.librace(program, plain, library) for _ in range(times)])
    entry["possible"] = level([runs.librace(program, plain, library, "possible")
                               for _ in range(min(times, options.possible_runs))])
    entry["peers"] = {}
    for tool in options.peers:
        kept = options.kept.get(program.name, {})
        if kept.get("source") == source and tool in kept.get("peers", {}):
            entry["peers"][tool] = kept["peers"][tool]
            continue
        progress.say(f"{program.name} under {tool}")
        o = runs.peer(tool, plain, with_tsan)
        entry["peers"][tool] = {"alarm": o.alarm, "trouble": o.trouble}
    progress.say(program.name, 1)
    return entry


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return done.stdout.splitlines()[0].strip()
    except (OSError, IndexError):
        return "not installed"


def versions():
    system = "unknown"
    with open("/etc/os-release", encoding="utf-8") as f:
        for line in f:
            if line.startswith("PRETTY_NAME="):
                system = line.split("=", 1)[1].strip().strip('"')
    gcc = first_line(os.environ.get("CC", "gcc"), "--version")
    return {
        "system": "%s, Linux %s, %d processors" % (system, re.sub(r"[^0-9.].*", "", os.uname().release), os.cpu_count()),
        "C library": os.confstr("CS_GNU_LIBC_VERSION"),
        "GLib": first_line("pkg-config", "--modversion", "glib-2.0"),
        "compiler": gcc,
        "TSan": "of this compiler, `-fsanitize=thread`; libraries are the system's",
        "Helgrind and DRD": first_line("valgrind", "--version"),
    }


def known_causes(path=KNOWN):
    """`NAME: why` lines: causes of misses and false alarms that somebody has looked into."""
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                name, sign, why = line.partition(":")
                if sign and not line.startswith("#"):
                    known[name.strip()] = why.strip()
    return known


def read_json(path):
    if not path or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def measured(options):
    programs, wrong = metadata.load(options.programs)
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong or not programs:
        print("corpus: metadata is wrong" if wrong else "corpus: no programs", file=sys.stderr)
        sys.exit(2)
    chosen = [p for p in programs if not options.only or re.search(options.only, p.name) or options.only in
              (p.family, p.primitive, p.group)]
    progress = Progress(len(chosen))
    with ThreadPoolExecutor(options.lanes) as pool:
        entries = list(pool.map(lambda p: measure(p, options, progress), chosen))
    progress.end()
    return {"runs": options.runs, "possible_runs": min(options.runs, options.possible_runs), "versions": versions(),
            "programs": {e["name"]: e for e in entries}}


def verdict(results, baseline, partial):
    """Lines that make the run fail."""
    lines = []
    for e in results["programs"].values():
        lines += [f"{e['name']} ({e['group']}): {why}" for why in missed_bar(e) + troubles(e)]
    for name, what, worse in compare(baseline, results["programs"]) if baseline else []:
        if worse and not (partial and what == "is gone"):
            lines.append(f"{name} is worse than accepted: {what}")
    return lines


def arguments():
    parser = argparse.ArgumentParser(description="measure recall and false alarms over tests/corpus/programs")
    parser.add_argument("--build", default=os.environ.get("B", "build"))
    parser.add_argument("--programs", default=metadata.PROGRAMS, metavar="DIR")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--possible-runs", type=int, default=10)
    parser.add_argument("--peers", default=",".join(runs.PEERS), help="of %s, or none" % ",".join(runs.PEERS))
    parser.add_argument("--keep-peers", metavar="FILE", help="take the peers' results of unchanged sources from what --save kept")
    parser.add_argument("--only", metavar="WORD", help="a pattern of names, a family, a primitive or a class A to D")
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--write", metavar="FILE", help="write the tables to FILE as well")
    parser.add_argument("--save", metavar="FILE", help="keep what was measured")
    parser.add_argument("--from", dest="source", metavar="FILE", help="measure nothing, take what --save kept")
    parser.add_argument("--baseline", default=BASELINE)
    parser.add_argument("--save-baseline", action="store_true", help="accept this state")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    wanted = [w.strip().lower() for w in options.peers.split(",")]
    options.peers = [p for p in runs.PEERS if p.lower() in wanted]
    unknown = set(wanted) - {p.lower() for p in runs.PEERS} - {"none", ""}
    if unknown:
        parser.error("unknown peer: " + ", ".join(sorted(unknown)))
    if options.save_baseline and options.only:
        parser.error("--save-baseline wants every program; leave out --only")
    if options.runs < 1 or options.possible_runs < 1:
        parser.error("at least one run")
    return options


def main():
    options = arguments()
    library = os.path.join(options.build, "librace.so")
    if options.source:
        results = read_json(options.source)
        if not results:
            sys.exit(f"corpus: {options.source} is missing: run make corpus first")
    else:
        if not os.path.exists(library):
            sys.exit(f"corpus: {library} is missing: run make")
        options.kept = (read_json(options.keep_peers) or {}).get("programs", {})
        results = measured(options)
    if options.save:
        with open(options.save, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
    baseline = read_json(options.baseline)
    text = tables.document(results, baseline, known_causes())
    print(text.split("\n## Reading", 1)[0].rstrip())
    if options.write:
        with open(options.write, "w", encoding="utf-8") as f:
            f.write(text)
    bad = verdict(results, baseline, bool(options.only))
    print()
    for line in bad:
        print("corpus: " + line)
    print("corpus: %d programs, %s" % (len(results["programs"]), f"{len(bad)} complaints" if bad else "every bar met"))
    if options.save_baseline:
        write_baseline(options.baseline, accepted(results["programs"], results["runs"]))
        print("corpus: accepted as " + os.path.relpath(options.baseline, metadata.ROOT))
        return 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
