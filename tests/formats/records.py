# SPDX-License-Identifier: MIT
"""Records to render: the sample, and what is made of it."""

import copy
import json
import os

SAMPLE = 'tests/reporting/sample'

HOSTILE = [
    'quotes " \' \\ and `ticks` ``` end',
    '<script>alert(1)</script><img src=x onerror=alert(2)>',
    '%0A::error file=x,line=1::pwned',
    '::error::pwned',
    'line\n::warning title=pwned::pwned\r\n::stop-commands::x',
    '##[error]pwned ##[set-output name=a]b',
    'right\u202eto left\u2066\u200b\u200f',
    'red \x1b[31m \x9b31m \x07\x08 bell',
    'bars | and \\| and \\\\| more \\',
    '[link](javascript:alert(1)) ![image](x.png) <a href="x">y</a> www.example.com',
    '# heading *bold* _em_ ~~gone~~ &lt; &#60; <!-- --> ]]> <![CDATA[',
    '`', '``', ' ', '...', '-', '\ufffe\uffff', '\U0001f600 \U000e0041 emoji', '--format=html', '$(touch pwned) ; `id`',
    '../../etc/passwd', '//host/share/a.c', 'file:///etc/passwd', 'C:\\x\\y.c', 'a b#c?d%20e.c', 'x' * 5000,
]


def lines(name):
    with open(os.path.join(SAMPLE, name), encoding='utf-8') as f:
        return [json.loads(line) for line in f]


def finding(**changes):
    """The sample's first finding, with members replaced."""
    made = copy.deepcopy([r for r in lines('prog.4711.jsonl') if r['type'] == 'finding'][0])
    made.update(changes)
    return made


def process(pid=4711, program='prog'):
    made = copy.deepcopy(lines('prog.4711.jsonl')[0])
    made.update(pid=pid, program=program, path='/src/build/' + program)
    return made


def end(pid=4711, reports=1):
    made = copy.deepcopy(lines('prog.4711.jsonl')[-1])
    made.update(pid=pid, reports=reports, races=reports)
    return made


def write(folder, findings, name='prog.4711.jsonl'):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
        for record in [process()] + findings + [end(reports=len(findings))]:
            f.write(json.dumps(record) + '\n')
    return folder


def renamed(function, **changes):
    """A finding of its own: the user's frame of the current access is another function."""
    made = finding(**changes)
    made['accesses'][0]['stack'][1]['function'] = function
    return made


def frame(function, line=1, **more):
    return dict({'function': function, 'file': '/src/%s.c' % function, 'line': line, 'module': 'prog', 'offset': '0x10',
                 'address': '0x1010', 'user': True}, **more)


def access(role, operation, write, function, locks=(), thread=0, **more):
    """An access whose stack is the operation, called by one function of the user's."""
    return dict({'role': role, 'access': 'write' if write else 'read', 'operation': operation, 'thread': thread, 'locks_held': len(locks),
                 'locks': list(locks), 'time_ns': 91000000000,
                 'stack': [{'function': operation, 'module': 'libglib-2.0.so.0.7400.6', 'offset': '0x49f10', 'address': '0x49f10',
                            'system': True}, frame(function)]}, **more)


def between(now, before, **changes):
    made = finding(accesses=[now, before], evidence=[], **changes)
    if 'usual_lock' not in changes:
        made.pop('usual_lock')
    return made


def poisoned(value, text, keep=('type', 'role', 'access', 'schema', 'kind', 'class', 'severity', 'time', 'fingerprint', 'offset', 'address',
                                'build_id', 'base', 'lacks')):
    """Every free text of a record is `text`."""
    if isinstance(value, dict):
        return {k: v if k in keep else poisoned(v, text, keep) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, text, keep) for v in value]
    return text if isinstance(value, str) else value


def hostile(folder):
    """One file of findings; each is poisoned with one text, and all differ by their functions."""
    made = []
    for i, text in enumerate(HOSTILE):
        bad = poisoned(finding(), text)
        bad['map']['kind'] = text
        bad['tags'] = {'suite': text, text[:40]: 'value'}
        for access_ in bad['accesses']:
            access_['stack'].append(frame('marker_%d' % i))
        made.append(bad)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'prog.4711.jsonl'), 'w', encoding='utf-8') as f:
        for record in [process()] + made + [end(reports=len(made))]:
            f.write(json.dumps(record) + '\n')
    with open(os.path.join(folder, 'run.json'), 'w', encoding='utf-8') as f:
        run = json.load(open(os.path.join(SAMPLE, 'run.json'), encoding='utf-8'))
        run.update(command=HOSTILE[:12], branch=HOSTILE[4], revision=HOSTILE[1], host=HOSTILE[6], tags={'suite': HOSTILE[9]})
        json.dump(run, f)
    return folder
