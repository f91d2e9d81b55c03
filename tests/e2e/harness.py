# SPDX-License-Identifier: MIT
"""harness.py - what the Python tests share: run a program under librace, read its reports, print ok / not ok.

A test is a function; @test collects it, run_tests() runs all of them in two threads (programs under test are processes, so this keeps
two processors busy) and prints one line each. A test fails by raising Failure (or anything else); NotRun says that this
machine cannot run it. Each test gets a fresh folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import grammar  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.path.join(ROOT, os.environ.get("B", "build"))
LIBRACE = os.path.join(B, "librace.so")
RUNS = int(os.environ.get("RUNS", "20"))
LIMIT = 60  # seconds one program may take before it counts as hung
# A run without librace, to check the tests' own programs.
NATIVE = bool(os.environ.get("NATIVE"))


class Failure(Exception):
    pass


class NotRun(Exception):
    pass


class Result:
    """status as a shell sees it (128 + signal), out, err; log is err parsed (raises when it is not well-formed)."""

    def __init__(self, status, out, err, what):
        self.status = 128 - status if status < 0 else status
        self.out, self.err, self.what = out, err, what

    @property
    def log(self):
        return self.parse()

    def parse(self, other=()):
        try:
            return grammar.parse(self.err, other)
        except grammar.GrammarError as e:
            raise Failure(f"{self.what}: {e}\n{indent(self.err)}")


def indent(text, lines=60):
    kept = text.split("\n")
    if len(kept) > lines:
        kept = kept[:lines] + [f"... {len(kept) - lines} more lines"]
    return "\n".join("    | " + line for line in kept)


def environment(options=None, preload=True, extra=None):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("RACE_", "LD_", "DEBUGINFOD", "ASAN_", "TSAN_")) and k != "LC_ALL"}
    env["LC_ALL"] = "C.UTF-8"
    if preload and not NATIVE:
        env["LD_PRELOAD"] = preload if isinstance(preload, str) else LIBRACE
    if options is not None:
        env["RACE_OPTIONS"] = options
    env.update(extra or {})
    return env


def run(command, options=None, preload=True, env=None, limit=LIMIT, stdin=subprocess.DEVNULL, cwd=None, **more):
    """Runs a program to its end; a hung one is a failure."""
    what = " ".join(os.path.basename(c) if i == 0 else c for i, c in enumerate(command))
    if options:
        what = f"RACE_OPTIONS='{options}' {what}"
    p = subprocess.Popen(command, env=environment(options, preload, env), stdin=stdin, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, cwd=cwd, start_new_session=True, **more)
    try:
        out, err = p.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, err = p.communicate()
        raise Failure(f"{what}: still running after {limit} s, stderr:\n{indent(err.decode('utf-8', 'replace'))}")
    return Result(p.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), what)


# Ends as the program did, when all are gone that the program has left behind: orphans come to the nearest subreaper.
SUBREAPER = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0):
    sys.exit('no subreaper')
program = os.spawnve(os.P_NOWAIT, sys.argv[2], sys.argv[2:], dict(os.environ, LD_PRELOAD=sys.argv[1]))
while True:
    try:
        pid, how = os.wait()
    except ChildProcessError:
        os._exit(status)
    if pid == program:
        status = 128 + os.WTERMSIG(how) if os.WIFSIGNALED(how) else os.WEXITSTATUS(how)
"""


def run_to_the_last(command, options=None):
    """As run(), and the helper is gone as well, which may write after the program has died."""
    return run([sys.executable, "-S", "-c", SUBREAPER, LIBRACE] + command, options, preload=False)


def copy_program(source, to):
    """By a process of its own: while a file is open for writing here, a child that the other lane makes has it open too, and until that one
    becomes its program, nobody can execute the file."""
    subprocess.run(["cp", "-p", source, to], check=True)


def check(condition, why, *results):
    if not condition:
        raise Failure(why + "".join(f"\n{r.what}: status {r.status}, stderr:\n{indent(r.err)}" for r in results))


def same(what, got, expected, *results):
    check(got == expected, f"{what}: {got!r}, expected {expected!r}", *results)


def silent(result, status=0):
    same("status", result.status, status, result)
    same("stderr", result.err, "", result)
    return result


def reported(result, users=None, count=1, status=66, found=None, doubtful=False):
    """The run ended as findings make it end; users: the names that the two marked frames may have, in either order. doubtful: the
    program has atomics of its own and ran with report=possible; what was told as possible does not count."""
    if NATIVE:
        return []
    log = result.log
    same("status", result.status, 0 if doubtful and not log.races else status, result)
    same("number of reports", len(log.reports), count, result)
    if not doubtful:
        same("Found N", log.races, count if found is None else found, result)
    for r in log.reports:
        check(r.kind == "race", f"kind {r.kind}", result)
        check(r.now.user and r.before.user, "a stack without a user frame", result)
        if users:
            check(sorted(r.users()) == sorted(users), f"user frames {r.users()}, expected {users}", result)
    return log.reports


def program(path):
    return os.path.join(B, "tests", path)


tests = []


def test(function):
    tests.append((function.__name__, function))
    return function


def named_test(name, function):
    tests.append((name, function))


def scratch():
    return threading.current_thread().scratch


_printing = threading.Lock()


def _say(line):
    with _printing:
        print(line, flush=True)


def _run_one(item):
    name, function = item
    thread = threading.current_thread()
    thread.scratch = tempfile.mkdtemp(prefix="rt.")
    try:
        function()
        _say(f"ok {name}")
        return True
    except NotRun as e:
        _say(f"not run {name}: {e}")
        return True
    except Exception as e:  # noqa: BLE001: whatever happened, the test failed
        first, _, rest = str(e).partition("\n")
        _say(f"not ok {name}: {first or repr(e)}" + (f"\n{rest}" if rest else ""))
        return False
    finally:
        shutil.rmtree(thread.scratch, ignore_errors=True)


def run_tests():
    """Runs everything, or what is named on the command line (a name or a part of one after `~`)."""
    chosen = tests
    wanted = sys.argv[1:]
    if wanted:
        chosen = [t for t in tests if any(t[0] == w or (w.startswith("~") and w[1:] in t[0]) for w in wanted)]
    if not os.path.exists(LIBRACE) and not NATIVE:
        print(f"not ok setup: {LIBRACE} is missing: run make")
        return 1
    with ThreadPoolExecutor(int(os.environ.get("LANES", "2"))) as pool:
        results = list(pool.map(_run_one, chosen))
    return 0 if results and all(results) else 1
