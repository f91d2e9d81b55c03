#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules that the compiler does not know: who may include whom, licence lines, length of files, marks left behind.

Prints one line a test. A file is named with its line, so that an editor can go there.
"""

import os
import re
import sys

SOURCE = ('.c', '.h', '.cc', '.cpp', '.hh', '.def', '.py', '.sh', '.mk', '.scd')
NO_SUFFIX = ('Makefile', 'check', 'run', '.clang-format')
SKIP_DIRS = {'.git', 'build', 'librace.out', '__pycache__'}
LONGEST = 800

# Layer of a file: the first prefix that fits. A layer may include what is listed for it (and the system's headers).
LAYERS = [
    ('preload/sys/', 'sys'),
    ('preload/engine/record.h', 'record'),
    ('preload/trace_format.h', 'record'),
    ('preload/engine/', 'engine'),
    ('preload/unwind/', 'unwind'),
    ('preload/', 'preload'),
    ('hooks/', 'hooks'),
    ('report/check', 'check'),
    ('report/symbolize/object_asked', 'check'),
    ('report/', 'report'),
    ('include/', 'include'),
]
MAY_INCLUDE = {
    'sys': {'sys'},
    'record': {'sys'},
    'engine': {'sys', 'record', 'engine'},
    'unwind': {'sys', 'engine', 'unwind'},
    # preload renders a record itself when there is no helper
    'preload': {'sys', 'record', 'engine', 'unwind', 'preload', 'report'},
    'hooks': {'sys', 'record', 'engine', 'unwind', 'preload', 'hooks', 'include'},
    'report': {'sys', 'record', 'report', 'check'},
    # reads the hooks' own tables and machine code, and decides as the preload does
    'check': {'sys', 'engine', 'preload', 'hooks', 'report', 'check'},
    'include': {'include'},
}
# Headers whose functions allocate, keep locale, or write through buffers of the program.
NOT_IN_HOST = {'stdio.h', 'locale.h', 'wchar.h', 'iconv.h', 'syslog.h', 'glib.h'}
# Linked into librace.so although it lies in report/.
HOST_REPORT = {'report/text.c', 'report/verdict.c', 'report/suppress.c', 'report/report.h', 'report/words.h',
               'report/json.c', 'report/json_finding.c', 'report/json.h', 'report/fingerprint.c', 'report/fingerprint.h'}

failed = False


def result(name, bad):
    global failed
    if bad:
        failed = True
        print('not ok %s: %s%s' % (name, '; '.join(bad[:8]), ' (and %d more)' % (len(bad) - 8) if len(bad) > 8 else ''))
    else:
        print('ok ' + name)


def files():
    for here, dirs, names in os.walk('.'):
        dirs[:] = sorted(d for d in dirs if d not in SKIP_DIRS)
        for name in sorted(names):
            path = os.path.relpath(os.path.join(here, name), '.')
            if name.endswith(SOURCE) or name in NO_SUFFIX:
                yield path


def layer_of(path):
    for prefix, layer in LAYERS:
        if path.startswith(prefix):
            return layer
    return None


def check_includes(texts):
    wrong, lost, host = [], [], []
    for path, text in texts.items():
        mine = layer_of(path)
        for number, line in enumerate(text.split('\n'), 1):
            m = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if not m:
                continue
            where = '%s:%d' % (path, number)
            if m.group(1) == '<':
                in_host = (mine and mine not in ('report', 'check', 'include')) or path in HOST_REPORT
                if in_host and m.group(2) in NOT_IN_HOST:
                    host.append('%s includes <%s>' % (where, m.group(2)))
                continue
            if not mine:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(path), m.group(2)))
            if not os.path.exists(target):
                lost.append('%s: "%s" is not found from there' % (where, m.group(2)))
                continue
            theirs = layer_of(target)
            if theirs not in MAY_INCLUDE[mine]:
                wrong.append('%s (%s) includes %s (%s)' % (where, mine, target, theirs))
    result('includes_point_downwards', wrong)
    result('includes_are_found_from_their_file', lost)
    result('host_code_includes_no_header_that_allocates', host)


def main():
    texts = {}
    for path in files():
        with open(path, encoding='utf-8') as f:
            texts[path] = f.read()
    if not texts:
        result('there_are_sources', ['none found in ' + os.getcwd()])
        return

    result('every_source_names_its_licence',
           [p for p, t in texts.items() if 'SPDX-License-Identifier: MIT' not in '\n'.join(t.split('\n')[:3])])
    result('no_source_is_longer_than_%d_lines' % LONGEST,
           ['%s has %d' % (p, t.count('\n')) for p, t in texts.items() if t.count('\n') > LONGEST])
    mark = re.compile(r'\b(' + '|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' * 3, 'HA' + 'CK')) + r')\b')
    result('no_mark_is_left_behind',
           ['%s:%d' % (p, n) for p, t in texts.items() for n, line in enumerate(t.split('\n'), 1) if mark.search(line)])
    code = {p: t for p, t in texts.items() if p.endswith(('.c', '.h', '.def', '.cc'))}
    result('no_trailing_white_space',
           ['%s:%d' % (p, n) for p, t in texts.items() for n, line in enumerate(t.split('\n'), 1)
            if line != line.rstrip()])
    result('every_file_ends_with_a_newline', [p for p, t in texts.items() if not t.endswith('\n')])
    result('no_c_file_is_included',
           ['%s:%d' % (p, n) for p, t in code.items() for n, line in enumerate(t.split('\n'), 1)
            if re.match(r'\s*#\s*include\s*"[^"]*\.c"', line)])
    check_includes(code)


main()
sys.exit(1 if failed else 0)
