# SPDX-License-Identifier: MIT
"""runs.py - one run of one program, natively, under librace or under a peer, and what is read out of it.

A run becomes an Outcome. `alarm` says that the tool spoke of a race; `trouble`, when not empty, that the run tells nothing: it took too long,
the program was not built for this tool, the tool itself failed. For the peers only warnings of races count: Helgrind's lock orders and misuse
of pthread calls, TSan's leaked threads are left out, as they are no findings about a map.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import grammar  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
# Seconds, for hangs only: a program that takes a tenth of one alone may be stopped for ten on a busy machine.
NATIVE_LIMIT = 60
TOOL_LIMIT = 120
TSAN_STATUS, VALGRIND_STATUS = 66, 99
PEERS = ("TSan", "Helgrind", "DRD")
MOST = 8 << 20  # bytes of a log that are read: a peer may write gigabytes


class Outcome:
    """What one run said. classes, causes, confidence: of librace only."""

    def __init__(self, alarm=False, trouble="", status=0):
        self.alarm, self.trouble, self.status = alarm, trouble, status
        self.classes, self.causes, self.kinds, self.confidence = [], [], [], None
        self.text = ""

    def __repr__(self):
        return f"Outcome({self.alarm}, {self.trouble!r}, {self.status}, {self.classes}, {self.confidence})"


def environment(extra):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("RACE_", "LD_", "DEBUGINFOD", "ASAN_", "TSAN_", "VALGRIND_", "OMP_", "GOMP_"))}
    env.update({"LC_ALL": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen"})
    env.update(extra)
    return env


def execute(command, limit, extra=None):
    """(status or None when it took too long, stdout, stderr). Status is negative for a signal."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, \
            tempfile.TemporaryDirectory(prefix="rt.") as folder:
        p = subprocess.Popen(command, env=environment(extra or {}), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                             cwd=folder, start_new_session=True)
        try:
            status = p.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            status = None
        try:
            # also what the program left behind
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()
        text = []
        for f in (out, err):
            f.seek(0)
            text.append(f.read(MOST).decode("utf-8", "replace"))
    return status, text[0], text[1]


def ended(status, limit):
    """Why a run is no good, or nothing."""
    if status is None:
        return f"still running after {limit} s"
    if status < 0:
        try:
            return "ended by " + signal.Signals(-status).name
        except ValueError:
            return f"ended by signal {-status}"
    return ""


# ---- alone ----

def native(binary):
    """What a good program does: ends with 0, prints something on stdout and nothing on stderr."""
    if not os.path.exists(binary):
        return Outcome(trouble="not built")
    status, out, err = execute([binary], NATIVE_LIMIT)
    why = ended(status, NATIVE_LIMIT)
    if not why and status:
        why = f"status {status}"
    elif not why and err:
        why = "prints to stderr: " + err.split("\n")[0][:100]
    elif not why and not out.strip():
        why = "prints nothing"
    return Outcome(trouble=why, status=status)


# ---- librace ----

CONFIDENCE = re.compile(r"^Verdict: (?:certain|likely|possible): .*\bconfidence (\d+)", re.M)
CLASS = re.compile(r"^Verdict: (certain|likely|possible): ", re.M)


def of_the_program(report, name):
    """Does a stack of the report go through the program itself, and not through libraries alone?"""
    for access in filter(None, (report.now, report.before)):
        for frame in access.frames:
            base = os.path.basename(frame.file or "")
            if os.path.splitext(base)[0] == name or "tests/corpus/" in (frame.file or ""):
                return True
    return False


def parsed(text):
    """Reports of a log. Several processes (fork) may have written to one descriptor: each part ends with its count."""
    try:
        return grammar.parse(text).reports
    except grammar.GrammarError:
        parts = re.split(r"(?<=race\(s\)\n)(?=.)", text, flags=re.S)
        if len(parts) == 1:
            raise
        return [r for part in parts for r in grammar.parse(part).reports]


def read_reports(text, name):
    """Outcome of what librace wrote; trouble when that is no well-formed log."""
    o = Outcome()
    o.text = text
    try:
        reports = parsed(text)
    except grammar.GrammarError as e:
        # what stands in half a log stands there
        o.trouble = f"log not well-formed: {e}"
        o.classes = sorted(set(CLASS.findall(text)))
        o.alarm = bool(o.classes)
        return o
    o.alarm = bool(reports)
    o.classes = sorted({r.verdict for r in reports})
    o.causes = sorted({r.cause for r in reports})
    o.kinds = sorted({r.kind for r in reports})
    found = [int(n) for r in reports for n in CONFIDENCE.findall(r.text)]
    o.confidence = max(found) if found else None
    if reports and not any(of_the_program(r, name) for r in reports):
        o.trouble = "no stack of a report goes through the program"
    return o


def librace(program, binary, library, report=None):
    """report: the value of the option, or None for the default level."""
    if not os.path.exists(binary):
        return Outcome(trouble="not built")
    options = [f"report={report}"] if report else []
    if program.rules:
        options.append("rules='" + program.rules + "'")
    extra = {"LD_PRELOAD": library}
    if options:
        extra["RACE_OPTIONS"] = " ".join(options)
    status, _, err = execute([binary], TOOL_LIMIT, extra)
    o = read_reports(err, program.name)
    o.status = status
    why = ended(status, TOOL_LIMIT)
    if why:
        # a racy program may crash of its race, in the middle of a report, as it may alone
        o.trouble = why if status is None or not program.racy else ""
    elif status not in (0, 66):
        o.trouble = f"status {status}"
    elif status == 66 and not o.alarm:
        o.trouble = "status 66 without a report"
    return o


# ---- peers ----

# Only kinds that speak of two accesses.
TSAN = re.compile(r"^WARNING: ThreadSanitizer: (data race|heap-use-after-free|race on [\w-]+)\b.*\(pid=", re.M)
TSAN_FAILED = re.compile(r"^(?:FATAL: ThreadSanitizer|ThreadSanitizer: (?:DEADLYSIGNAL|failed)).*|"
                         r"^==\d+==(?:FATAL|ERROR): ThreadSanitizer.*", re.M)
HELGRIND = re.compile(r"^==\d+== Possible data race during (?:read|write)", re.M)
DRD = re.compile(r"^==\d+== Conflicting (?:load|store) by thread", re.M)
ERRORS = re.compile(r"^==\d+== ERROR SUMMARY: (\d+) errors? from (\d+) contexts?", re.M)


def read_tsan(status, text):
    o = Outcome(status=status)
    count = len(TSAN.findall(text))
    failed = TSAN_FAILED.search(text)
    if count:
        o.alarm = True
    elif status is None:
        o.trouble = f"still running after {TOOL_LIMIT} s"
    elif failed:
        # without the addresses and process ids, which differ from run to run
        o.trouble = re.sub(r"^==\d+==|(?: on)?(?: unknown address)? *\(?\b(?:pc )?0x.*", "", failed.group(0)).strip()[:100]
    elif status not in (0, TSAN_STATUS):
        o.trouble = ended(status, TOOL_LIMIT) or f"status {status}"
    return o


def read_valgrind(status, text, pattern):
    o = Outcome(status=status)
    count = len(pattern.findall(text))
    summary = None
    for summary in ERRORS.finditer(text):
        pass
    if count:
        o.alarm = True
    elif status is None:
        o.trouble = f"still running after {TOOL_LIMIT} s"
    elif not summary:
        o.trouble = ended(status, TOOL_LIMIT) or f"status {status}, no summary of errors"
    elif status not in (0, VALGRIND_STATUS):
        o.trouble = ended(status, TOOL_LIMIT) or f"status {status}"
    return o


def no_random_addresses():
    """setarch -R, where it is allowed: TSan's shadow has no room for the mappings of kernels that scatter them widely."""
    command = ["setarch", os.uname().machine, "-R"]
    try:
        done = subprocess.run(command + ["true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return command if done.returncode == 0 else []
    except OSError:
        return []


_setarch = None


def tsan(binary):
    global _setarch
    if not os.path.exists(binary):
        return Outcome(trouble="not built")
    if _setarch is None:
        _setarch = no_random_addresses()
    options = f"exitcode={TSAN_STATUS}:detect_deadlocks=0:report_thread_leaks=0:report_mutex_bugs=0:report_signal_unsafe=0"
    status, _, err = execute(_setarch + [binary], TOOL_LIMIT, {"TSAN_OPTIONS": options})
    return read_tsan(status, err)


def valgrind(tool, binary):
    if not shutil.which("valgrind"):
        return Outcome(trouble="valgrind is not installed")
    if not os.path.exists(binary):
        return Outcome(trouble="not built")
    command = ["valgrind", f"--tool={tool}", "--fair-sched=try", f"--error-exitcode={VALGRIND_STATUS}"]
    if tool == "helgrind":
        command.append("--track-lockorders=no")
    status, _, err = execute(command + [binary], TOOL_LIMIT)
    return read_valgrind(status, err, HELGRIND if tool == "helgrind" else DRD)


def peer(tool, plain, with_tsan):
    return tsan(with_tsan) if tool == "TSan" else valgrind(tool.lower(), plain)
