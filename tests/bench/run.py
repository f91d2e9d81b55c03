#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
run.py - what librace costs, measured beside the program alone, ThreadSanitizer, Helgrind and DRD.

Owns docs/PERFORMANCE.md, which it writes whole (--write). Runs are interleaved (native, librace, TSan, Helgrind, DRD,
native, ...), so that a machine that changes its speed hits all alike. The figure of a row is the median over the rounds
of the ratio within a round; time is CPU time (user + system) of the process as wait4 tells it.

Only the standard library. What is missing on the machine (valgrind, libtsan) shows as "n/a". Exit status 1 when a
run under librace failed, printed something or counted otherwise than the program alone: a figure of such a run is
worthless.
A missed limit is told in the table and changes the status only with --strict.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import attaching  # noqa: E402
import daemon_redis  # noqa: E402

TOOLS = ("native", "librace", "TSan", "Helgrind", "DRD")
SLOW = ("Helgrind", "DRD")
MIB_A_THREAD = 0.2
MEMORY_RATIO = 1.3
STARTUP_MS = 1.0


class Row:
    """One workload: arguments, the limit on its CPU ratio, how much less of it Valgrind gets."""

    def __init__(self, name, program, threads, depth, operations, word="", limit=None, less=20, exact=True):
        self.name, self.program, self.threads, self.depth = name, program, threads, depth
        self.operations, self.word, self.limit, self.less, self.exact = operations, word, limit, less, exact
        self.ratios = {tool: [] for tool in TOOLS}
        self.rss = {tool: [] for tool in TOOLS}
        self.ns = []
        self.trouble = ""

    def args(self, operations):
        return [str(self.threads), str(self.depth), str(operations)] + ([self.word] if self.word else [])


ROWS = (
    Row("GLib, one thread, depth 5", "glib_own", 1, 5, 6000000, limit=1.5),
    Row("GLib, one thread, depth 20", "glib_own", 1, 20, 6000000, limit=1.7),
    Row("GLib, one thread, depth 40", "glib_own", 1, 40, 6000000),
    Row("GLib, each operation under the same lock, depth 5", "glib_own", 1, 5, 5000000, "locked", 1.5, 50),
    Row("GLib, each operation under the same lock, depth 20", "glib_own", 1, 20, 5000000, "locked", 1.7, 50),
    Row("GLib, each operation under the same lock, depth 40", "glib_own", 1, 40, 5000000, "locked", None, 50),
    Row("GLib, two locked tables by turns, depth 5", "glib_own", 1, 5, 5000000, "turns", 1.5, 50),
    Row("GLib, two locked tables by turns, depth 20", "glib_own", 1, 20, 5000000, "turns", 1.7, 50),
    Row("GLib, two locked tables by turns, depth 40", "glib_own", 1, 40, 5000000, "turns", None, 50),
    Row("GLib, two threads, own tables, depth 5", "glib_own", 2, 5, 3000000, limit=1.5),
    Row("GLib, two threads, one table under a mutex, depth 5", "glib_shared", 2, 5, 1500000, "1", 1.5, 25, False),
    Row("GLib, 60 threads, every 16th operation on a shared table, depth 5", "glib_shared", 60, 5, 100000, "16",
        1.6, 10),
    Row("GLib, 60 threads, every 4th operation on a shared table, depth 5", "glib_shared", 60, 5, 50000, "4", None, 10),
    Row("uthash, one thread, depth 5", "uthash", 1, 5, 8000000, limit=1.5),
    Row("LRU cache with parsing, one thread, depth 10", "lru", 1, 10, 500000, limit=1.15),
    Row("LRU cache with parsing, two threads, depth 10", "lru", 2, 10, 250000, "", 1.15, 20, False),
)

# what, count, what one line of the table says
FLAT = (
    ("maps", 10000000, "10^7 tables created, used and destroyed"),
    ("locks", 1000000, "10^6 mutexes created, used and destroyed, on the heap"),
    ("spread", 1000000, "10^6 mutexes created, used and destroyed, each at an address of its own"),
    ("threads", 100000, "10^5 threads one after another"),
)
FLAT_ROOM = 512  # KiB by which resident memory may grow from 20 % to the end beyond what the program's own does


class Bench:
    def __init__(self, build, quick):
        self.build = os.path.abspath(build)
        self.bin = os.path.join(self.build, "bench")
        self.library = os.path.join(self.build, "librace.so")
        self.quick = quick
        self.files = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.files.name, "out")
        self.err = os.path.join(self.files.name, "err")
        self.bad = []
        self.tools = [t for t in TOOLS if self.has(t)]

    def has(self, tool):
        if tool == "librace":
            return os.path.exists(self.library)
        if tool == "TSan":
            return os.path.exists(os.path.join(self.bin, "lru.tsan"))
        if tool in SLOW:
            return not self.quick and shutil.which("valgrind") is not None
        return True

    def command(self, tool, program, args):
        """The launcher's options and the command line."""
        path = os.path.join(self.bin, program)
        options = []
        if tool == "librace":
            options = ["-e", "LD_PRELOAD=" + self.library]
            if os.path.exists(path + ".race"):
                path += ".race"
        elif tool == "TSan":
            # a report costs once; that TSan alarms on a library it did not build must not end the run
            options = ["-e", "TSAN_OPTIONS=exitcode=0"]
            path += ".tsan"
        elif tool in SLOW:
            return options, ["valgrind", "--tool=" + tool.lower(), "-q", path] + args
        return options, [path] + args

    def run(self, tool, program, args, times=1, limit=120):
        """[(CPU ns, wall ns, peak KiB, status)], what was printed, what went to stderr"""
        for name in (self.out, self.err):
            open(name, "w").close()
        options, command = self.command(tool, program, args)
        launch = [os.path.join(self.bin, "launch"), "-n", str(times), "-t", str(limit), "-o", self.out, "-s", self.err]
        env = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "RACE_OPTIONS", "TSAN_OPTIONS")}
        done = subprocess.run(launch + options + ["--"] + command, stdout=subprocess.PIPE,
                              text=True, env=env, check=True)
        lines = [tuple(int(word) for word in line.split()) for line in done.stdout.splitlines()]
        with open(self.out, errors="replace") as out, open(self.err, errors="replace") as err:
            return lines, out.read().strip(), err.read().strip()

    def trusted(self, tool, name, line, err):
        """Native and librace must end with 0 and say nothing."""
        if line[3] < 0:
            late = " (took too long)" if line[3] == -14 else ""
            return "%s: %s was ended by signal %d%s" % (name, tool, -line[3], late)
        if line[3] != 0:
            return "%s: %s ended with status %d" % (name, tool, line[3])
        if tool == "librace" and err:
            return "%s: librace printed: %s" % (name, next((x for x in err.splitlines() if x.strip("= ")), "?"))
        return ""

    # ---- CPU and memory ----

    def measure_row(self, row, rounds, slow_rounds):
        operations = row.operations // (4 if self.quick else 1)
        fewer = max(operations // row.less, 1)
        for number in range(rounds):
            figures, first = {}, ""
            for tool in self.tools:
                if tool == "TSan" and number >= (1 if self.quick else 5) or tool in SLOW and number >= slow_rounds:
                    continue
                if tool == "librace" and row.trouble:
                    continue
                count = fewer if tool in SLOW else operations
                line, out, err = self.run(tool, row.program, row.args(count))
                line = line[0]
                if tool in ("native", "librace"):
                    why = self.trusted(tool, row.name, line, err)
                    if not why and tool == "librace" and row.exact and out != first:
                        why = "%s: the checksum under librace is %s instead of %s" % (row.name, out, first)
                    if why:
                        row.trouble = why
                        continue
                    first = out
                elif line[3] != 0:
                    continue
                cpu = float(line[0])
                if tool in SLOW:
                    empty = self.run(tool, row.program, row.args(0))[0][0]
                    cpu = max(cpu - empty[0], 1.0)
                figures[tool] = cpu / count
                row.rss[tool].append(line[2] / 1024.0)
            native = figures.get("native")
            if not native:
                sys.exit("bench: %s" % (row.trouble or row.name + ": no figure of the program alone"))
            # a start of 1 ms is 0.3 % of a run, but all of what 0 operations cost: only Valgrind's is taken off
            row.ns.append(native / row.threads)
            for tool, figure in figures.items():
                row.ratios[tool].append(figure / native)
        if row.trouble:
            self.bad.append(row.trouble)

    # ---- start-up ----

    def measure_startup(self, batches, times):
        self.start = {tool: ([], []) for tool in self.tools}
        for number in range(batches):
            for tool in self.tools:
                if tool in SLOW and number >= 3:
                    continue
                lines, _, err = self.run(tool, "empty", [], 3 if tool in SLOW else times)
                why = tool in ("native", "librace") and self.trusted(tool, "empty main", lines[-1], err)
                if why and why not in self.bad:
                    self.bad.append(why)
                self.start[tool][0].extend(line[0] / 1e6 for line in lines)
                self.start[tool][1].extend(line[1] / 1e6 for line in lines)

    # ---- growth ----

    def measure_flat(self):
        self.flat = []
        for what, count, text in FLAT:
            figures = {}
            if self.quick:
                count //= 20
                text += " (a twentieth of them)"
            for tool in ("native", "librace"):
                if tool not in self.tools:
                    continue
                lines, out, err = self.run(tool, "flat", [what, str(count)], 1, 300)
                why = self.trusted(tool, text, lines[0], err)
                if why:
                    self.bad.append(why)
                    if tool == "native":
                        break
                    continue
                figures[tool] = tuple(int(word) for word in out.split())
            self.flat.append((text, figures))

    # ---- tables ----

    def verdict(self, value, limit):
        if limit is None:
            return "no limit"
        if value is None:
            return "no figure"
        return "met" if value <= limit else "**missed**"

    def table_cpu(self):
        yield "| CPU time against native | native, ns an operation | librace | TSan | Helgrind | DRD | limit | |"
        yield "|---|---:|---:|---:|---:|---:|---:|---|"
        for row in ROWS:
            mid = {t: statistics.median(row.ratios[t]) for t in TOOLS if row.ratios[t]}
            cells = ["x%.2f" % mid[t] if t in mid and mid[t] < 10 else "x%.0f" % mid[t] if t in mid else "n/a"
                     for t in TOOLS[1:]]
            if row.trouble:
                cells[0] = "failed"
                mid.pop("librace", None)
            yield "| %s | %.1f | %s | %s | %s |" % (
                row.name, statistics.median(row.ns), " | ".join(cells), "x%.2f" % row.limit if row.limit else "",
                self.verdict(mid.get("librace"), row.limit))

    def table_memory(self):
        yield "| peak memory | native, MiB | librace, MiB | ratio | limit, MiB | | TSan | Helgrind | DRD |"
        yield "|---|---:|---:|---:|---:|---|---:|---:|---:|"
        for row in ROWS:
            mid = {t: statistics.median(row.rss[t]) for t in TOOLS if row.rss[t]}
            native, mine = mid["native"], mid.get("librace")
            limit = native * MEMORY_RATIO + MIB_A_THREAD * (row.threads + 1)
            others = " | ".join("x%.1f" % (mid[t] / native) if t in mid else "n/a" for t in TOOLS[2:])
            yield "| %s | %.2f | %s | %s | %.2f | %s | %s |" % (
                row.name, native, "%.2f" % mine if mine else "n/a", "x%.2f" % (mine / native) if mine else "n/a", limit,
                self.verdict(mine, limit), others)

    def a_thread(self):
        """MiB that each further thread costs beyond what it costs the program alone: 60 threads less 1."""
        more = {}
        for tool in ("native", "librace"):
            if tool not in self.tools:
                return None
            peaks = {n: statistics.median(
                line[2] / 1024.0 for line in self.run(tool, "glib_shared", [str(n), "5", "20000", "16"], 5)[0])
                for n in (1, 60)}
            more[tool] = (peaks[60] - peaks[1]) / 59
        return more["librace"] - more["native"]

    def table_start(self):
        yield "| empty main | wall, ms | CPU, ms | more than native, wall | limit | |"
        yield "|---|---:|---:|---:|---:|---|"
        base = statistics.median(self.start["native"][1])
        for tool in self.tools:
            cpu, wall = (statistics.median(x) for x in self.start[tool])
            mine = tool == "librace"
            yield "| %s | %.2f | %.2f | %s | %s | %s |" % (
                tool, wall, cpu, "" if tool == "native" else "%+.2f ms" % (wall - base),
                "+%.0f ms" % STARTUP_MS if mine else "", self.verdict(wall - base, STARTUP_MS) if mine else "")

    def table_flat(self):
        yield ("| resident memory, KiB | native at 20 % | at the end | librace at 20 % | at the end "
               "| more growth | limit | |")
        yield "|---|---:|---:|---:|---:|---:|---:|---|"
        for text, f in self.flat:
            native, mine = f.get("native"), f.get("librace")
            more = (mine[1] - mine[0]) - max(native[1] - native[0], 0) if mine and native else None
            yield "| %s | %s | %s | %s | %d | %s |" % (
                text, "%d | %d" % native if native else "n/a | n/a", "%d | %d" % mine if mine else "n/a | n/a",
                "%+d" % more if more is not None else "n/a", FLAT_ROOM, self.verdict(more, FLAT_ROOM))

    def more(self, lines, what):
        if "librace" not in self.tools:
            return ["n/a"]
        text, bad = lines(what, self.quick)
        self.bad += bad
        return text

    def micro(self):
        if "librace" not in self.tools:
            return ["n/a"]
        done = subprocess.run([os.path.join(self.bin, "micro"), self.library, "2" if self.quick else "7"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode or done.stderr:
            why = (done.stderr.strip().splitlines() or ["status %d" % done.returncode])[0]
            self.bad.append(why if why.startswith("micro: ") else "micro: " + why)
        return done.stdout.splitlines()


def first_line(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.splitlines()[0].strip()
    except (OSError, IndexError):
        return "not installed"


def machine():
    cpu = "unknown"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    system = "unknown"
    with open("/etc/os-release") as f:
        for line in f:
            if line.startswith("PRETTY_NAME="):
                system = line.split("=", 1)[1].strip().strip('"')
    with open("/proc/meminfo") as f:
        memory = int(re.search(r"MemTotal:\s+(\d+)", f.read()).group(1)) / 1048576.0
    yield "| CPU | %s, %d cores |" % (cpu, os.cpu_count())
    yield "| memory | %.1f GiB |" % memory
    yield "| system | %s, Linux %s |" % (system, re.sub(r"[^0-9.].*", "", os.uname().release))
    yield "| compiler | %s |" % first_line(["gcc", "--version"])
    yield "| C library | %s |" % os.confstr("CS_GNU_LIBC_VERSION")
    yield "| GLib | %s |" % first_line(["pkg-config", "--modversion", "glib-2.0"])
    yield "| Valgrind | %s |" % first_line(["valgrind", "--version"])


HOW = """\
Made by `make bench`; do not edit.

Each row ran %(rounds)d times (TSan %(tsan)d, Helgrind and DRD %(slow)d), the tools in turn: native, librace, TSan,
Helgrind, DRD, native again. A figure is the median over the rounds of the ratio within one round. Time is user plus
system time of the whole process, its start included. Helgrind and DRD get 1/10 to 1/50 of the operations, and what they
need for none is taken off first. TSan's program is built with `gcc -fsanitize=thread`; GLib itself is the system's,
which TSan cannot look into: its figures there are for work it does not check. Helgrind and DRD run one thread at a time.

The loops do 80 %% lookups, 10 %% inserts and 10 %% removes with integer keys, the cheapest operation there is and so
the largest ratio; the LRU cache is what a program makes of it. `depth` counts the frames from the worker's start
routine to the caller of the map. `Under the same lock`: one mutex around each operation, which no other thread ever
takes; librace then goes on in one epoch for up to 64 releases and records few of the operations. `By turns`: two
tables, each with a mutex, one after the other; each operation opens an epoch and is recorded with its stack. Programs
with more than one lock are like that, so both rows have the limit. The rows in which threads meet at one lock depend on
how often they do, that is on what else the machine runs: compare those between quiet machines only. Workloads are in
`tests/bench/`, one file each.
"""


def document(bench, rounds, slow_rounds):
    tsan = 1 if bench.quick else min(rounds, 5)
    lines = ["# Performance", "", HOW % {"rounds": rounds, "tsan": tsan, "slow": slow_rounds}]
    lines += ["## Machine", "", "| | |", "|---|---|"] + list(machine())
    lines += ["", "## Time", ""] + list(bench.table_cpu())
    lines += ["", "## Memory", "", "Limit: x%.1f plus %.1f MiB a thread." % (MEMORY_RATIO, MIB_A_THREAD), ""]
    lines += list(bench.table_memory())
    more = bench.a_thread()
    if more is not None:
        lines += ["", "Each further thread costs %.3f MiB more than it costs the program alone (60 against 1): %s, "
                  "limit %.1f MiB." % (more, bench.verdict(more, MIB_A_THREAD), MIB_A_THREAD)]
    lines += ["", "## Start-up", ""] + list(bench.table_start())
    lines += ["", "## Growth", "", "The program reads its own resident size after a fifth of its work and at the end.",
              ""]
    lines += list(bench.table_flat())
    lines += ["", "## Single calls", "",
              "CPU ns, medians. `build/bench/micro build/librace.so` prints this table alone.", ""]
    lines += bench.micro()
    lines += ["", "## Attaching", "",
              "What it costs to reach a function that is patched (docs/DESIGN.md, *Two ways to attach*). The operation itself comes on "
              "top: see above.", ""]
    lines += bench.more(attaching.lines, bench.build)
    lines += ["", "## A server with rules", ""]
    lines += bench.more(daemon_redis.lines, bench.library)
    lines += trouble(bench)
    notes = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notes.md")
    if os.path.exists(notes):
        with open(notes) as f:
            lines += ["", f.read().rstrip()]
    return "\n".join(lines) + "\n"


def trouble(bench):
    if not bench.bad:
        return []
    return ["", "## Failed", ""] + ["- " + why.replace(bench.build + "/", "") for why in bench.bad]


def main():
    parser = argparse.ArgumentParser(description="measure librace beside native, TSan, Helgrind and DRD")
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true", help="less of everything, no Valgrind; under a minute")
    parser.add_argument("--write", metavar="FILE", help="write the tables to FILE as well")
    parser.add_argument("--only", metavar="TEXT", help="only the rows whose name has TEXT, CPU ratios only")
    parser.add_argument("--tools", metavar="LIST", help="of %s, separated by commas" % ", ".join(TOOLS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--strict", action="store_true", help="status 1 when a limit is missed")
    options = parser.parse_args()

    bench = Bench(options.build, options.quick)
    if options.tools:
        wanted = options.tools.lower().split(",") + ["native"]
        bench.tools = [t for t in bench.tools if t.lower() in wanted]
    rounds, slow_rounds = (options.rounds or (5 if options.quick else 11)), 3
    global ROWS
    if options.only:
        ROWS = [row for row in ROWS if options.only in row.name]
    for row in ROWS:
        print("  BENCH %s" % row.name, file=sys.stderr, flush=True)
        bench.measure_row(row, rounds, slow_rounds)
    if options.only:
        text = "\n".join(list(bench.table_cpu()) + [""] + list(bench.table_memory()) + trouble(bench)) + "\n"
    else:
        print("  BENCH start-up, growth, single calls", file=sys.stderr, flush=True)
        bench.measure_startup(6 if options.quick else 20, 15)
        bench.measure_flat()
        text = document(bench, rounds, slow_rounds)
    print(text)
    if options.write:
        with open(options.write, "w") as f:
            f.write(text)
    return 1 if bench.bad or options.strict and "**missed**" in text else 0


if __name__ == "__main__":
    sys.exit(main())
