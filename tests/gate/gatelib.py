# SPDX-License-Identifier: MIT
"""What the tests of race run and race gate share: how a test is told, how the command is run, terminals."""

import os
import pty
import select
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rig  # noqa: E402
from rig import B, LIBRACE, RACE, ROOT, end, equal, tmp, until  # noqa: E402,F401: some are for the checks

FAKE, FAMILY, RACE_ASAN = [B + '/tests/gate/' + name for name in ('fake', 'family', 'race_asan')]
# nothing of the machine that runs the tests: no CI, no options
ENV = {'PATH': '/usr/local/bin:/usr/bin:/bin', 'HOME': '/nonexistent', 'LC_ALL': 'C.UTF-8', 'TERM': 'xterm'}
os.mkdir(tmp + '/.git')  # configuration is looked for no further up


def test(f):
    """In a folder of its own."""
    here = os.path.join(tmp, f.__name__)
    os.mkdir(here)
    os.chdir(here)
    return rig.test(f)


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def race(*args, tool=RACE, stdin=b'', cwd=None, preexec_fn=None, **env):
    code, out, err = rig.race(*args, tool=tool, stdin=stdin, env=dict(ENV, **env), cwd=cwd, preexec_fn=preexec_fn)
    return Result(code if code >= 0 else 'signal %d' % -code, out.decode('utf-8', 'replace'), err.decode('utf-8', 'replace'))


def run(*args, **more):
    return race('run', *args, **more)


def status(want, r):
    assert r.status == want, 'status %s, not %s: %s' % (r.status, want, (r.out + r.err)[-500:])
    return r


def has(text, *parts):
    for part in parts:
        assert part in text, '%r is not in %r' % (part, text[-700:])


def has_not(text, *parts):
    for part in parts:
        assert part not in text, '%r is in %r' % (part, text[-700:])


def write(name, text):
    with open(name, 'w') as f:
        f.write(text)
    return name


def one_line(r, *parts):
    """A mistake is told in one line on standard error, and nothing is run."""
    status(2, r)
    equal(r.err.count('\n'), 1, r.err)
    assert r.err.startswith('race '), r.err
    has(r.err, *parts)


def waiting(*options, command=None):
    """race run of a command that waits for ./fifo."""
    os.mkfifo('fifo')
    p = subprocess.Popen([RACE, 'run', *options, '--'] + (command or [FAKE, '-w', 'fifo', 'a']), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=ENV, start_new_session=True)
    equal(p.stdout.readline(), b'ready\n')
    return p


def finish(p, want):
    out, err = p.communicate(timeout=60)
    equal(p.returncode, want, err[-400:])
    os.unlink('fifo')
    return err.decode()


unread = {}


def read_until(fd, text, seconds=60):
    """What came up to the text and with it; what came behind it waits for the next call."""
    got, deadline = unread.pop(fd, b''), time.monotonic() + seconds
    while text not in got:
        ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
        assert ready, 'no %r in %r' % (text, got[-500:])
        try:
            got += os.read(fd, 4096)
        except OSError:
            assert False, 'no %r before the end of %r' % (text, got[-500:])
    at = got.index(text) + len(text)
    unread[fd] = got[at:]
    return got[:at]


def on_terminal(argv, **env):
    pid, fd = pty.fork()
    unread.pop(fd, None)
    if pid == 0:
        os.execvpe(argv[0], argv, dict(ENV, **env))
    return pid, fd
