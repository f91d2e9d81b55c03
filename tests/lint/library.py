#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What librace.so shows to the process: its exports, what it needs, how it is loaded.

    library.py LIBRARY OBJECT-FOLDER SOURCE ...

The names that may be exported come from the sources: each is preprocessed, and what the project's own lines declare with
visibility("default") counts. That is every row of an adapter and every RACE_EXPORT, and no second list.
"""

import os
import re
import subprocess
import sys

# What code below the command must not call: it allocates, locks, is a cancellation point, or asks the locale.
FORBIDDEN = set('''malloc calloc realloc reallocarray strdup strndup asprintf vasprintf getline getdelim
    printf fprintf vfprintf dprintf sprintf snprintf vsnprintf puts fputs fwrite fopen fdopen fclose fflush perror sscanf
    getenv secure_getenv qsort setlocale strtol strtoul strtoll strtoull atoi atol strerror
    write read pread pwrite open open64 openat close poll nanosleep usleep sleep fcntl select'''.split())
# source -> what it calls for a reason that stands there
EXCEPTIONS = {'hooks/memory.c': {'malloc'}}

failed = False


def result(name, bad):
    global failed
    if bad:
        failed = True
        print('not ok %s: %s%s' % (name, '; '.join(bad[:10]), ' (and %d more)' % (len(bad) - 10) if len(bad) > 10 else ''))
    else:
        print('ok ' + name)


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def own_text(source):
    """The preprocessed text of the project's own files, system headers left out."""
    out = run(os.environ.get('CC', 'gcc'), '-E', '-std=gnu11', '-D_GNU_SOURCE', '-fPIC', '-fno-builtin-malloc',
              '-DRACE_VERSION=""', '-DRACE_PREFIX=""', source)
    kept, own = [], True
    for line in out.split('\n'):
        m = re.match(r'# \d+ "([^"]*)"', line)
        if m:
            own = not m.group(1).startswith(('/', '<'))
        elif own:
            kept.append(line)
    return '\n'.join(kept)


def closing(text, at):
    """Index behind the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += {'(': 1, ')': -1}.get(text[i], 0)
        if depth == 0:
            return i + 1
    return len(text)


def declared_names(text):
    names = set()
    for m in re.finditer(r'visibility\s*\(\s*"default"\s*\)', text):
        start = text.rfind('__attribute__', 0, m.start())
        at = closing(text, text.index('(', start))
        rest, depth = '', 0
        while at < len(text) and not (depth == 0 and text[at] in ';{='):
            attribute = re.compile(r'__(?:attribute|asm|typeof)__?_?\s*\(').match(text, at)
            if attribute:
                at = closing(text, attribute.end() - 1)
                continue
            depth += {'(': 1, ')': -1}.get(text[at], 0)
            rest += text[at]
            at += 1
        call = re.search(r'([A-Za-z_]\w*)\s*\(', rest)
        plain = re.search(r'([A-Za-z_]\w*)\s*(\[[^\]]*\]\s*)*$', rest)
        found = call or plain
        if found:
            names.add(found.group(1))
    # a second name for the same code is an export as well, unless it is hidden
    names |= set(re.findall(r'\.globl?\s+([A-Za-z_]\w*)', text)) - set(re.findall(r'\.hidden\s+([A-Za-z_]\w*)', text))
    return names


def exported(library):
    names = set()
    for line in run('nm', '-D', '--defined-only', library).split('\n'):
        if line:
            fields = line.split()
            if fields[-2] != 'A' and not (fields[-2] == 'a'):
                names.add(fields[-1].split('@')[0])
    return names


def main():
    library, objects, sources = sys.argv[1], sys.argv[2], sys.argv[3:]
    if not os.path.exists(library):
        result('the_library_is_built', [library + ' is missing'])
        return

    allowed = set()
    for source in sources:
        allowed |= declared_names(own_text(source))
    shown = exported(library)
    result('nothing_but_rows_and_exports_is_exported', sorted(shown - allowed))
    result('every_row_and_export_is_exported', sorted(allowed - shown))
    result('the_export_list_is_no_empty_one', [] if len(shown) > 20 else ['only %d names' % len(shown)])

    dynamic = run('readelf', '-dW', library)
    needed = re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic)
    result('only_libc_is_needed',
           [] if 'libc.so.6' in needed and set(needed) <= {'libc.so.6', 'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'}
           else ['needs ' + ' '.join(needed)])
    result('it_is_initialised_first', [] if 'INITFIRST' in dynamic else ['no INITFIRST in FLAGS_1'])
    result('it_is_bound_at_start', [] if re.search(r'FLAGS_1.*NOW', dynamic) else ['no NOW in FLAGS_1'])
    result('its_text_is_never_written', ['TEXTREL'] if 'TEXTREL' in dynamic else [])
    stack = re.search(r'GNU_STACK.*', run('readelf', '-lW', library))
    result('its_stack_is_not_executable', [] if stack and ' RWE ' not in stack.group(0) else ['GNU_STACK is RWE or absent'])

    bad = []
    for source in sources:
        obj = os.path.join(objects, source[:-2] + '.o')
        if not os.path.exists(obj):
            bad.append('%s is missing' % obj)
            continue
        for name in re.findall(r' U (\S+)', run('nm', '-u', obj)):
            name = name.split('@')[0]
            if name in FORBIDDEN and name not in EXCEPTIONS.get(source, ()):
                bad.append('%s calls %s' % (source, name))
    result('host_code_calls_nothing_that_allocates_or_cancels', bad)


main()
sys.exit(1 if failed else 0)
