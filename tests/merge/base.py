# SPDX-License-Identifier: MIT
"""What the tests of merging share: a folder, the command, records of the examples, the sample as lines."""

import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rig  # noqa: E402
from rig import B, ENV, LIBRACE, RACE, end, equal, test, tmp  # noqa: E402,F401: some are for the check

ASAN = B + '/tests/tool/race_asan'
SAMPLE = 'tests/reporting/sample'


def race(*args, **more):
    status, out, err = rig.race(*args, **more)
    return status, out, err.decode()


def good(*args, **more):
    status, out, err = race(*args, **more)
    equal((status, err), (0, ''), ' '.join(map(str, args)))
    return out


def document(*args, **more):
    return json.loads(good('report', '--all', '--format=json', *args, **more))


def place(name):
    path = os.path.join(tmp, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write(name, data):
    path = place(name)
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def record_example(name, folder, options='', program=None):
    folder = place(folder + '/x')[:-2]
    env = dict(ENV, LD_PRELOAD=LIBRACE, RACE_OPTIONS='exitcode=0 %s record_dir=%s' % (options, folder))
    subprocess.run([program or B + '/examples/' + name], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                   check=True)
    return folder


RACY = ['request_cache_race', 'gtree_index_race', 'destroy_lookup_race', 'scan_threads_race']
for example in RACY + ['request_cache_fixed']:
    RUN = record_example(example, 'run')
with open(SAMPLE + '/prog.4711.jsonl', 'rb') as f:
    PROCESS, FINDING, OTHER, END = f.read().splitlines(keepends=True)
# whatever is changed below, a fingerprint that is not of the stacks would be told, which is another test's matter
FINDING, OTHER = (re.sub(rb'"fingerprint":"[0-9a-f]*",', b'', line) for line in (FINDING, OTHER))
WHOLE = PROCESS + FINDING + OTHER + END
CLEAN = PROCESS + END.replace(b'"reports":2', b'"reports":0')


def texts_of(doc):
    return sorted(f['text'] for f in doc['findings'])


def only_text(data):
    """No byte that a terminal could obey."""
    text = data if isinstance(data, str) else data.decode()
    bad = [c for c in text if (ord(c) < 32 and c != '\n') or 0x7f <= ord(c) < 0xa0 or 0x2028 <= ord(c) <= 0x202e]
    assert not bad, 'control characters: %r' % bad[:5]
