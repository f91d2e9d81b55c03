#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Leaves out each edge rule, one at a time: a correct program of the tests must then be reported.

    run.py find [-a] [WORD ...]   looks for a test that notices each edge which kills.txt does not name yet (-a: all), writes
                                  kills.txt, prints the table and what survived; WORD: part of the edge or of its file
    run.py check [WORD ...]       each edge has an entry in kills.txt or redundant.txt, and the entry is true (the test group)
    run.py table                  counts by file, from the two lists
    run.py who EDGE               the tests that pass an edge
    run.py out EDGE TEST ...      runs one test with the edge left out and shows what it says

An edge is one call of sync_acquire, sync_release ... in the code of one exported wrapper (helpers are inlined into it), named
`symbol: call(arguments)`. The library of build/mutation can leave out each of them (mutate.h).

kills.txt       edge TAB test: the correct program that is reported when the edge is missing
redundant.txt   edge TAB test TAB reason: the test passes the edge and stays silent without it, as all others do; `-` for the test: no
                correct program of this machine passes it

A test is a program below build/ with its words, `option=VALUE ...` of RACE_OPTIONS and `VARIABLE=VALUE ...` before it where it
needs any. JOBS (2) run side by side.
"""

import bisect
import collections
import concurrent.futures
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
B = os.path.join(ROOT, os.environ.get("B", "build"))
LIBRARY = os.path.join(B, "mutation/librace.so")
RULES = os.path.join(B, "mutation/clients.rules")
KILLS = os.path.join(HERE, "kills.txt")
REDUNDANT = os.path.join(HERE, "redundant.txt")
JOBS = int(os.environ.get("JOBS", "2"))
LIMIT = 120  # seconds: a test that takes longer hangs
OUT, PASSED = 1, 2
# What a helper does for many rows alike, beside what they are named for: when a table is full, when nothing is known of an object, and
# what OpenMP's tasks have done. One rule, whatever row it was called from.
SHARED = re.compile(r"\btasks\b|omp_events|sync_publish_once|sync_acquire_everything|\bblind\b|OBJECT_COMMON")


def scratch():
    return tempfile.NamedTemporaryFile(prefix="race-mutate.", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)


# ---- edges -----------------------------------------------------------------------------------------------------------------

class Edge:
    def __init__(self, name, source):
        self.name, self.source, self.records = name, source, []


def functions():
    """Addresses and names of the library's functions; of two names of one address the exported one."""
    out = subprocess.run(["nm", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout
    at = {}
    for line in out.splitlines():
        value, kind, name = line.split()[:3]
        place = int(value, 16)
        if kind not in "tTwW" or name.startswith(("__start_", "__stop_")):
            continue
        if place not in at or at[place].startswith("own_") or kind == "T":
            at[place] = re.sub(r"@.*|\.(part|cold|constprop|isra|lto_priv)\b.*", "", name)
    return sorted(at.items())


def plain(arguments):
    """As it stands in the source, more or less."""
    text = " ".join(arguments.split())
    while True:
        shorter = re.sub(r"\(\(uintptr_t\)\(([^()]*(?:\([^()]*\)[^()]*)*)\)\)", r"\1", text)
        if shorter == text:
            return re.sub(r"^\w+, |^\w+$", "", text)
        text = shorter


def edges():
    """name -> Edge, in the order of the library."""
    with scratch() as f:
        subprocess.run(["/bin/true"], env={"LD_PRELOAD": LIBRARY, "RACE_MUTATE_DUMP": f.name}, check=True)
        lines = f.read().decode().splitlines()
    table = functions()
    starts = [at for at, _ in table]
    places = collections.defaultdict(lambda: collections.defaultdict(list))
    sources = {}
    for line in lines:
        number, code, base, source, at, call, arguments = line.split("\t")
        symbol = table[bisect.bisect_right(starts, int(code, 16)) - 1][1]
        unit = re.sub(r"^.*/mutation/src/(own/)?", "", base)
        text = f"{call}({plain(arguments)})"
        if SHARED.search(text):
            unit = re.sub(r"^.*/mutation/src/(own/)?", "", source)
            symbol = os.path.basename(unit)
        name = f"{symbol}: {text}"
        sources[name] = unit
        places[name][(source, int(at))].append(int(number))
    found = {}
    for name, by_place in places.items():
        for i, (_, records) in enumerate(sorted(by_place.items())):
            full = name if not i else f"{name} #{i + 1}"
            found[full] = Edge(full, sources[name])
            found[full].records = records
    return found


# ---- tests -----------------------------------------------------------------------------------------------------------------

def listed(program, *words):
    r = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=LIMIT)
    return r.stdout.split()


def rules():
    """The option that names the rules of tests/rules/clients: its tables' and its locks', in one file."""
    return f"rules={os.path.relpath(RULES, ROOT)} "


def write_rules():
    """Before any test runs, and whole: the tests run side by side, and nobody may read half of it, or that of another time."""
    text = ""
    for name in "clients", "locks":
        with open(os.path.join(ROOT, "tests/rules", name + ".rules"), encoding="utf-8") as f:
            text += f.read()
    with open(f"{RULES}.{os.getpid()}", "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(out.name, RULES)


def tests():
    """Every correct program there is."""
    found = []

    def each(pattern, *words):
        for program in sorted(glob.glob(os.path.join(B, pattern))):
            name = os.path.relpath(program, B)
            if not os.access(program, os.X_OK) or program.endswith((".o", ".d", ".so")):
                continue
            unseen = set(listed(program, "--invisible")) if "families" in pattern else set()
            found.extend(f"{name} {x}" for x in listed(program, *words) if x not in unseen)

    each("tests/sync/gcc/*_twins", "--list")
    each("tests/sync/clang/extra_omp_twins", "--list")
    each("tests/e2e/gcc/*_twins", "--list")
    each("tests/families/gcc-O2/*_twins", "--list")
    each("tests/openmp/gcc/*twins-O2")
    each("tests/openmp/clang/*twins-O2")
    each("tests/attach/libc_twins", "--list")
    each("tests/rules/clients", "--list")
    each("tests/mutation/interposed", "--list")
    found = ["attach=interpose " + x if x.startswith("tests/mutation/") else x for x in found]
    found = [rules() + x if x.startswith("tests/rules/") else x for x in found]
    for pattern in ("tests/corpus/plain/*_clean", "examples/*_fixed"):
        found.extend(os.path.relpath(p, B) for p in sorted(glob.glob(os.path.join(B, pattern))))
    return found


class Result:
    def __init__(self, said, status, passed, seconds):
        self.said, self.status, self.passed, self.seconds = said, status, passed, seconds

    @property
    def silent(self):
        return self.status == 0 and not self.said

    @property
    def reported(self):
        return b"WARNING: " in self.said


def run(test, n, out=()):
    """Runs it with the records of `out` left out."""
    words = test.split()
    options = ["report=possible"]
    env = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "RACE_OPTIONS", "DEBUGINFOD_URLS")}
    while "=" in words[0]:
        word = words.pop(0)
        if word[0].isupper():
            env.update([word.split("=", 1)])
        else:
            options.append(word)
    with scratch() as f:
        data = bytearray(n)
        for i in out:
            data[i] = OUT
        f.write(data)
        f.flush()
        env.update(LD_PRELOAD=LIBRARY, RACE_MUTATE=f.name, RACE_OPTIONS=":".join(options), LC_ALL="C.UTF-8",
                   OMP_DYNAMIC="false", OMP_CANCELLATION="true", LIBOMP_USE_HIDDEN_HELPER_TASK="0")
        start = time.monotonic()
        p = subprocess.Popen([os.path.join(B, words[0]), *words[1:]], env=env, cwd=ROOT, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        try:
            _, said = p.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            _, said = p.communicate()
        f.seek(0)
        passed = {i for i, b in enumerate(f.read()) if b & PASSED}
    return Result(said, p.returncode, passed, time.monotonic() - start)


def present(test):
    return os.path.exists(os.path.join(B, next(w for w in test.split() if "=" not in w)))


def side_by_side(body, items):
    """(item, result) of each, as they end."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        asked = {pool.submit(body, x): x for x in items}
        for done in concurrent.futures.as_completed(asked):
            yield asked[done], done.result()


# ---- what passes what --------------------------------------------------------------------------------------------------

def coverage(n, quiet=False):
    """test -> (seconds, records), of those that are silent. Kept beside the library, until that or the program is newer."""
    path = os.path.join(B, "mutation/coverage.json")
    stamp = os.path.getmtime(LIBRARY)
    try:
        with open(path, encoding="utf-8") as f:
            kept = json.load(f)
    except (FileNotFoundError, ValueError):
        kept = {}
    kept = kept["tests"] if kept.get("library") == stamp else {}
    names = tests()
    names += [f"KMP_FORCE_REDUCTION={how} {x}" for how in ("critical", "atomic")
              for x in names if "/clang/" in x and "reduction" in x]
    names += [f"KMP_FORCE_REDUCTION=tree {x}" for x in names if x.startswith("tests/sync/clang/") and "reduction" in x]
    names += ["attach=interpose " + x for x in names if not x.startswith(("examples/", "tests/corpus/", "rules=", "attach="))]
    now = {}
    for name in names:
        made = os.path.getmtime(os.path.join(B, next(w for w in name.split() if "=" not in w)))
        if name in kept and kept[name][0] == made:
            now[name] = kept[name]
    todo = [x for x in names if x not in now]
    for i, (name, r) in enumerate(side_by_side(lambda x: run(x, n), todo)):
        if not quiet and sys.stderr.isatty():
            print(f"\r{i + 1} of {len(todo)} tests", end="", file=sys.stderr)
        made = os.path.getmtime(os.path.join(B, next(w for w in name.split() if "=" not in w)))
        now[name] = [made, r.silent, r.seconds, sorted(r.passed)]
        if not r.silent and not name.startswith(("tests/corpus/plain/atom_", "attach=")):
            print(f"not silent as it is: {name}: {r.said[:200]!r} status {r.status}", file=sys.stderr)
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"library": stamp, "tests": now}, f)
    return {name: (seconds, set(passed)) for name, (_, silent, seconds, passed) in now.items() if silent}


def who(edge, cover):
    """Tests that pass it: those first whose names say so, then those that pass little else."""
    mine = set(edge.records)
    words = set(re.split(r"[_\W]+", edge.name.split(":")[0].lower()))

    def order(test):
        alike = len(words & set(re.split(r"[_\W]+", test.split(" ", 1)[-1].lower())))
        return "/corpus/" in test or test.startswith("examples/"), -alike, len(cover[test][1]), "=" in test, cover[test][0], test

    return sorted((x for x, (_, passed) in cover.items() if passed & mine), key=order)


# ---- the lists -----------------------------------------------------------------------------------------------------------

def lines_of(path, fields):
    out = collections.OrderedDict()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if line.strip() and not line.startswith("#"):
                    parts = line.rstrip("\n").split("\t")
                    if len(parts) != fields:
                        sys.exit(f"{path}:{number}: {fields} fields, separated by tabs")
                    out[parts[0]] = parts[1:]
    return out


def write_kills(kills, all_edges):
    order = {name: i for i, name in enumerate(sorted(all_edges, key=lambda x: (all_edges[x].source, x)))}
    with open(KILLS, "w", encoding="utf-8") as f:
        f.write("# Edge rule, and the correct program that is reported without it. `make mutation` writes this file.\n")
        source = None
        for name in sorted(kills, key=lambda x: order[x]):
            if all_edges[name].source != source:
                source = all_edges[name].source
                f.write(f"# {source}\n")
            f.write(f"{name}\t{kills[name]}\n")


def chosen(all_edges, words):
    return [e for e in all_edges.values() if not words or any(w in e.name or w in e.source for w in words)]


def table(all_edges, kills, redundant, covered=None):
    rows = collections.OrderedDict()
    for e in sorted(all_edges.values(), key=lambda e: e.source):
        row = rows.setdefault(e.source, collections.Counter())
        row["edges"] += 1
        kind = "killed" if e.name in kills else "redundant" if e.name in redundant else \
            "survived" if covered is None or e.name in covered else "not passed"
        row[kind] += 1
    total = collections.Counter()
    heads = ("edges", "killed", "redundant", "survived", "not passed")
    print(f"{'':36}" + "".join(f"{h:>11}" for h in heads))
    for source, row in [*rows.items(), ("all", total)]:
        print(f"{source:36}" + "".join(f"{row[h]:>11}" for h in heads))
        total.update(row)


# ---- the commands --------------------------------------------------------------------------------------------------------

def find(words):
    again = "-a" in words
    words = [w for w in words if w != "-a"]
    all_edges = edges()
    n = sum(len(e.records) for e in all_edges.values())
    cover = coverage(n)
    kills = {k: v[0] for k, v in lines_of(KILLS, 2).items() if k in all_edges and present(v[0])}
    redundant = lines_of(REDUNDANT, 3)
    todo = [e for e in chosen(all_edges, words) if e.name not in redundant and (again or e.name not in kills)]
    covered = {e.name for e in all_edges.values() if who(e, cover)}
    most = int(os.environ.get("TRIES", "500"))

    def killer(e):
        for test in who(e, cover)[:most]:
            # Again and again: what is reported by luck is no test.
            if all(run(test, n, e.records).reported for _ in range(4)):
                return test
        return None

    survivors = []
    for e, test in side_by_side(killer, todo):
        if test:
            kills[e.name] = test
        else:
            survivors.append(e)
            kills.pop(e.name, None)
    write_kills(kills, all_edges)
    table(all_edges, kills, redundant, covered)
    for e in sorted(survivors, key=lambda e: (e.source, e.name)):
        passing = who(e, cover)
        print(f"{'survived' if passing else 'not passed'}\t{e.source}\t{e.name}\t{len(passing)} tests" +
              (f", {passing[0]}" if passing else ""))
    return 1 if survivors else 0


def check(words):
    if not os.path.exists(LIBRARY):
        print("not ok mutation: build/mutation/librace.so is missing: make test-programs")
        return 1
    all_edges = edges()
    n = sum(len(e.records) for e in all_edges.values())
    kills, redundant = lines_of(KILLS, 2), lines_of(REDUNDANT, 3)
    failed = []

    def say(name, why=None):
        if why:
            failed.append(name)
        print(f"not ok {name}: {why}" if why else f"ok {name}", flush=True)

    def body(e):
        """None, what is wrong, or a sentence that begins with `not run`."""
        known = kills.get(e.name) or redundant.get(e.name)
        if not known:
            return "a new edge rule without a test that notices when it is missing: write a twin, then `make mutation`"
        if e.name in kills and e.name in redundant:
            return "stands in kills.txt and in redundant.txt"
        test = known[0]
        if test == "-":
            return None
        if not present(test):
            return "not run: " + test.split()[0] + " is not built here"
        for _ in range(3):
            r = run(test, n, e.records)
            if e.name in redundant:
                if not r.passed & set(e.records):
                    return f"{test} does not pass it any more"
                return None if r.silent else f"is not redundant: {test} notices that it is missing"
            if r.reported:
                return None
        return f"`{test}` does not notice that it is missing: tests/mutation/run.py find -a '{e.name}'"

    for e, why in side_by_side(body, chosen(all_edges, words)):
        name = f"{e.source} {e.name.replace(': ', ' ')}"
        if why and why.startswith("not run"):
            print(f"not run {name}: {why[9:]}")
        else:
            say(name, why)
    if not words:
        for name in [x for x in [*kills, *redundant] if x not in all_edges]:
            say(f"stale {name.replace(': ', ' ')}", "an entry for an edge that is not there any more: make mutation")
    return 1 if failed else 0


def one(all_edges, name):
    if name in all_edges:
        return all_edges[name]
    close = [x for x in all_edges if name in x]
    if len(close) != 1:
        sys.exit("\n".join([f"{name}: which edge?"] + close))
    return all_edges[close[0]]


def main():
    command, words = (sys.argv[1] if len(sys.argv) > 1 else "help"), sys.argv[2:]
    if os.path.exists(LIBRARY):
        write_rules()
    if command == "find":
        return find(words)
    if command == "check":
        return check(words)
    all_edges = edges()
    n = sum(len(e.records) for e in all_edges.values())
    if command == "table":
        table(all_edges, lines_of(KILLS, 2), lines_of(REDUNDANT, 3))
    elif command == "who" and len(words) == 1:
        print("\n".join(who(one(all_edges, words[0]), coverage(n))))
    elif command == "out" and len(words) > 1:
        r = run(" ".join(words[1:]), n, one(all_edges, words[0]).records)
        sys.stdout.write(r.said.decode("utf-8", "replace"))
        return r.status
    else:
        print(__doc__.strip())
        return command != "help"
    return 0


if __name__ == "__main__":
    sys.exit(main())
