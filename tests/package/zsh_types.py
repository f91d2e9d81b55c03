#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zsh_types.py COMPLETION LINE PATTERN - types LINE into a zsh on a terminal of its own and lists the choices: 0 when PATTERN is among
them. Works in the current directory, which is the shell's home."""

import os
import pty
import re
import select
import sys
import time

completion, line, pattern = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(HOME=os.getcwd(), TERM='dumb', COLUMNS='200', LINES='100', PS1='begun> ')
    os.execvp('zsh', ['zsh', '-f', '-i'])
os.set_blocking(fd, False)
text = b''


def until(wanted, seconds=120):
    global text
    end = time.monotonic() + seconds
    while not re.search(wanted, text):
        if time.monotonic() > end:
            print('no %s in %r' % (wanted, text[-800:]))
            sys.exit(1)
        select.select([fd], [], [], 0.2)
        try:
            text += os.read(fd, 65536)
        except BlockingIOError:
            pass
        except OSError:
            print('the shell has gone: %r' % text[-800:])
            sys.exit(1)


until(rb'begun> ')  # what is typed before it reads may be thrown away
os.write(fd, ('PS1="> "; mkdir -p f; cp %s f/_race; fpath=($PWD/f $fpath); autoload -Uz compinit; compinit -u -d ./dump; LISTMAX=1000; '
              'zstyle ":completion:*" list-prompt ""; bindkey "^X" list-choices; stty cols 200 rows 100; echo pre""pared\n' % completion).encode())
until(rb'prepared\r')
text = b''
os.write(fd, line.encode() + b'\x18')
until(pattern.encode())
os.write(fd, b'\x15exit\n')
print(text)
