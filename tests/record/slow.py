# SPDX-License-Identifier: MIT
"""A command for a report that would take five minutes: begun before all other tests, and looked at by the last of them, since after 30 s
it and what it started are to be gone."""

import os
import select
import subprocess
import tempfile
import time

from base import ENV, LIBRACE, LIFE, tmp, until

start, folder = time.monotonic(), tempfile.mkdtemp(dir=tmp)
subprocess.run([LIFE, 'race'], capture_output=True, env=dict(ENV, LD_PRELOAD=LIBRACE, RACE_OPTIONS='on_report="sleep 300 & '
               'echo $! $$ >%s/pids.part; mv %s/pids.part %s/pids; wait"' % (folder, folder, folder)))
until(lambda: os.path.exists(folder + '/pids'))
with open(folder + '/pids') as f:
    processes = [os.pidfd_open(int(p)) for p in f.read().split()]


def has_ended(pidfd):
    """Of the very process that was opened: its number may have been given to another one since."""
    return bool(select.select([pidfd], [], [], 0)[0])
