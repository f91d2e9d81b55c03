#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents against the tree: links resolve, make targets exist, options are spelled as in options.def, generated tables
are what the generator says now.

    docs.py OPTIONS-TABLE-PROGRAM
"""

import os
import re
import subprocess
import sys

SKIP_DIRS = {'.git', 'build', 'librace.out', '__pycache__'}
# key=value words in the documents that are not RACE_OPTIONS: rules, the command, make
OTHER_KEYS = set('map key bucket access contract file obj mode when len arg ret name'.split())

failed = False


def result(name, bad):
    global failed
    if bad:
        failed = True
        print('not ok %s: %s%s' % (name, '; '.join(bad[:8]), ' (and %d more)' % (len(bad) - 8) if len(bad) > 8 else ''))
    else:
        print('ok ' + name)


def documents(suffixes):
    for here, dirs, names in os.walk('.'):
        dirs[:] = sorted(d for d in dirs if d not in SKIP_DIRS)
        for name in sorted(names):
            if name.endswith(suffixes):
                path = os.path.relpath(os.path.join(here, name), '.')
                with open(path, encoding='utf-8') as f:
                    yield path, f.read()


def anchor(title):
    title = re.sub(r'[`*]', '', title).strip().lower()
    return re.sub(r' ', '-', re.sub(r'[^\w\- ]', '', title))


def headings(text):
    text = re.sub(r'^```.*?^```', '', text, flags=re.M | re.S)
    return {anchor(m) for m in re.findall(r'^#+ +(.*)$', text, flags=re.M)}


def check_links(texts):
    bad, seen = [], 0
    for path, text in texts.items():
        for link in re.findall(r'\]\(([^)\s]+)\)', re.sub(r'^```.*?^```', '', text, flags=re.M | re.S)):
            if re.match(r'[a-z]+:', link):
                continue
            seen += 1
            target, _, place = link.partition('#')
            full = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            if not os.path.exists(full):
                bad.append('%s: %s' % (path, link))
            elif place and full.endswith('.md'):
                with open(full, encoding='utf-8') as f:
                    if place not in headings(f.read()):
                        bad.append('%s: no heading for %s' % (path, link))
    result('links_between_documents_resolve', bad if seen else ['no link found at all'])


def check_paths(texts):
    """`preload/engine/cell.c` in a document names a file that is there."""
    bad = []
    for path, text in texts.items():
        for name in re.findall(r'`((?:preload|hooks|report|include|tests|examples|docs|tools)/[\w./-]*)`', text):
            if 'NAME' not in name and not os.path.exists(name):
                bad.append('%s: %s' % (path, name))
    result('files_named_in_documents_exist', bad)


def make_targets():
    out = subprocess.run(['make', '-pRrq', ':'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return set(re.findall(r'^([A-Za-z][\w-]*):', out, flags=re.M))


def check_make(texts):
    targets, bad, seen = make_targets(), [], 0
    for path, text in texts.items():
        # `make check` in a sentence, or a line of a code block up to its explanation
        code = re.findall(r'`(make(?: [^`\n]+)?)`', text)
        for block in re.findall(r'^```[^\n]*\n(.*?)^```', text, flags=re.M | re.S):
            code += [line.split('  ')[0] for line in block.split('\n') if re.match(r'make\b', line)]
        for words in code:
            for word in words.split()[1:]:
                if '=' in word or word.startswith('-'):
                    continue
                seen += 1
                if word not in targets and not os.path.exists(word):
                    bad.append('%s: make %s' % (path, word))
    result('make_commands_in_documents_exist', bad if seen else ['no make command found at all'])


def option_names():
    with open('preload/options.def', encoding='utf-8') as f:
        return set(re.findall(r'^OPTION_\w+\((\w+)', f.read(), flags=re.M))


def check_options(texts):
    names, bad, seen = option_names(), [], 0
    for path, text in texts.items():
        plain = text.replace('\\_', '_').replace('\\', '')
        pieces = re.findall(r'`([^`\n]+)`', plain) + re.findall(r'\*([a-z_]+=[^*\n]*)\*', plain)
        pieces += re.findall(r'RACE_OPTIONS=(?:"([^"]*)")', plain) + re.findall(r"RACE_OPTIONS='([^']*)'", plain)
        pieces += re.findall(r'RACE_OPTIONS=([^"\'\s]+)', plain)
        for piece in pieces:
            for key in re.findall(r'(?:^|[\s:])([a-z][a-z_]*)=', piece):
                if key in OTHER_KEYS:
                    continue
                seen += 1
                if key not in names:
                    bad.append('%s: %s' % (path, key))
    result('options_are_spelled_as_in_the_table', bad if seen else ['no option found at all'])
    with open('docs/librace.7.scd', encoding='utf-8') as f:
        page = f.read()
    result('the_man_page_takes_its_options_from_the_table',
           [] if '\n@OPTIONS@\n' in page else ['docs/librace.7.scd has no line @OPTIONS@'])


def check_generated(program):
    now = subprocess.run([program, 'md'], stdout=subprocess.PIPE, text=True).stdout
    with open('docs/options.md', encoding='utf-8') as f:
        kept = f.read()
    result('the_options_table_is_up_to_date',
           [] if now == kept and now else ['docs/options.md differs: make docs/options.md'])
    result('the_options_table_names_every_option',
           sorted(n for n in option_names() if '| `%s` |' % n not in kept))


def main():
    texts = dict(documents(('.md',)))
    pages = dict(documents(('.scd',)))
    check_links(texts)
    check_paths(texts)
    check_make(texts)
    check_options({**texts, **pages})
    check_generated(sys.argv[1])


main()
sys.exit(1 if failed else 0)
