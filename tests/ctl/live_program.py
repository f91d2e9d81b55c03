# SPDX-License-Identifier: MIT
"""build/tests/ctl/live under librace, for tests/ctl and tests/gdb: started, told what to do, asked by its socket."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rig  # noqa: E402
from rig import B, LIBRACE, RACE, ROOT, end, equal, tmp, until  # noqa: E402,F401: some are for the checks

LIVE = B + '/tests/ctl/live'
os.chmod(tmp, 0o711)
RUN = tmp + '/run'
os.mkdir(RUN, 0o700)
started = []


def test(f):
    """What it has started ends with it."""
    rig.test(f)
    for p in started:
        if p.process.poll() is None:
            p.process.kill()
        p.process.wait()
        for f in (p.process.stdin, p.process.stdout):
            f.close()
    started.clear()
    shutil.rmtree(RUN + '/librace', ignore_errors=True)  # what those that were killed have left
    return f


def environment(options='control=1', library=LIBRACE, run=RUN):
    e = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'RACE_OPTIONS', 'DEBUGINFOD_URLS', 'XDG_RUNTIME_DIR')}
    if library:
        e['LD_PRELOAD'] = library
    e['RACE_OPTIONS'] = options
    if run:
        e['XDG_RUNTIME_DIR'] = run
    return e


class Live:
    """The program, ready. pid: of whoever said so, which is a child in some modes."""

    def __init__(self, *words, options='control=1', library=LIBRACE, run=RUN, before=(), wait=True):
        self.err = open(os.path.join(tmp, 'err.%d' % time.monotonic_ns()), 'wb+')
        self.process = subprocess.Popen([*before, LIVE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.err,
                                        env=environment(options, library, run), text=True, cwd=tmp)
        started.append(self)
        self.said, self.run = [], run
        while wait:
            line = self.process.stdout.readline()
            assert line, 'it ended: %s' % self.stderr()
            self.said.append(line.rstrip('\n'))
            if line.startswith('ready '):
                self.pid = int(line.split()[1])
                break

    def tell(self, word):
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def quit(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.wait(timeout=60)
        return rest

    def stderr(self):
        self.err.seek(0)
        return self.err.read().decode()

    def path(self):
        return '%s/librace/%d.sock' % (self.run, self.pid)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.path())  # waits where the queue is full
        s.settimeout(60)
        return s

    def served(self):
        """When somebody answers."""
        def there():
            try:
                return self.connect()
            except OSError:
                return None
        until(there).close()
        return self

    def ask(self, request):
        with self.connect() as s:
            s.sendall(('librace/1 %s\n' % request).encode())
            return json.loads(s.makefile().readline())


def race(*words, before=(), run=RUN):
    p = subprocess.run([*before, RACE, *[str(w) for w in words]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env=environment('', None, run), text=True, timeout=60, cwd=tmp)
    return p.returncode, p.stdout, p.stderr


def tasks(pid):
    return len(os.listdir('/proc/%d/task' % pid))


def gone(path):
    return until(lambda: not os.path.exists(path))
