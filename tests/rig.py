# SPDX-License-Identifier: MIT
"""What most checks in Python share: where things are, how a test is run and told, comparisons, waiting, the command.

A check puts tests/ into sys.path, imports what it needs from here, marks each test with @test, which runs it on the spot, and ends with
end(). Importing changes to the root of the repository and makes a folder for the run, tmp. (tests/e2e/harness.py is the other rig:
for programs under librace by the hundred, in two lanes.)
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
GROUP = os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0])))
B = os.path.abspath(os.environ.get('B', 'build'))
RACE, LIBRACE = B + '/race', B + '/librace.so'
# what the caller has set for librace, the loader or a CI service is not for the programs under test
ENV = {k: v for k, v in os.environ.items()
       if k not in ('LD_PRELOAD', 'LD_LIBRARY_PATH', 'RACE_OPTIONS', 'DEBUGINFOD_URLS', 'GITHUB_STEP_SUMMARY', 'TRACEPARENT')}
tmp = os.path.realpath(tempfile.mkdtemp(prefix='rt-%s.' % GROUP))
failures = []


class NotRun(Exception):
    """This machine cannot run the test; says why."""


def test(f):
    """Runs a test and prints its line. What it returns, if anything, is why it was not run; NotRun says the same from deeper down. Names
    on the command line choose among the tests."""
    if sys.argv[1:] and f.__name__ not in sys.argv[1:]:
        return f
    try:
        why = f()
        print('not run %s: %s' % (f.__name__, why) if why else 'ok ' + f.__name__)
    except NotRun as e:
        print('not run %s: %s' % (f.__name__, e))
    except Exception as e:  # whatever happened, it is a failure of this test and not of the others
        failures.append(f.__name__)
        traceback.print_exc()
        print('not ok %s: %s: %s' % (f.__name__, type(e).__name__, str(e).replace('\n', ' ')[:700]))
    sys.stdout.flush()
    return f


def end():
    """The end of a check: the folder goes, unless KEEP is set, and the status says whether all went well."""
    if os.environ.get('KEEP'):
        print('kept: ' + tmp, file=sys.stderr)
    else:
        shutil.rmtree(tmp, ignore_errors=True)
    sys.exit(1 if failures else 0)


def equal(a, b, what=''):
    assert a == b, '%s: %r is not %r' % (what, a, b)


def until(what, seconds=60, name='something'):
    """Polls until it is true, and gives it. The limit is for what never comes, so it may be generous."""
    deadline = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < deadline, 'waited %d s in vain for %s' % (seconds, name)
        time.sleep(0.01)


def race(*args, tool=RACE, stdin=b'', env=ENV, cwd=None, timeout=120, **more):
    """The command's status (minus the signal), standard output and standard error."""
    p = subprocess.run([tool] + [str(a) for a in args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd,
                       timeout=timeout, **more)
    return p.returncode, p.stdout, p.stderr
