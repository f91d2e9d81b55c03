# SPDX-License-Identifier: MIT
"""Directories of records for the page: the sample, an empty run, nothing at all, hostile texts, thousands of findings."""

import copy
import json
import os
import shutil

SAMPLE = 'tests/reporting/sample'

# Each would do something if it got into a page as it is.
HOSTILE = [
    '</script><script>window.broken=1</script>',
    '"><img src=x onerror="window.broken=1">',
    '</noscript><svg onload="window.broken=1">',
    "' autofocus onfocus='window.broken=1' x='",
    '</style></title></textarea><script>window.broken=1</script>',
    '<!--<script>window.broken=1</script>-->]]>',
    '<iframe src="javascript:parent.broken=1"></iframe>&lt;b&gt;&#x3c;script&#x3e;',
    '{{script}}{{findings}}\u2028window.broken=1\u2029',
    '\u202egnp.c\u2066evil\u2069 \u0627\u0644\u0639\u0631\u0628\u064a\u0629',
    'std::map<std::string, std::vector<' + 'Very::Long::Name<int>, ' * 60 + '>>::operator[]',
]


def sample():
    lines = []
    for name in sorted(os.listdir(SAMPLE)):
        if name.endswith('.jsonl'):
            with open(os.path.join(SAMPLE, name)) as f:
                for line in f:
                    try:
                        lines.append(json.loads(line))
                    except ValueError:
                        pass
    return lines


def first(kind):
    return copy.deepcopy(next(o for o in sample() if o['type'] == kind))


def write(where, name, records):
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, name), 'w') as f:
        for r in records:
            f.write(json.dumps(r, ensure_ascii=False) + '\n')


def run(where, **change):
    with open(os.path.join(SAMPLE, 'run.json')) as f:
        o = json.load(f)
    o.update(change)
    with open(os.path.join(where, 'run.json'), 'w') as f:
        json.dump(o, f)


def end(pid):
    return {'type': 'end', 'schema': 1, 'pid': pid, 'time': '2026-11-20T08:15:31.500000000Z', 'status': 0, 'races': 0, 'misuses': 0, 'reports': 0,
            'suppressed': 0, 'below_level': 0, 'repeated': 0}


def make_sample(where):
    shutil.copytree(SAMPLE, where)


def make_empty(where):
    p = first('process')
    write(where, 'prog.%d.jsonl' % p['pid'], [p, end(p['pid'])])
    run(where)


def make_nothing(where):
    os.makedirs(where)
    run(where)


def poison(value, n):
    """Every text of a record replaced by a hostile one, each by another; what is a word of a closed list, or a time, stays."""
    keep = ('type', 'fingerprint', 'kind', 'class', 'severity', 'role', 'access', 'lacks', 'offset', 'address', 'base', 'build_id', 'time', 'schema')
    if isinstance(value, dict):
        return {k: v if k in keep and not (k == 'kind' and 'entries' in value) else poison(v, n) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, n) for v in value]
    if isinstance(value, str):
        n[0] += 1
        return HOSTILE[n[0] % len(HOSTILE)]
    return value


def make_hostile(where):
    n = [0]
    p = first('process')
    p['program'] = p['path'] = HOSTILE[1]
    p['command'] = HOSTILE
    p['host'] = HOSTILE[0]
    p['tags'] = {'suite': HOSTILE[2]}
    records = [p]
    for i in range(len(HOSTILE)):
        n[0] = i
        f = poison(first('finding'), n)
        f['kind'] = 'data race'
        f['sequence'] = i
        records.append(f)
    write(where, 'prog.%d.jsonl' % p['pid'], records)
    run(where, command=HOSTILE, host=HOSTILE[0], branch=HOSTILE[1], revision=HOSTILE[3], started=HOSTILE[4], tags={'a': HOSTILE[5]})


CLASSES = ['certain', 'likely', 'likely', 'likely']


def make_many(where, count=5000):
    p = first('process')
    f = first('finding')
    records = [p]
    for i in range(count):
        o = copy.deepcopy(f)
        o['sequence'] = i + 1
        o['class'] = CLASSES[i % len(CLASSES)]
        o['gap_ns'] = i * 137
        o['map']['label'] = 'table %d' % (i % 40)
        o['accesses'][0]['stack'][1]['function'] = 'put_%05d' % i
        o['accesses'][0]['stack'][1]['line'] = i + 1
        o['text'] = o['text'].replace('cache_put', 'put_%05d' % i)
        records.append(o)
    records.append(end(p['pid']))
    write(where, 'prog.%d.jsonl' % p['pid'], records)
    run(where)


MAKERS = {'sample': make_sample, 'empty': make_empty, 'nothing': make_nothing, 'hostile': make_hostile, 'many': make_many}
