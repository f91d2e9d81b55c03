#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_logs.py DIR LOGS REPORTS DISTINCT: records as many processes leave them, made from the sample in tests/reporting.

REPORTS in all, DISTINCT of them different findings. The same arguments give the same bytes. They carry no fingerprint: race makes it anew."""

import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, 'tests/reporting/sample/prog.4711.jsonl')


def template():
    with open(SAMPLE, encoding='utf-8') as f:
        process, finding, _, end = f.read().splitlines()
    return process, finding.replace('cache_put', 'put_@@@@@@'), end


def write(folder, logs, reports, distinct, name='prog'):
    process, finding, end = template()
    finding = finding.split('"fingerprint":"a8e2d4cc919d4bd66ea1babdb3f6947a",')
    before, after = finding[0], finding[1].split('put_@@@@@@')
    written = 0
    os.makedirs(folder, exist_ok=True)
    for log in range(logs):
        pid = 10000 + log
        here = reports * (log + 1) // logs - written
        with open('%s/%s.%d.jsonl' % (folder, name, pid), 'w', encoding='utf-8') as f:
            f.write(process.replace('"pid":4711', '"pid":%d' % pid) + '\n')
            for i in range(written, written + here):
                line = before + ('put_%06d' % (i % distinct)).join(after)
                f.write(line.replace('"pid":4711', '"pid":%d' % pid, 1) + '\n')
            f.write(end.replace('"pid":4711', '"pid":%d' % pid) + '\n')
        written += here


if __name__ == '__main__':
    write(sys.argv[1], *map(int, sys.argv[2:5]))
