# SPDX-License-Identifier: MIT
"""Who writes the line: the helper, the process itself, one of them after the other died; and commands for reports."""

import glob
import json
import os
import subprocess
import tempfile
import time

import slow
from base import ENV, EXAMPLES, LIBRACE, LIFE, TEXT, Run, equal, fingerprint, lonely, with_helper, read_lines, test, tmp, until, valid


# ---- helpers ------------------------------------------------------------------------------------------------------------------------------------

FAKE = '''#!/usr/bin/python3
import os, socket, struct, sys
assert sys.argv[1:] == ['__helper', '3', '4', '5'], sys.argv
s = socket.socket(fileno=3)
def body():
    head = b''
    while len(head) < 12:
        head += s.recv(12 - len(head)) or os._exit(0)
    magic, kind, n = struct.unpack('III', head)
    data = b''
    while len(data) < n:
        data += s.recv(n - len(data))
    return kind, data
while True:
    kind, data = body()
    if kind == 2:
        break
sequence = struct.unpack_from('I', data, 12)[0]
def say(kind):
    s.sendall(struct.pack('III', 0x5248454c, kind, 12) + struct.pack('Iii', sequence, -1, 0))
line = ('{"type":"finding","x":"\\\\"sequence\\\\":%d,","sequence":%d,"mine":true}' % (sequence + 1, sequence)).encode()
'''


def raw(r_dir):
    path = glob.glob(r_dir + '/life.*.jsonl')[0]
    with open(path, 'rb') as f:
        return f.read().split(b'\n')


def run_raw(librace, *command):
    d = tempfile.mkdtemp(dir=tmp)
    p = subprocess.run(command, env=dict(ENV, LD_PRELOAD=librace, RACE_OPTIONS='record_dir=' + d), capture_output=True, text=True, timeout=60)
    return p, d


@test
def without_a_helper_the_process_writes_its_own_lines():
    f = Run(LIFE, 'race', librace=lonely()).one()
    equal(f['fingerprint'], fingerprint(f))
    assert all('file' not in x for a in f['accesses'] for x in a['stack'])
    f = Run(EXAMPLES + '/environment_race', librace=lonely()).one()
    assert [a['stack'][0]['function'] for a in f['accesses']] == [a['operation'] for a in f['accesses']], f['accesses']
    r = Run(EXAMPLES + '/std_map_race', librace=lonely())
    assert r.of('finding') and all(x['fingerprint'] == fingerprint(x) for x in r.of('finding'))


@test
def a_helper_that_dies_early_loses_nothing():
    for body in ('#!/bin/sh\nexit 0\n', FAKE + 'os._exit(0)\n'):
        r = Run(LIFE, 'race', librace=with_helper('early', body))
        r.one()


@test
def a_helper_that_dies_while_writing_loses_no_line_and_doubles_none():
    after = {
        'nothing was written': ('say(4); os._exit(0)\n', 0),
        'the line was written': ('say(4); os.write(5, line + b"\\n"); os._exit(0)\n', 1),
        'half a line was written': ('say(4); os.write(5, line[:-5]); os._exit(0)\n', 0),
        'half of its beginning was written': ('say(4); os.write(5, line[:9]); os._exit(0)\n', 0),
        'it was done': ('say(4); os.write(5, line + b"\\n"); say(3); os._exit(0)\n', 1),
    }
    for what, (body, theirs) in after.items():
        p, d = run_raw(with_helper('late', FAKE + body), LIFE, 'race')
        equal(p.returncode, 66, what)
        whole = []
        for line in raw(d):
            try:
                whole.append(json.loads(line))
            except ValueError:
                pass
        findings = [l for l in whole if l['type'] == 'finding']
        equal(len(findings), 1, what)
        equal(sum(l.get('mine', False) for l in findings), theirs, what)
        equal([l['type'] for l in whole], ['process', 'finding', 'end'], what)
        if not theirs:
            valid(findings[0])


# ---- a command for each report -------------------------------------------------------------------------------------------------------------------

def appears(path):
    return until(lambda: os.path.exists(path))


@test
def a_command_is_run_for_each_report():
    d = tempfile.mkdtemp(dir=tmp)
    command = 'cat >%s/$RACE_FINGERPRINT.part; env >%s/env; pwd >%s/pwd; mv %s/$RACE_FINGERPRINT.part %s/$RACE_FINGERPRINT' % (d, d, d, d, d)
    r = Run(LIFE, 'race', options='on_report="%s"' % command)
    f = r.one()
    appears(d + '/' + f['fingerprint'])
    equal(read_lines(d + '/' + f['fingerprint']), [f])
    with open(d + '/env') as e:
        env = dict(l.rstrip('\n').split('=', 1) for l in e)
    for own in ('PWD', 'SHLVL', '_', 'OLDPWD'):
        env.pop(own, None)
    equal(sorted(env), ['LC_ALL', 'PATH', 'RACE_FINGERPRINT', 'RACE_KIND', 'RACE_PID', 'RACE_PROGRAM'])
    equal((env['RACE_KIND'], env['RACE_PID'], env['RACE_PROGRAM']), ('data race', str(f['pid']), 'life'))
    with open(d + '/pwd') as e:
        equal(e.read(), '/\n')


@test
def a_command_needs_no_record_and_runs_for_no_clean_program():
    d = tempfile.mkdtemp(dir=tmp)
    for mode, there in (('clean', False), ('race', True)):
        p = subprocess.run([LIFE, mode], env=dict(ENV, LD_PRELOAD=LIBRACE, RACE_OPTIONS='on_report="touch %s/%s"' % (d, mode)), capture_output=True,
                           text=True)
        if there:
            appears(d + '/race')
            assert TEXT in p.stderr
    equal(os.listdir(d), ['race'])


@test
def a_slow_command_holds_nobody_up():
    d = tempfile.mkdtemp(dir=tmp)
    os.mkfifo(d + '/gate')
    # The helper, and with it the output of the program, is waited for by nobody; its commands hang at the gate. That they pass it when it
    # opens tells that nobody waited for them: that would have lasted until their time was over and they were killed.
    r = Run('/bin/sh', '-c', '"$0" race; "$0" race', LIFE, options='exitcode=0 on_report="read x <%s/gate; touch %s/$RACE_PID"' % (d, d))
    equal(len(r.of('finding')), 2)
    equal([f for f in os.listdir(d) if f != 'gate'], [])
    pids = [str(f['pid']) for f in r.of('finding')]
    gate = os.open(d + '/gate', os.O_RDWR)  # for writing alone it would wait for a reader, and there may be none any more
    try:
        os.write(gate, b'go\n' * 2)
        until(lambda: set(pids) <= set(os.listdir(d)))
    finally:
        os.close(gate)


@test
def a_command_is_killed_with_its_children_when_its_time_is_over():
    equal(len(slow.processes), 2)
    ended = any(slow.has_ended(p) for p in slow.processes)  # looked at before the clock
    assert not ended or time.monotonic() - slow.start >= 30, 'it was killed too early'
    until(lambda: all(slow.has_ended(p) for p in slow.processes), 90)
