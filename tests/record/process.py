# SPDX-License-Identifier: MIT
"""What each process leaves, in every stage of its life."""

import calendar
import collections
import glob
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time

from jsonschema import Draft202012Validator

from base import B, ENV, EXAMPLES, LIBRACE, LIFE, SCHEMA, TEXT, NotRun, Run, equal, fingerprint, lonely, read_lines, test, tmp, valid


# ---- shapes -----------------------------------------------------------------------------------------------------------------------------------

@test
def the_schema_is_a_schema_and_the_sample_records_fit_it():
    Draft202012Validator.check_schema(SCHEMA)
    names = glob.glob('tests/reporting/sample/*.jsonl')
    assert len(names) >= 2, names
    for name in names:
        assert read_lines(name)
    with open('tests/reporting/sample/run.json', encoding='utf-8') as f:
        valid(json.load(f))


@test
def the_schema_refuses_what_is_no_record():
    f = Run(LIFE, 'race').of('finding')[0]
    for change in ({'type': 'finding2'}, {'schema': 2}, {'fingerprint': 'xyz'}, {'kind': 'race'}, {'class': None}, {'accesses': []},
                   {'map': {'kind': 'm'}}, {'counts': 1}, {'time': 'today'}, {'confidence': 101}, {'gap_ns': -1}):
        try:
            valid(dict(f, **change))
        except AssertionError:
            continue
        raise AssertionError('it takes %s' % change)


@test
def examples_of_many_libraries_leave_valid_records():
    kinds = {}
    for name in ('annotated', 'environment', 'std_map', 'std_unordered', 'gtree_index', 'destroy_lookup', 'session_unlock', 'client_ids'):
        program = '%s/%s_race' % (EXAMPLES, name)
        assert os.path.exists(program), program
        r = Run(program, options='exitcode=0')
        equal(r.status, 0, name)
        assert r.of('finding'), name
        for f in r.of('finding'):
            equal(f['fingerprint'], fingerprint(f), name)
            assert f['text'] in r.text(), name
            assert f['counts'], name
            marked = [x for a in f['accesses'] for x in a['stack'] if x.get('user')]
            equal(len(marked), f['text'].split('\nMap: ')[0].count(' <--\n'), '%s: marked frames' % name)
            kinds[f['kind']] = f
        end = r.of('end')[0]
        equal(end['races'], len(r.of('finding')), name)
        equal(end['status'], 0, name)
    assert 'data race' in kinds, kinds.keys()


@test
def fixed_examples_leave_a_beginning_and_an_end_and_no_text():
    for name in ('annotated', 'environment', 'std_map', 'std_unordered', 'gtree_index', 'destroy_lookup'):
        r = Run('%s/%s_fixed' % (EXAMPLES, name))
        equal(r.shape(), {'process': 1, 'end': 1}, name)
        equal([f for f in r.files if not f.endswith('.jsonl')], [], name)
        equal((r.status, r.err), (0, ''), name)
        equal([r.of('end')[0][k] for k in ('races', 'misuses', 'reports', 'suppressed', 'status')], [0] * 5, name)


@test
def kinds_of_misuse_have_records_too():
    seen = set()
    torn = [B + '/tests/compound/glib_string_torn', 'torn_insert']
    for program, options in (([EXAMPLES + '/request_cache_race'], 'atomicity=1'), ([EXAMPLES + '/evict_loop_race'], 'misuse=1'),
                             ([LIFE, 'dead'], ''), (torn, 'atomicity=1')):
        r = Run(*program, options=options)
        for f in r.of('finding'):
            seen.add(f['kind'])
            equal(f['fingerprint'], fingerprint(f), program)
            equal('severity' in f, f['kind'] == 'data race', program)
            equal('checked' in f, f['kind'] == 'check then act', program)
        end = r.of('end')[0]
        equal(end['misuses'], sum(f['counts'] and f['kind'] in ('stale iterator', 'check then act') for f in r.of('finding')), program)
    equal(seen, {'data race', 'use of dead map', 'stale iterator', 'check then act'})


@test
def every_field_of_the_process_is_what_it_is():
    before = time.time()
    r = Run(LIFE, 'clean', cwd='/usr')
    p, e = r.of('process')[0], r.of('end')[0]
    equal(p['program'], 'life')
    equal(p['path'], os.path.realpath(LIFE))
    equal(p['command'], [LIFE, 'clean'])
    equal(p['cwd'], '/usr')
    equal(p['ppid'], os.getpid())
    equal((p['host'], p['kernel'], p['machine']), (os.uname().nodename, os.uname().release, os.uname().machine))
    equal(p['options'], "record_dir='%s' " % r.dir)
    equal(r.files, ['life.%d.jsonl' % p['pid']])
    notes = subprocess.run(['readelf', '-n', LIFE], capture_output=True, text=True).stdout
    equal(p['build_id'], re.search(r'Build ID: (\w+)', notes).group(1))
    version = subprocess.run([B + '/race', '--version'], capture_output=True, text=True).stdout.split()[1]
    equal(p['librace'], version)
    if os.path.exists('.git') and 'revision' in p:
        assert re.fullmatch('[0-9a-f]{7,40}', p['revision'])
    start, end = (time.strptime(l['time'][:19] + ' UTC', '%Y-%m-%dT%H:%M:%S %Z') for l in (p, e))
    assert before - 2 < calendar.timegm(start) <= calendar.timegm(end) < time.time() + 2, (p['time'], e['time'])
    assert p['time'] < e['time']


@test
def long_commands_are_cut_and_say_so():
    r = Run(EXAMPLES + '/std_map_fixed', 'é' * 400, '\xff\x1b'.encode('latin-1').decode('latin-1'), *['w%d' % i for i in range(100)])
    p = r.of('process')[0]
    assert p['command_cut'] is True and len(p['command']) == 64, len(p['command'])
    assert len(p['command'][1].encode()) <= 258 and p['command'][1].startswith('ééé')
    r = Run(EXAMPLES + '/std_map_fixed', *['"\\\x01' * 80] * 63)
    assert len(r.of('process')[0]['command']) > 5


@test
def a_finding_says_what_the_program_did():
    f = Run(LIFE, 'race').one()
    now, before = f['accesses']
    equal((f['kind'], f['class'], f['counts'], f['program']), ('data race', 'likely', True, 'life'))
    equal((f['map']['kind'], f['map']['label']), ('seat table', 'seats'))
    equal((now['role'], now['access'], now['key'], now['bucket']), ('current', 'read', {'type': 'string', 'text': 'bob'}, 3))
    equal((before['role'], before['access'], before['key'], before['context']),
          ('previous', 'write', {'type': 'string', 'text': 'alice'}, 'req=71'))
    equal(before['time_ns'] + f['gap_ns'], now['time_ns'])
    assert f['map']['location'].startswith('global table+0x'), f['map']
    for side, name in ((now, 'get'), (before, 'put')):
        marked = [x for x in side['stack'] if x.get('user')]
        equal([x['function'] for x in marked], [name])
        equal(os.path.basename(marked[0]['file']), 'life.c')
        with open('tests/record/life.c') as source:
            assert 'race_' in source.read().split('\n')[marked[0]['line'] - 1], marked[0]
    threads = {t['number']: t for t in f['threads']}
    equal((threads[1]['parent'], threads[2]['parent'], threads[1]['running'], threads[2]['running']), (0, 0, True, True))
    assert any(x.get('function') == 'meet' for x in threads[1]['created']), threads[1]
    names = {m['name']: m for m in f['modules']}
    assert {x['module'] for a in f['accesses'] for x in a['stack']} <= set(names), names.keys()
    equal(names['life']['path'], os.path.realpath(LIFE))


# ---- the life of a process ----------------------------------------------------------------------------------------------------------------------

@test
def a_forked_child_has_its_own_record():
    for how in ('fork', 'fork-in-thread'):
        r = Run(LIFE, how)
        equal(len([f for f in r.files if f.endswith('.jsonl')]), 2, how)
        child = r.of('finding')[0]['pid']
        parent = [p for p in r.of('process') if p['pid'] != child][0]
        equal([p['ppid'] for p in r.of('process') if p['pid'] == child], [parent['pid']], how)
        equal({e['pid']: e['races'] for e in r.of('end')}, {parent['pid']: 0, child: 1}, how)
        equal([f for f in r.files if f.endswith('.txt')], ['life.%d.txt' % child], how)
        equal(r.of('process')[0]['command'], r.of('process')[1]['command'], how)


@test
def a_program_that_becomes_another_goes_on_behind_its_own_lines():
    r = Run(LIFE, 'race', 'exec', 'race')
    equal([l['type'] for l in r.lines], ['process', 'finding', 'process', 'finding', 'end'])
    equal(len({l['pid'] for l in r.lines}), 1)
    equal([p['command'][1:] for p in r.of('process')], [['race', 'exec', 'race'], ['race']])
    equal(r.text().count(TEXT), 2)
    r = Run('/bin/sh', '-c', 'exec "$0" race', LIFE)
    equal(len(r.files), 3)  # sh.PID.jsonl, life.PID.jsonl, life.PID.txt: the same PID
    equal(len({l['pid'] for l in r.lines}), 1)


@test
def a_vfork_leaves_the_parents_record_alone():
    r = Run(LIFE, 'vfork', 'race')
    equal(r.shape(), {'process': 2, 'finding': 1, 'end': 2})
    parent, child = sorted(r.of('process'), key=lambda p: p['ppid'] != os.getpid())
    equal(child['ppid'], parent['pid'])
    equal(r.of('finding')[0]['pid'], child['pid'])


@test
def closed_and_reused_descriptors_are_noticed():
    f = Run(LIFE, 'close-all', 'race').one()
    assert f
    own = tmp + '/own'
    f = Run(LIFE, 'reuse-all', own, 'race').one()
    equal(os.path.getsize(own), 0, "the program's file")


@test
def standard_descriptors_may_be_closed_from_the_start():
    def close():
        os.closerange(0, 3)

    d = tempfile.mkdtemp(dir=tmp)
    p = subprocess.Popen([LIFE, 'race'], env=dict(ENV, LD_PRELOAD=LIBRACE, RACE_OPTIONS='record_dir=' + d), preexec_fn=close)
    equal(p.wait(60), 66)
    lines = read_lines('%s/life.%d.jsonl' % (d, p.pid))
    equal([l['type'] for l in lines], ['process', 'finding', 'end'])
    with open('%s/life.%d.txt' % (d, p.pid)) as f:
        assert lines[1]['text'] in f.read()


@test
def a_relative_directory_is_that_of_the_start():
    d = tempfile.mkdtemp(dir=tmp)
    os.mkdir(d + '/out')
    p = subprocess.run([LIFE, 'chdir', 'race'], cwd=d, env=dict(ENV, LD_PRELOAD=LIBRACE, RACE_OPTIONS='record_dir=out'))
    equal(p.returncode, 66)
    equal(sorted(re.sub(r'\d+', 'N', f) for f in os.listdir(d + '/out')), ['life.N.jsonl', 'life.N.txt'])


@test
def a_chroot_without_rights_keeps_the_open_record():
    if os.getuid() != 0:
        raise NotRun('needs root')
    empty = tempfile.mkdtemp(dir=tmp)
    r = Run(LIFE, 'chroot', empty, 'race')
    if r.status == 77:
        raise NotRun('chroot is not allowed')
    equal(r.shape(), {'process': 1, 'finding': 1, 'end': 1})
    equal(os.listdir(empty), [])
    equal(r.status, 66)
    assert TEXT in r.err and 'record_dir=' in r.err, r.err  # its text found no file any more
    r = Run(LIFE, 'chroot', empty, 'fork')
    equal(r.shape(), {'process': 2, 'finding': 1, 'end': 2})
    equal(len([f for f in r.files if f.endswith('.jsonl')]), 1, 'the child goes on in its parent\'s file')
    equal(len({l['pid'] for l in r.lines}), 2)
    equal(Run(LIFE, 'chroot', empty, 'clean').shape(), {'process': 1, 'end': 1})


@test
def few_descriptors_do():
    r = Run(LIFE, 'few-files', 'race')
    r.one()
    for limit in (6, 5, 4):
        r = Run(LIFE, 'race', preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        assert r.status in (66,), (limit, r.status, r.err)
        assert r.of('finding') or limit < 5, (limit, r.err, r.lines)


@test
def a_limit_of_file_sizes_kills_nobody():
    for librace in (LIBRACE, lonely()):
        d = tempfile.mkdtemp(dir=tmp)
        p = subprocess.run([LIFE, 'race'], env=dict(ENV, LD_PRELOAD=librace, RACE_OPTIONS='record_dir=' + d), capture_output=True, timeout=60,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900)))
        equal((p.returncode, p.stderr), (66, b''))
        with open(glob.glob(d + '/life.*.jsonl')[0], 'rb') as f:
            data = f.read()
        equal(len(data), 900)
        valid(json.loads(data.split(b'\n')[0]))


@test
def a_sandboxed_process_writes_on():
    r = Run(LIFE, 'sandbox')
    if r.status == 77:
        raise NotRun('no seccomp here')
    equal(r.status, 66, r.err)
    f = r.one()
    equal([a['access'] for a in f['accesses']], ['read', 'write'])
    assert r.of('process')[0]['time'] < r.of('end')[0]['time'], 'time in the sandbox'


@test
def without_proc_it_goes_by_the_name_of_the_call():
    d = tempfile.mkdtemp(dir=tmp)
    p = subprocess.run(['unshare', '-m', 'sh', '-c', 'umount -l /proc 2>/dev/null; [ ! -e /proc/self ] || exit 77; '
                        'LD_PRELOAD=$1 RACE_OPTIONS=record_dir=$2 exec $3 race', 'sh', LIBRACE, d, LIFE], env=ENV,
                       capture_output=True, text=True)
    if p.returncode in (1, 77):
        raise NotRun('no mount namespace: ' + p.stderr.strip()[:80])
    equal(p.returncode, 66, p.stderr)
    lines = read_lines(glob.glob(d + '/life.*.jsonl')[0])
    equal([l['type'] for l in lines], ['process', 'finding', 'end'])
    equal(lines[0]['path'], LIFE)


@test
def a_signal_leaves_no_end():
    r = Run(LIFE, 'race', 'kill')
    equal((r.status, [l['type'] for l in r.lines]), (-9, ['process', 'finding']))


@test
def the_end_says_the_status_that_the_process_ends_with():
    equal([Run(LIFE, *steps, options=o).of('end')[0]['status'] for steps, o in (
        (('race',), ''), (('race',), 'exitcode=0'), (('race',), 'exitcode=9'), (('clean', 'status', '3'), ''), (('race', 'status', '4'), ''),
        (('race',), 'halt_on_error=1'))], [66, 0, 9, 3, 4, 66])


@test
def what_is_not_told_is_counted():
    rules = tmp + '/rules'
    with open(rules, 'w') as f:
        f.write('race:put\n')
    r = Run(LIFE, 'race', options='suppressions=' + rules)
    equal((r.shape(), r.status), ({'process': 1, 'end': 1}, 0))
    equal((r.of('end')[0]['suppressed'], r.of('end')[0]['races'], r.of('end')[0]['reports']), (1, 0, 0))
    equal(r.text(), '', 'text')
    equal([f for f in r.files if f.endswith('.txt')], [], 'no file for nothing to say')
    r = Run(LIFE, 'race', options='report=certain')
    equal((r.shape(), r.of('end')[0]['below_level']), ({'process': 1, 'end': 1}, 1))
    r = Run(EXAMPLES + '/std_map_race', options='max_reports=1')
    equal(len(r.of('finding')), 1)


@test
def text_goes_where_log_path_says():
    r = Run(LIFE, 'race', options='log_path=%s/elsewhere' % tmp)
    equal(([re.sub(r'\d+', 'N', f) for f in r.files], r.err), (['life.N.jsonl'], ''))
    assert len(glob.glob(tmp + '/elsewhere.*')) == 1
    r = Run(LIFE, 'race', options='log_path=stderr')
    equal([re.sub(r'\d+', 'N', f) for f in r.files], ['life.N.jsonl'])
    assert r.of('finding')[0]['text'] in r.err


@test
def a_directory_that_cannot_be_used_is_told_in_one_line():
    for name, why in (('/nowhere/at/all', 'no such file or directory'), (LIFE, 'a part of the path is not a directory')):
        for mode in ('clean', 'race'):
            p = subprocess.run([LIFE, mode], env=dict(ENV, LD_PRELOAD=LIBRACE, RACE_OPTIONS='record_dir=' + name), capture_output=True,
                               text=True)
            equal(p.stderr.split('\n')[0], 'librace: RACE_OPTIONS: record_dir=%s: %s' % (name, why))
            equal(TEXT in p.stderr, mode == 'race')
            equal(p.returncode, 66 if mode == 'race' else 0)
            if mode == 'clean':
                equal(p.stderr.count('\n'), 1)


@test
def a_program_with_an_odd_name_has_a_plain_file():
    odd = tmp + '/we ird\x1b[1m%s\udcff.x'
    shutil.copy(LIFE, odd)
    r = Run(odd.encode('utf-8', 'surrogateescape').decode('utf-8', 'surrogateescape'), 'race')
    assert re.fullmatch(r'we_ird__1m_s_\.x\.\d+\.jsonl', r.files[0]), r.files
    equal(r.of('process')[0]['program'], 'we ird\x1b[1m%s\ufffd.x')
    equal(r.of('finding')[0]['program'], r.of('process')[0]['program'])


@test
def processes_at_once_do_not_mix_their_lines():
    d = tempfile.mkdtemp(dir=tmp)
    script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do "$0" race & done; wait'
    Run('/bin/sh', '-c', script, LIFE, keep=d)
    found = collections.Counter()
    for name in glob.glob(d + '/life.*.jsonl'):
        found.update(l['type'] for l in read_lines(name) if l.get('command', [LIFE])[0] == LIFE or l['type'] != 'process')
    equal(found, {'process': 12, 'finding': 12, 'end': 12})
