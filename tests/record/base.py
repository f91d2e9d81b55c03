# SPDX-License-Identifier: MIT
"""What the tests of records share: runs, lines by the schema, fingerprints by a second implementation."""


import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from jsonschema import Draft202012Validator

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from rig import B, ENV, LIBRACE, NotRun, end, equal, test, tmp, until  # noqa: E402,F401: some are for the tests

HERE, EXAMPLES = B + '/tests/record', B + '/examples'
LIFE = HERE + '/life'
TEXT = '=' * 18 + '\nWARNING: '
os.chmod(tmp, 0o755)

with open('docs/schema/record.schema.json', encoding='utf-8') as f:
    SCHEMA = json.load(f)
VALIDATOR = Draft202012Validator(SCHEMA)


def valid(value):
    if VALIDATOR.is_valid(value):
        return
    kind = value.get('type') if value.get('type') in ('process', 'finding', 'end', 'run') else 'finding'
    one = Draft202012Validator(dict(SCHEMA, oneOf=[], **{'$ref': '#/$defs/' + kind}))
    one.schema.pop('oneOf')
    why = ['%s: %s' % (list(e.absolute_path), e.message[:200]) for e in one.iter_errors(value)]
    raise AssertionError(why[0] if why else 'it is valid in more than one way')


def read_lines(path):
    """The lines of a record: strictly UTF-8, strictly JSON, no member twice, valid by the schema."""
    def unique(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), 'a member twice: %s' % names
        return dict(pairs)

    with open(path, 'rb') as f:
        data = f.read()
    assert data.endswith(b'\n'), 'the last line of %s has no end' % path
    out = []
    for line in data.decode('utf-8').split('\n')[:-1]:
        assert not re.search('[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]', line), 'a control character as it is: %r' % line[:200]
        value = json.loads(line, object_pairs_hook=unique, parse_constant=lambda c: 1 / 0)
        valid(value)
        out.append(value)
    return out


class Run:
    """One command under librace with a record directory of its own."""

    def __init__(self, *command, options='', librace=LIBRACE, env=None, room=None, keep=None, **more):
        self.dir = keep or tempfile.mkdtemp(dir=tmp)
        if room:
            os.chmod(self.dir, room)
        e = dict(ENV, LD_PRELOAD=librace, RACE_OPTIONS="record_dir='%s' %s" % (self.dir, options), **(env or {}))
        p = subprocess.run([str(c) for c in command], env=e, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=60, **more)
        self.status, self.out, self.err = p.returncode, p.stdout.decode('utf-8', 'replace'), p.stderr.decode('utf-8', 'replace')
        self.files = sorted(os.listdir(self.dir))
        self.lines = [l for f in self.files if f.endswith('.jsonl') for l in read_lines(self.dir + '/' + f)]

    def of(self, kind):
        return [l for l in self.lines if l['type'] == kind]

    def text(self):
        out = ''
        for f in self.files:
            if f.endswith('.txt'):
                with open(self.dir + '/' + f, encoding='utf-8') as t:
                    out += t.read()
        return out

    def shape(self):
        return collections.Counter(l['type'] for l in self.lines)

    def one(self):
        """The only finding, of a process with a beginning and an end, which is told by text as well."""
        equal(self.shape(), {'process': 1, 'finding': 1, 'end': 1}, 'lines')
        equal([l['type'] for l in self.lines], ['process', 'finding', 'end'], 'order')
        f = self.of('finding')[0]
        assert f['text'].startswith(TEXT) and f['text'] in self.text(), 'the text is another one'
        equal(len({l['pid'] for l in self.lines}), 1, 'pids')
        equal(self.err, '', 'standard error')
        return f


# ---- a second implementation of docs/RECORD.md, "Fingerprints" --------------------------------------------------------------------------

START_MODULES = ('libc', 'libpthread', 'ld-linux-x86-64', 'linux-vdso')
START_NAMES = ('_start', 'start_thread', 'clone', 'clone3', '__libc_start_main', '__libc_start_call_main')
STARTERS = ('libstdc++', 'libc++', 'libglib-2.0', 'libgomp', 'libomp', 'libQt5Core', 'libQt6Core', 'libuv')
STARTER_NAMES = ('execute_native_thread_routine', 'g_thread_proxy', 'g_thread_pool_thread_proxy', 'gomp_thread_start')


def stem(module):
    return re.split(r'\.so(?:\.|$)', module, maxsplit=1)[0]


def shown(name):
    return re.sub('[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]', lambda m: ''.join('\\x%02x' % b for b in m.group().encode()), name)


def chain(stack, ids):
    counted, last_user, last_starter = [], 0, 0
    for frame in stack:
        name, module = frame.get('function', ''), stem(frame.get('module', ''))
        if module == 'librace':
            continue
        name = re.sub(r'(\.(isra|part|constprop|cold|lto_priv|llvm)(\.\d+)?)+$', '', name)
        if name:
            counted.append(b'f%s\0%s\0' % (shown(name).encode(), shown(module).encode()))
        else:
            counted.append(b'a%s\0%x\0' % ((ids.get(frame.get('module')) or module).encode(), int(frame['address'], 16)))
        start = module in START_MODULES or name in START_NAMES
        starter = module in STARTERS or name in STARTER_NAMES
        if not start:
            last_starter = len(counted)
        if not start and not starter and len(counted) > 1:
            last_user = len(counted)
    end = last_user or max(last_starter, 1)
    return hashlib.sha256(b''.join(counted[:end])).digest()


def fingerprint(f):
    ids = {m['name']: m.get('build_id') for m in f['modules']}
    sides = sorted(chain(a['stack'], ids) for a in f['accesses'])
    kind = f['kind'].upper()
    return hashlib.sha256(b'librace finding 1\0' + kind.encode() + b'\0' + f['map']['kind'].encode() + b'\0' + b''.join(sides)).hexdigest()[:32]


# ---- helpers

def lonely():
    """librace.so without its helper."""
    if os.path.exists('/usr/local/bin/race'):
        raise NotRun('race is installed')
    d = tmp + '/lonely'
    os.makedirs(d, exist_ok=True)
    shutil.copy(LIBRACE, d)
    return d + '/librace.so'


def with_helper(name, body):
    d = tempfile.mkdtemp(dir=tmp)
    shutil.copy(LIBRACE, d)
    with open(d + '/race', 'w') as f:
        f.write(body)
    os.chmod(d + '/race', 0o755)
    return d + '/librace.so'
