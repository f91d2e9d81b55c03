# SPDX-License-Identifier: MIT
"""What a finding's line holds: texts, redaction, tags; fingerprints."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile

from base import B, ENV, HERE, LIBRACE, LIFE, Run, equal, fingerprint, lonely, test, tmp, valid


# ---- texts ------------------------------------------------------------------------------------------------------------------------------------

@test
def hostile_names_are_valid_json_and_reach_no_terminal():
    r = Run(LIFE, 'hostile', 'hostile-race')
    f = r.one()
    keys = [a['key']['text'] for a in f['accesses']]
    assert '\x1b[31m"\\\n\ufffd\ufffd \ufffd( \ufffd\ufffd\ufffd \u202e' in keys and '\x9b2J\x7f\t\U0001f600' in keys, keys
    equal(f['map']['kind'], 'ta\x1bble\ufffd')
    equal(f['map']['label'], 'l\x1b[2Jabel\ufffd\ufffd')
    assert any(a.get('context') == '</script><b>\x1b]0;title\x07\ufffd' for a in f['accesses'])
    for text in (f['text'], r.text()):
        assert not re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]', text)


@test
def redaction_takes_texts_out_of_reports_and_records():
    secret = {'keys': ('alice', 'bob'), 'notes': ('req=71',)}
    for redact in ('none', 'keys', 'notes', 'all'):
        for librace in (LIBRACE, lonely()):
            r = Run(LIFE, 'race', options='redact=' + redact, librace=librace)
            f = r.one()
            everything = r.text() + json.dumps(f)
            for what, texts in secret.items():
                for text in texts:
                    equal(text in everything, redact not in (what, 'all'), '%s with redact=%s' % (text, redact))
            if redact in ('keys', 'all'):
                equal([a['key'] for a in f['accesses']], [{'type': 'string', 'text': '[redacted]'}] * 2)
                assert 'Key: [redacted] | previous [redacted]\n' in r.text(), r.text()
            equal(r.of('process')[0]['command'], [LIFE, '[redacted]' if redact == 'all' else 'race'])
            equal(f['fingerprint'], Run(LIFE, 'race').one()['fingerprint']) if librace == LIBRACE else None


@test
def tags_are_in_each_line_and_bad_ones_are_told():
    r = Run(LIFE, 'race', options="tags='suite=nightly,job=12:4 b,empty=,suite=last'")
    want = {'suite': 'last', 'job': '12:4 b', 'empty': ''}
    equal([r.of(t)[0]['tags'] for t in ('process', 'finding')], [want, want])
    equal(Run(LIFE, 'race', options="tags='a=1'", librace=lonely()).one()['tags'], {'a': '1'})
    r = Run(LIFE, 'clean', options="tags='ok=1,no value,\x1bx=2,=3,%s=4'" % ('k' * 65))
    equal(r.of('process')[0]['tags'], {'ok': '1'})
    equal(r.text().count('\n'), 4, r.text())
    assert 'tags: "no value" is left out' in r.text() and '\x1b' not in r.text()
    assert 'tags' not in Run(LIFE, 'clean').of('process')[0]


@test
def a_trace_of_the_environment_is_a_tag():
    good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    equal(Run(LIFE, 'race', env={'TRACEPARENT': good}).one()['tags'], {'traceparent': good})
    equal(Run(LIFE, 'race', env={'TRACEPARENT': good}, options='tags=traceparent=mine').one()['tags'], {'traceparent': 'mine'})
    for bad in (good[:-1], good + '-x', good.upper(), good.replace('0af7651916cd43dd8448eb211c80319c', '0' * 32), 'ff' + good[2:], 'x'):
        r = Run(LIFE, 'race', env={'TRACEPARENT': bad})
        assert 'tags' not in r.one(), bad


@test
def random_records_make_valid_lines_in_any_room():
    out = subprocess.run([HERE + '/render_test', 'random', '7', '700'], capture_output=True)
    equal(out.returncode, 0, out.stderr[-300:])
    lines = out.stdout.decode('utf-8').split('\n')[:-1]
    assert len(lines) > 300, len(lines)
    cut = 0
    for line in lines:
        assert line.startswith('{'), line[:100]
        assert not re.search('[\x00-\x1f\x7f-\x9f]', line)
        f = json.loads(line)
        valid(f)
        cut += f.get('cut', False)
        if not f.get('cut'):
            assert f['text'].endswith('=' * 18 + '\n')
    assert 20 < cut < len(lines), cut


# ---- fingerprints -------------------------------------------------------------------------------------------------------------------------------

def digest_of(message):
    return subprocess.run([HERE + '/render_test', 'sha256'], input=message, capture_output=True, check=True).stdout.decode().strip()


@test
def digests_are_those_of_the_standard():
    for message, digest in ((b'', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
                            (b'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
                            (b'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
                             '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'),
                            (b'a' * 1000000, 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0')):
        equal(hashlib.sha256(message).hexdigest(), digest)
        equal(digest_of(message), digest)
    for n in list(range(130)) + [4095, 4096, 4097]:
        message = random.Random(n).randbytes(n)
        equal(digest_of(message), hashlib.sha256(message).hexdigest(), '%d bytes' % n)


@test
def names_lose_what_compilers_append():
    want = {'foo': 'foo', 'foo.isra.0': 'foo', 'foo.part.3.constprop.12': 'foo', 'foo.cold': 'foo', 'foo.lto_priv.0.cold': 'foo', 'foo.llvm.123': 'foo',
            'foo.isra.x': 'foo.isra.x', '.cold': '.cold', 'foo(int, char)': 'foo', 'a::b(int) const': 'a::b', 'foo(int) [clone .isra.0]': 'foo',
            'foo(int) [clone .isra.0] [clone .cold]': 'foo', 'A::operator()': 'A::operator()', 'A::operator()(int)': 'A::operator()', 'part.1': 'part.1',
            'foo.partial': 'foo.partial'}
    out = subprocess.run([HERE + '/render_test', 'names'], input='\n'.join(want) + '\n', capture_output=True, text=True, check=True).stdout
    equal([l.split('\t')[0] for l in out.split('\n')[:-1]], list(want.values()))
    modules = {'libglib-2.0.so.0.7400.6': 'libglib-2.0', 'prog': 'prog', 'libx.so': 'libx', 'a.sounds': 'a.sounds', 'x.so.y.so.1': 'x'}
    out = subprocess.run([HERE + '/render_test', 'names'], input='\n'.join(modules) + '\n', capture_output=True, text=True, check=True).stdout
    equal([l.split('\t')[1] for l in out.split('\n')[:-1]], list(modules.values()))


@test
def the_same_finding_has_the_same_fingerprint():
    f = Run(LIFE, 'race').one()
    equal(f['fingerprint'], fingerprint(f))
    for what, command in (('another run', (LIFE, 'race')), ('the other side first', (LIFE, 'swapped', 'race')),
                          ('other lines', (HERE + '/shifted/life', 'race')), ('a forked child', (LIFE, 'fork')), ('an exec', (LIFE, 'exec', 'race'))):
        other = Run(*command).of('finding')[0]
        equal((other['fingerprint'], other['fingerprint']), (f['fingerprint'], fingerprint(other)), what)
        lines = [[x.get('line') for x in a['stack']] for a in other['accesses']]
        if what == 'other lines':
            assert lines != [[x.get('line') for x in a['stack']] for a in f['accesses']]
            assert [m['build_id'] for m in other['modules'] if m['name'] == 'life'] != \
                [m['build_id'] for m in f['modules'] if m['name'] == 'life']
        if what == 'the other side first':
            equal([a['access'] for a in other['accesses']], ['write', 'read'])
    fork_in_thread = Run(LIFE, 'fork-in-thread').of('finding')[0]
    equal(fork_in_thread['fingerprint'], f['fingerprint'], 'what lies below a thread does not count')
    sandbox = Run(LIFE, 'sandbox').of('finding')
    assert all(x['fingerprint'] != f['fingerprint'] for x in sandbox), 'another call chain is another finding'


@test
def readers_come_to_the_same_fingerprint_whatever_the_program_is_called():
    for name in (b'odd\n\x9b\xff\xe2\x80\xae "name', b'plain'):
        program = os.path.join(os.fsencode(tempfile.mkdtemp(dir=tmp)), name)
        shutil.copy(LIFE, program)
        for librace in (LIBRACE, lonely()):
            r = Run(os.fsdecode(program), 'race', librace=librace)
            f = r.of('finding')[0]
            equal(f['fingerprint'], fingerprint(f), name)
            gate = subprocess.run([B + '/race', 'gate', '--config', '', r.dir], env=ENV, capture_output=True, text=True, timeout=60)
            equal((gate.returncode, gate.stderr), (66, ''), name)
            assert f['fingerprint'][:12] in gate.stdout, gate.stdout


@test
def a_kind_of_map_makes_another_finding():
    assert Run(LIFE, 'hostile', 'hostile-race').one()['fingerprint'] != Run(LIFE, 'race').one()['fingerprint']
