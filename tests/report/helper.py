#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""helper.py - a program (tests/report/host.c) reports about itself; what comes out, and what it must not notice.

Order is forced through a gate: a helper that waits until this test opens a FIFO.
"""

import os
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from rig import B, RACE, ROOT, end, test, tmp, until  # noqa: E402

HOST = os.path.join(B, "tests", "report_host")
SOURCE = "tests/report/host.c"
PPOLL, FUTEX = 271, 202


def want(condition, what):
    assert condition, what


def environment(options="", **more):
    env = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "MINE": os.path.join(tmp, "mine")}
    if options:
        env["RACE_OPTIONS"] = options
    env.update(more)
    return env


def run(scenario, helper=RACE, options="", cwd=None, **kinds):
    done = subprocess.run([HOST, scenario, helper], env=environment(options), cwd=cwd or tmp, capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL, **kinds)
    return done.returncode, done.stdout, done.stderr


def reports(text):
    return text.count("WARNING: DATA RACE")


def script(name, body):
    path = os.path.join(tmp, name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + body)
    os.chmod(path, 0o755)
    return path


def gate(name):
    """A helper that starts when gate is opened for writing and closed."""
    fifo = os.path.join(tmp, name + ".gate")
    os.mkfifo(fifo)
    return script(name, f'read x <{fifo}\nexec {RACE} "$@"\n'), fifo


def open_gate(fifo):
    os.close(os.open(fifo, os.O_WRONLY))


def has_ended(pid):
    """Also of a process that nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def in_call(pid, tid, number):
    try:
        with open(f"/proc/{pid}/task/{tid}/syscall") as f:
            return f.read().split()[0] == str(number)
    except (OSError, IndexError):
        return False


def line_of(text):
    with open(os.path.join(ROOT, SOURCE)) as f:
        return next(i for i, line in enumerate(f, 1) if line.startswith(text))


# ---- what is printed ----------------------------------------------------------------------------------------------------

@test
def names_lines_and_inlined_frames():
    status, out, err = run("once")
    want(status == 0 and out == "", f"status {status}, out {out!r}")
    want(reports(err) == 1, err)
    inner = line_of("static inline __attribute__((always_inline)) void inlined_call") + 2
    outer = line_of("void user_function(void)\n") + 2
    want(re.search(rf"  map_operation\(\)\n      \S*{SOURCE}:\d+ \+0x0\n"
                   rf"  inlined_call\(\) <--\n      \S*{SOURCE}:{inner + 1} \+0x[0-9a-f]+\n"
                   rf"  user_function\(\)\n      \S*{SOURCE}:{outer + 1} \+0x[0-9a-f]+\n", err)
         or re.search(rf"  inlined_call\(\) <--\n      \S*{SOURCE}:({inner}|{inner + 1}) \+0x[0-9a-f]+\n"
                      rf"  user_function\(\)\n      \S*{SOURCE}:{outer} \+0x[0-9a-f]+\n", err), err)
    want("  strtoul()\n      libc.so.6 +0x" in err or "  strtoul()\n      ./" in err, err)


@test
def the_global_is_named():
    err = run("once")[2]
    want("Location: global a_global_map+0x8 in report_host\n" in err, err)


@test
def two_reports_by_one_helper():
    count = os.path.join(tmp, "starts")
    helper = script("counting", f'echo x >>{count}\nexec {RACE} "$@"\n')
    err = run("twice", helper)[2]
    want(reports(err) == 2, err)
    with open(count) as f:
        want(f.read() == "x\n", "more than one start")


@test
def each_report_is_one_write():
    here, there = os.pipe()
    done = subprocess.run(["strace", "-f", "-e", "trace=write", "-o", os.path.join(tmp, "trace"), HOST, "twice", RACE],
                          env=environment(), stderr=there, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(there)
    text = os.read(here, 1 << 20).decode()
    os.close(here)
    with open(os.path.join(tmp, "trace")) as f:
        writes = [line for line in f if re.search(r'write\(4, "====', line)]
    want(done.returncode == 0 and reports(text) == 2 and len(writes) == 2, f"{len(writes)} writes")


@test
def a_small_stack_is_enough():
    for helper in (RACE, ""):
        status, out, err = run("small_stack", helper)
        want(status == 0 and reports(err) == 1, f"status {status}: {err}")


@test
def a_prefix_is_stripped():
    err = run("once", options=f"strip_path_prefix={ROOT}/")[2]
    want(re.search(rf"\n      {SOURCE}:\d+ \+0x", err), err)


# ---- without a helper -----------------------------------------------------------------------------------------------------

def rendered_in_the_host(err):
    want(reports(err) == 1, err)
    want(re.search(r"  map_operation\(\)\n      report_host \+0x[0-9a-f]+\n"
                   r"  user_function\(\) <--\n      report_host \+0x[0-9a-f]+\n", err), err)
    want(re.search(r"  strtoul\(\)\n      libc\.so\.6 \+0x[0-9a-f]+\n", err), err)
    want("Location: global a_global_map+0x8 in report_host\n" in err, err)


@test
def a_missing_helper():
    for helper in ("", "/nonexistent/race"):
        status, out, err = run("once", helper)
        want(status == 0, f"status {status}")
        rendered_in_the_host(err)


@test
def a_helper_that_fails_at_once():
    for helper in ("/bin/false", script("no_elf", "exit 3\n"), "/etc/passwd"):
        status, out, err = run("once", helper)
        want(status == 0, f"status {status}")
        rendered_in_the_host(err)


@test
def a_helper_that_dies_with_the_record():
    rendered_in_the_host(run("once", script("dies", "head -c 3000 <&3 >/dev/null\nkill -9 $$\n"))[2])


@test
def a_helper_of_another_version():
    rendered_in_the_host(run("once", script("other", "head -c 12 <&3 >/dev/null\nexit 1\n"))[2])


@test
def no_process_in_a_sandbox():
    count = os.path.join(tmp, "sandbox_starts")
    err = run("sandbox", script("boxed", f'echo x >>{count}\nexec {RACE} "$@"\n'))[2]
    want(reports(err) == 2 and err.count("      report_host +0x") >= 2, err)


# ---- what the program must not notice -----------------------------------------------------------------------------------------

@test
def no_child_and_no_signal():
    for helper in (RACE, "/bin/false"):
        status, out, err = run("no_child", helper)
        want(status == 0 and out == "wait 1 0\nown 7 1\n", out)


@test
def handlers_are_left_alone():
    want(run("handlers")[1] == "1 1\n", "changed")


def children_of(pid):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    if f.read().rsplit(")", 1)[1].split()[1] == str(pid):
                        found.append(int(name))
            except OSError:
                pass
    return found


def start(scenario, helper):
    """The program, and what it and its helper write to stderr: the end comes when both have ended."""
    here, there = os.pipe()
    host = subprocess.Popen([HOST, scenario, helper], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=there, cwd=tmp, text=True)
    os.close(there)
    return host, open(here, "rb", buffering=0)


def so_far(f):
    os.set_blocking(f.fileno(), False)
    text = (f.read() or b"").decode()
    os.set_blocking(f.fileno(), True)
    return text


@test
def the_middle_process_is_small_and_apart():
    host, log = start("seen", RACE)
    with log:
        pid = int(host.stdout.readline())
        middle, = children_of(pid)
        helper, = children_of(middle)
        with open(f"/proc/{middle}/smaps_rollup") as f:
            kib = int(re.search(r"Rss:\s+(\d+) kB", f.read()).group(1))
        want(kib < 2000, f"{kib} KiB")
        want(os.listdir(f"/proc/{middle}/fd") == [], "descriptors open in the middle")
        want(sorted(os.listdir(f"/proc/{helper}/fd"))[:5] == list("01234"), "helper's descriptors")
        want(os.readlink(f"/proc/{helper}/cwd") == "/" and os.readlink(f"/proc/{middle}/cwd") == "/", "cwd kept")
        with open(f"/proc/{helper}/environ") as f:
            want(f.read() == "LC_ALL=C\0", "environment")
        with open(f"/proc/{middle}/comm") as f:
            want(f.read() == "race\n", "name")
        want(os.getpgid(helper) != os.getpgid(pid), "in the program's process group")
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE):
            os.kill(helper, sig)
            os.kill(middle, sig)
        host.communicate("x")
        text = log.read().decode()
        want(host.returncode == 0 and reports(text) == 2, text)
        until(lambda: not os.path.exists(f"/proc/{helper}"), name="the end of the helper")
        until(lambda: has_ended(middle), name="the end of the middle process")


@test
def a_killed_helper_is_started_again():
    host, log = start("seen", RACE)
    with log:
        pid = int(host.stdout.readline())
        middle, = children_of(pid)
        helper, = children_of(middle)
        os.kill(helper, signal.SIGKILL)
        until(lambda: not os.path.exists(f"/proc/{helper}"), name="the end of the helper")
        host.communicate("x")
        text = log.read().decode()
        want(host.returncode == 0 and reports(text) == 2 and "host.c:" in text.rsplit("WARNING", 1)[1], text)


# ---- the program dies -----------------------------------------------------------------------------------------------------------

def dies_by(scenario, sig):
    helper, fifo = gate(scenario)
    began = time.monotonic()
    host, log = start(scenario, helper)
    with log:
        tid = int(host.stdout.readline())
        until(lambda: in_call(host.pid, tid, FUTEX), name="the dying thread waits for the report")
        want(so_far(log) == "", "printed before its time")
        open_gate(fifo)
        host.wait(timeout=60)
        text = so_far(log)
        # It waits for 5 s at most; a helper that a busy machine lets wait for longer prints behind its end.
        want(reports(text) == 1 or time.monotonic() > began + 5, "not waited for")
        text += log.read().decode()
        want(host.returncode == -sig, f"status {host.returncode}")
        want(reports(text) == 1 and text.endswith("\n==================\n"), text)
        host.communicate()


@test
def a_fault_waits_for_the_report():
    dies_by("segv", signal.SIGSEGV)


@test
def an_abort_waits_for_the_report():
    dies_by("aborts", signal.SIGABRT)


@test
def a_fault_without_a_helper():
    for helper in ("", "/bin/false"):
        with open(os.path.join(tmp, "bare.log"), "w+b", buffering=0) as log:  # no pipe, which would be full
            host = subprocess.Popen([HOST, "segv_often", helper], env=environment(), stdout=subprocess.PIPE, stderr=log, cwd=tmp)
            host.communicate()
            log.seek(0)
            text = log.read().decode()
            want(host.returncode == -signal.SIGSEGV and reports(text) >= 1, f"status {host.returncode}")
            want(text.endswith("\n==================\n") and text.count("==================\n") == 2 * reports(text), text)


@test
def the_report_comes_although_the_program_was_killed():
    helper, fifo = gate("killed_host")
    host, log = start("once", helper)
    until(lambda: in_call(host.pid, host.pid, PPOLL), name="the record is sent")
    host.kill()
    host.communicate()
    open_gate(fifo)
    with log:
        text = log.read().decode()
    want(reports(text) == 1 and "host.c:" in text and text.endswith("\n==================\n"), text)


# ---- where text goes --------------------------------------------------------------------------------------------------------------

def mine():
    path = os.path.join(tmp, "mine")
    with open(path) as f:
        text = f.read()
    os.unlink(path)
    return text


@test
def descriptors_of_the_program_are_never_written():
    status, out, err = run("closes_all")
    want(status == 0 and out == "1\n", f"status {status}, {out!r}")
    want(reports(err) == 2 and err.endswith("a line\n"), err)
    want(mine() == "", "wrote into the program's file")
    status, out, err = run("loses_stderr")
    want(status == 0 and out == "2\n" and err == "", f"status {status}, {out!r}, {err!r}")
    want(mine() == "", "wrote into the program's file")


@test
def nothing_without_stderr():
    done = subprocess.run(["sh", "-c", f'exec "{HOST}" lines "{RACE}" 2>&-'], env=environment(), capture_output=True)
    want(done.returncode == 0 and done.stdout == b"", done.stdout)


@test
def a_broken_pipe_does_not_kill():
    here, there = os.pipe()
    os.close(here)
    done = subprocess.run([HOST, "broken_pipe", RACE], env=environment(), stdout=subprocess.PIPE, stderr=there)
    os.close(there)
    want(done.returncode == 0 and done.stdout == b"alive\n", f"status {done.returncode}")


def logs(folder):
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as f:
            found[name] = f.read()
    return found


def folder(name):
    path = os.path.join(tmp, name)
    os.mkdir(path)
    return path


@test
def each_process_writes_its_own_log():
    d = folder("logs")
    status, out, err = run("forks", options=f"log_path={d}/log")
    child, parent = out.split()
    found = logs(d)
    want(err == "" and sorted(found) == sorted([f"log.{child}", f"log.{parent}"]), f"{err!r} {found}")
    want(found[f"log.{child}"].startswith("child\n") and reports(found[f"log.{child}"]) == 1, found[f"log.{child}"])
    want(found[f"log.{parent}"].startswith("parent\n") and reports(found[f"log.{parent}"]) == 2, found[f"log.{parent}"])


@test
def a_relative_log_stays_where_the_program_started():
    d = folder("relative")
    run("changes_directory", options="log_path=here", cwd=d)
    found = logs(d)
    want(len(found) == 1 and list(found.values()) == ["a line\n"], found)


@test
def no_log_without_a_line():
    d = folder("empty")
    status, out, err = run("silent", options=f"log_path={d}/log")
    want(err == "" and logs(d) == {}, f"{err!r} {logs(d)}")


@test
def a_log_that_cannot_be_written():
    for path, why in (("/nonexistent/x", "no such file or directory"), ("/etc/passwd/x", "a part of the path is not a directory"),
                      ("/proc/x", None), (tmp + "/", "is a directory")):
        status, out, err = run("lines", options=f"log_path={path}")
        first, rest = err.split("\n", 1)
        want(status == 0 and first.startswith(f"librace: RACE_OPTIONS: log_path={path}: ") and rest == "a line\n", err)
        if why:
            want(first.endswith(why), err)


# ---- suppressions -------------------------------------------------------------------------------------------------------------------

def rules_file(text):
    path = os.path.join(tmp, "rules")
    with open(path, "w") as f:
        f.write(text)
    return "suppressions=" + path


@test
def a_suppressed_report_is_not_printed():
    for helper in (RACE, ""):
        status, out, err = run("rules", helper, rules_file("# mine\nrace:nobody\n\nrace:^user_function$\n"))
        want(out == "1\n", out)
        want(err == "librace: suppression race:nobody (line 2): unused\n"
             "librace: suppression race:^user_function$ (line 4): matched 1\n", err)


@test
def a_rule_by_an_inlined_function_needs_the_helper():
    want(run("rules", RACE, rules_file("race:inlined_call\n"))[1] == "0\n", "not suppressed")


@test
def a_rule_that_does_not_match():
    status, out, err = run("rules", RACE, rules_file("race:nobody\n"))
    want(out == "-1\n" and reports(err) == 1, err)


@test
def bad_rules_are_told_and_the_rest_counts():
    options = rules_file("rase:x\nrace:user_function\n")
    path = options.split("=", 1)[1]
    status, out, err = run("rules", RACE, options)
    want(out == "0\n" and err.startswith(f'librace: {path}:1:1: unknown type "rase", did you mean "race"?'), err)
    for missing, why in (("/nonexistent", "no such file or directory"), (tmp, "is a directory")):
        status, out, err = run("silent", RACE, "suppressions=" + missing)
        want(err == f"librace: RACE_OPTIONS: suppressions={missing}: {why}\n", err)


# ---- the command ----------------------------------------------------------------------------------------------------------------------

def race(*arguments):
    done = subprocess.run([RACE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


@test
def the_command():
    status, out, err = race("--version")
    want(status == 0 and re.fullmatch(r"race \d+\.\d+\.\d+\n", out) and err == "", out)
    status, out, err = race("help")
    want(status == 0 and "`race help VERB`" in out and err == "", out)
    verbs = re.findall(r"^  (\S+)  +\S", out[out.index("\nVerbs"):], re.M)
    want({"run", "report", "check", "symbolize", "help", "--version"} <= set(verbs), verbs)
    for verb in verbs:
        status, text, err = race("help", verb)
        want(status == 0 and text.startswith(f"usage: race {verb}") and err == "", text)
    for arguments in ((), ("hlep",), ("help", "x"), ("help", "a", "b"), ("--version", "x"), ("__helper",),
                      ("__helper", "0", "1"), ("__helper", "x", "y"), ("\033[2J",)):
        status, out, err = race(*arguments)
        want(status == 2 and out == "" and "\033" not in err, f"{arguments}: {status} {out!r} {err!r}")
    with open("/dev/full", "w") as full:
        want(subprocess.run([RACE, "help"], stdout=full, stderr=subprocess.DEVNULL).returncode == 2, "a full disk is not told")


end()
