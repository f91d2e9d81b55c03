#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py RACE: 1,000 logs with 100,000 reports, half of them different findings, then all of them; into a temporary folder (0.4 GB).
Prints seconds, processor seconds and peak memory of each command; status 1 when one misses the limit (10 s, 500 MB)."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_logs

LOGS, REPORTS = 1000, 100000
SECONDS, MEGABYTES = 10, 500


def measure(args):
    with open(os.devnull, 'wb') as null:
        start = time.monotonic()
        child = subprocess.Popen(args, stdout=null, stderr=subprocess.PIPE)
        said = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, child.returncode, said


def main():
    race = os.path.abspath(sys.argv[1])
    missed = False
    folder = tempfile.mkdtemp(prefix='race-bench.')
    try:
        print('| findings | command | s | cpu s | MB |\n|---:|---|---:|---:|---:|')
        for distinct in (REPORTS // 2, REPORTS):
            make_logs.write(folder + '/logs', LOGS, REPORTS, distinct)
            for command in (['report', '--format=json'], ['report', '--format=jsonl'], ['report', '--format=text'], ['gate']):
                seconds, cpu, megabytes, status, said = measure([race] + command + [folder + '/logs'])
                if status == 2 and command == ['gate'] and b'unknown verb' in said:
                    continue
                bad = seconds > SECONDS or megabytes > MEGABYTES or status not in (0, 66)
                missed = missed or bad
                print('| %s | `race %s` | %.1f | %.1f | %.0f |%s' % (format(distinct, ','), ' '.join(command), seconds, cpu, megabytes,
                                                                  ' missed: status %d %s' % (status, said[:200]) if bad else ''))
                sys.stdout.flush()
    finally:
        shutil.rmtree(folder)
    return 1 if missed else 0


sys.exit(main())
