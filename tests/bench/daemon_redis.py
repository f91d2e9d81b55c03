#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
daemon_redis.py - what rules cost a real server: GET throughput of Debian's redis-server with rules/redis-server.rules.

Two servers stand side by side, one alone and one under librace, on sockets in a temporary folder. redis-benchmark asks them by
turns, in pairs whose order changes; the figure is the median over the pairs of the ratio within a pair, so that a machine
that changes its speed hits both alike. Beside requests a second it tells the CPU time of the server for a request (user and
system, from /proc): what a machine with cores to spare would see of it.

lines(library, quick) is for run.py: Markdown, and what went wrong.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

# name, arguments of redis-benchmark, requests of one run, pairs of runs, the least share of the throughput that must be left;
# short runs and many of them: what else the machine does then hits single pairs
LOADS = (
    ("GET, pipelined (-P 16)", ["-P", "16"], 400000, 21, 0.85),
    ("GET, one by one", ["-P", "1"], 50000, 41, 0.97),
)
KEYS = 50000
HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(HERE, "..", "..", "rules", "redis-server.rules")


class Server:
    def __init__(self, folder, name, library):
        self.socket = os.path.join(folder, name + ".sock")
        self.err = os.path.join(folder, name + ".err")
        self.race = os.path.join(folder, name + ".race")
        env = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "RACE_OPTIONS")}
        if library:
            env["LD_PRELOAD"] = os.path.abspath(library)
            env["RACE_OPTIONS"] = "rules=%s stats=1 log_path=%s" % (os.path.abspath(RULES), self.race)
        with open(self.err, "w") as err:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
                 "--dir", folder], env=env, stdout=subprocess.DEVNULL, stderr=err)
        for _ in range(2400):  # two minutes
            if subprocess.run(["redis-cli", "-s", self.socket, "ping"], capture_output=True).stdout == b"PONG\n":
                break
            if self.process.poll() is not None:
                raise RuntimeError("%s redis-server ended with status %d" % (name, self.process.returncode))
            time.sleep(0.05)
        else:
            self.stop()
            raise RuntimeError("%s redis-server does not answer" % name)
        self.bench(["-t", "set", "-r", str(KEYS), "-P", "16"], KEYS * 4)

    def cpu(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def bench(self, args, requests):
        """(requests a second, CPU seconds of the server for a request)"""
        before = self.cpu()
        out = subprocess.run(["redis-benchmark", "-s", self.socket, "--csv", "-n", str(requests)] + args,
                             capture_output=True, text=True, check=True, timeout=300).stdout
        rate = float(out.strip().splitlines()[-1].split(",")[1].strip('"'))
        return rate, (self.cpu() - before) / requests

    def stop(self):
        """What librace said beyond its counters, and how many operations it recorded."""
        self.process.terminate()
        self.process.wait()
        said, recorded = "", 0
        path = "%s.%d" % (self.race, self.process.pid)
        if os.path.exists(path):
            with open(path, errors="replace") as f:
                for line in f:
                    if line.startswith("librace: stats: operations recorded: "):
                        recorded = int(line.split()[-1])
                    elif not line.startswith("librace: stats: "):
                        said = said or line.strip("= \n")
        with open(self.err, errors="replace") as f:
            return said or f.read().strip(), recorded


def measure(library, quick, pairs=None):
    """[(name, native rate, ratio, CPU ratio, limit)], what went wrong"""
    rows, bad = [], []
    with tempfile.TemporaryDirectory() as folder:
        servers = [Server(folder, "native", None)]
        try:
            servers.append(Server(folder, "librace", library))
            for name, args, requests, rounds, limit in LOADS:
                rounds = pairs or (rounds // 4 if quick else rounds)
                args = ["-t", "get", "-r", str(KEYS)] + args
                rates, cpus, native = [], [], []
                for number in range(rounds + 1):
                    got = [None, None]
                    for which in ((0, 1), (1, 0))[number % 2]:
                        got[which] = servers[which].bench(args, requests)
                    if number:  # the first pair warms both
                        rates.append(got[1][0] / got[0][0])
                        cpus.append(got[1][1] / got[0][1])
                        native.append(got[0][0])
                rows.append((name, statistics.median(native), statistics.median(rates), statistics.median(cpus),
                             limit))
        finally:
            ends = [s.stop() for s in servers]
    said, recorded = ends[-1]
    if said:
        bad.append("redis-server under librace printed: %s" % said.splitlines()[0])
    if not recorded:
        bad.append("redis-server: no operation was recorded, the rules found nothing")
    return rows, bad


def lines(library, quick=False, pairs=None):
    if not all(shutil.which(x) for x in ("redis-server", "redis-cli", "redis-benchmark")):
        return ["redis-server is not installed: n/a"], []
    try:
        rows, bad = measure(library, quick, pairs)
    except (RuntimeError, subprocess.SubprocessError, OSError) as e:
        return ["failed"], ["redis-server: %s" % e]
    text = ["| redis-server with `rules/redis-server.rules` | native, requests/s | throughput left | limit | "
            "| CPU of the server for a request |", "|---|---:|---:|---:|---|---:|"]
    for name, native, ratio, cpu, limit in rows:
        text.append("| %s | %.0f | %.1f %% | %.0f %% | %s | x%.2f |" % (
            name, native, 100 * ratio, 100 * limit, "met" if ratio >= limit else "**missed**", cpu))
    return text, bad


def main():
    parser = argparse.ArgumentParser(description="GET throughput of redis-server under its rules")
    parser.add_argument("library", nargs="?", default="build/librace.so")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=int)
    options = parser.parse_args()
    text, bad = lines(options.library, options.quick, options.pairs)
    print("\n".join(text + bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
