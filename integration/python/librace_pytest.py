# SPDX-License-Identifier: MIT
"""librace_pytest - pytest under librace: the programs that a test starts are watched, and their data races fail that test.

    PYTHONPATH=$(pkg-config --variable=python librace) pytest -p librace_pytest --librace

Each test that starts a process gets its own folder of reports below --librace=ROOT (default: $RACE_TESTS, else librace.tests);
`race tests ROOT` shows them by test. Python itself is not watched. A process that outlives its test, such as a server of a session
fixture, belongs to the test that started it, if it has ended by the end of the session.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import time

import pytest

SCHEMA = 1
HERE = os.path.dirname(os.path.abspath(__file__))


def pytest_addoption(parser):
    group = parser.getgroup('librace', 'data races in the programs that tests start')
    group.addoption('--librace', nargs='?', const='', default=None, metavar='ROOT',
                    help='watch the programs that tests start; reports go below ROOT')
    group.addoption('--librace-race', default=None, metavar='PATH', help='the race command (default: the one installed with this file)')
    group.addoption('--librace-option', action='append', default=[], metavar='OPTION',
                    help='an option of `race gate`, such as --baseline=FILE; may be repeated')
    group.addoption('--librace-warn-only', action='store_true', help='tell about findings, but fail no test')


def pytest_configure(config):
    if config.getoption('--librace') is None or hasattr(config, 'workerinput') and config.getoption('--collect-only', False):
        return
    config.pluginmanager.register(Watch(config), 'librace-watch')


def installed(*names):
    """The first that is there, from this file's place in PREFIX/share/librace/python."""
    prefix = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
    for name in names:
        path = os.path.join(prefix, name)
        if os.path.exists(path):
            return path
    return None


def quoted(path):
    quote = "'" if "'" not in path else '"'
    return quote + path + quote


class Watch:
    def __init__(self, config):
        root = config.getoption('--librace') or os.environ.get('RACE_TESTS') or 'librace.tests'
        self.root = os.path.abspath(root)
        self.race = config.getoption('--librace-race') or installed('bin/race') or shutil.which('race')
        triplets = ['lib/%s/librace.so%s' % (t, n) for n in ('', '.1') for t in ('.', 'x86_64-linux-gnu')]
        self.library = installed(*[os.path.normpath(t) for t in triplets])
        if self.race and not self.library:
            beside = os.path.join(os.path.dirname(os.path.realpath(self.race)), 'librace.so')
            self.library = beside if os.path.exists(beside) else None
        if not self.race or not self.library:
            raise pytest.UsageError('librace: the race command or librace.so is not found; --librace-race names the command')
        self.options = config.getoption('--librace-option')
        self.warn_only = config.getoption('--librace-warn-only')
        self.folder = self.lock = None
        self.known = 0
        self.warnings = []
        os.makedirs(self.root, exist_ok=True)

    # The same names as `race wrap` gives.
    def take_folder(self, name):
        plain = re.sub(r'[^A-Za-z0-9_+=.-]', '_', name)[:96]
        if plain.startswith('.'):
            plain = '_' + plain[1:]
        if plain != name or plain.endswith('.test'):
            value = 2166136261
            for byte in name.encode('utf-8', 'surrogateescape'):
                value = (value ^ byte) * 16777619 & 0xffffffff
            plain += '-%08x' % value
        for number in range(1, 10000):
            folder = plain if number == 1 else '%s.%d' % (plain, number)
            path = os.path.join(self.root, folder)
            lock = open(path + '.test', 'a+', encoding='utf-8')
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # the same test, at the same time, of another pytest
                lock.close()
                continue
            self.lock, self.folder = lock, path
            if os.path.isdir(path):
                self.empty(path)
            os.makedirs(path, exist_ok=True)
            return folder
        raise pytest.UsageError('librace: %s is in use' % plain)

    @staticmethod
    def empty(path):
        """Of the last run: records only, so that no other folder is ever emptied."""
        for name in os.listdir(path):
            if re.search(r'\.\d+\.(jsonl|txt)$', name) or name == 'run.json':
                os.unlink(os.path.join(path, name))

    def note(self, name, folder, started, status):
        content = {'schema': SCHEMA, 'type': 'test', 'name': name, 'reports': folder, 'command': ['pytest', name], 'started': started}
        if status is not None:
            content.update(ended=now(), status=status)
        self.lock.seek(0)
        self.lock.truncate()
        self.lock.write(json.dumps(content) + '\n')
        self.lock.flush()

    def records(self):
        return [n for n in os.listdir(self.folder) if n.endswith(('.jsonl', '.txt'))]

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        name, started = item.nodeid, now()
        folder = self.take_folder(name)
        self.known, self.failed = 0, False
        before = {k: os.environ.get(k) for k in ('LD_PRELOAD', 'RACE_OPTIONS')}
        tag = re.sub(r"[,'\"\\\x00-\x1f]", '_', name)[:200]
        os.environ['LD_PRELOAD'] = ' '.join(filter(None, (self.library, before['LD_PRELOAD'])))
        os.environ['RACE_OPTIONS'] = ' '.join(filter(None, (before['RACE_OPTIONS'], 'exitcode=0 log_path=', 'record_dir=' + quoted(self.folder),
                                                            "tags='test=%s'" % tag)))
        self.note(name, folder, started, None)
        yield
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        if self.records():
            self.note(name, folder, started, 66 if self.known and not self.warn_only else 1 if self.failed else 0)
        else:  # it started no program
            os.unlink(self.folder + '.test')
            os.rmdir(self.folder)
        self.lock.close()

    def call(self, *words):
        env = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'RACE_OPTIONS')}
        return subprocess.run([self.race, *words], env=env, cwd='/', stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors='replace')

    def new_findings(self):
        """The reports, when there are more of them than at the last look."""
        if not self.records():
            return None
        gate = self.call('gate', *self.options, self.folder)
        if gate.returncode == 0:
            return None
        if gate.returncode != 66:
            return 'race gate: status %d: %s' % (gate.returncode, gate.stderr)
        text = self.call('report', self.folder).stdout
        count = text.count('\nWARNING: ') + text.startswith('WARNING: ')
        if count <= self.known:
            return None
        self.known = count
        return text

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        report = outcome.get_result()
        self.failed |= report.failed
        if self.folder is None or call.when == 'setup':
            return
        text = self.new_findings()
        if not text:
            return
        report.sections.append(('librace', text))
        if self.warn_only:
            self.warnings.append(item.nodeid)
        elif report.passed:
            report.outcome = 'failed'
            report.longrepr = '%s\nlibrace found this in the programs that the test started; race report %s' % (text, self.folder)

    def pytest_terminal_summary(self, terminalreporter):
        if self.warnings:
            terminalreporter.section('librace')
            for name in self.warnings:
                terminalreporter.line('%s has findings' % name)
            terminalreporter.line('race tests %s' % self.root)


def now():
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
