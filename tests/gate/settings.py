# SPDX-License-Identifier: MIT
"""race gate, baselines, the configuration file, and what is said about mistakes."""

import glob
import json
import os
import re
import shutil
import subprocess

from gatelib import (ENV, FAKE, LIBRACE, RACE_ASAN, equal, has, has_not, one_line, race, run, status, test, waiting, write)

# ---- gate ----------------------------------------------------------------------------------------------------------------------------------

@test
def gate_tells_0_66_and_2():
    run('-o', 'clean', FAKE)
    run('-o', 'one', FAKE, 'a')
    run('-o', 'two', FAKE, 'a', 'b', 'C')
    has(status(0, race('gate', 'clean')).out, 'no findings')
    r = status(66, race('gate', 'one'))
    has(r.out, 'new    aaaaaaaaaaaa', 'FAILED')
    r = status(66, race('gate', '--threshold', 1, 'one', 'two', 'clean'))
    has(r.out, '3 processes checked; 2 findings')
    status(0, race('gate', '--threshold', 2, 'one', 'two'))
    status(66, race('gate', *glob.glob('one/fake.*.jsonl')))
    has(status(0, race('gate', '--warn-only', 'one')).out, 'WARNING only')
    has(race('gate', '--all', 'two').out, 'below  cccccccccccc')
    equal(race('gate', '--quiet', 'clean').out, '')
    os.mkdir('empty')
    for names in (['nothing'], ['one', 'nothing'], ['clean', 'nothing.jsonl'], [], ['empty']):
        r = status(2, race('gate', *names))
        assert r.err.startswith('race gate: '), r.err
    os.rename('one', 'librace.out')
    status(66, race('gate'))


@test
def gate_fails_when_what_is_required_was_not_checked():
    run('-o', 'static', FAKE, '-q')
    run('-o', 'd', FAKE, '-n', 'server')
    status(0, race('gate', 'static'))
    has(status(2, race('gate', '--require', 'static')).out, 'nothing was checked')
    status(0, race('gate', '--require', 'static', 'd'))
    status(0, race('gate', '--require=serv*', 'd'))
    status(2, race('gate', '--require=client', 'd'))


@test
def gate_tells_of_a_run_that_was_killed():
    p = waiting('-o', 'd')
    p.kill()
    p.wait()
    with open('fifo', 'w'):
        pass
    p.communicate()
    has(status(66, race('gate', 'd')).err, 'has not ended')
    status(2, race('gate', '--require', '--threshold', 5, 'd'))
    status(0, run('-o', 'd', FAKE))  # still known as ours


@test
def gate_writes_baselines():
    run(FAKE, 'b', 'a', 'C')
    status(0, race('gate', '--write-baseline', 'known'))
    text = open('known').read()
    equal([line.split()[0] for line in text.split('\n') if line and line[0] != '#'], ['a' * 32, 'b' * 32])
    equal(race('baseline').out, text)
    has(text, 'fake: Write to GHashTable')
    status(0, race('gate', '--baseline', 'known'))
    status(2, race('gate', '--write-baseline', 'no/such/place'))
    equal(open('known').read(), text)


@test
def any_record_may_be_the_baseline():
    run('-o', 'old', FAKE, 'a')
    status(0, run('-o', 'new', '--baseline', 'old', FAKE, 'a'))
    status(66, run('-o', 'new', '--baseline', 'old', FAKE, 'a', 'b'))
    status(0, run('-o', 'new', '--baseline', glob.glob('old/fake.*.jsonl')[0], FAKE, 'a'))
    # read before the directory is replaced
    status(0, run('-o', 'old', '--baseline', 'old', FAKE, 'a'))


@test
def a_bad_baseline_is_told_with_its_line():
    os.mkdir('d')
    good = 'a' * 32
    for text, line in (('nonsense\n', 1), (good + '\n\n# fine\n' + good[1:] + '\n', 4), (good + 'a\n', 1), (good + ' no comment\n', 1),
                       (good + '#glued\n', 1), ('# x\n' + good + ' # ok\n\x1b[31m\n', 3), ('x' * 5000, 1), ('a\0b\n', 1)):
        one_line(run('--baseline', write('known', text), FAKE), 'known:%d: ' % line, 'race baseline DIR')
        one_line(race('gate', '--baseline', 'known', 'd'), 'known:%d: ' % line)
        assert not os.path.exists('librace.out')
    write('known', '\n  # only comments\n\t' + good.upper() + '\t# note \x1b[31m\r\n')
    has_not(status(0, run('--baseline', 'known', FAKE, 'a')).err, '\x1b')
    r = run('--baseline', 'known', FAKE)
    has(r.err, 'gone   aaaaaaaaaaaa  note \\x1b[31m')
    has_not(r.err, '\x1b')
    one_line(run('--baseline', 'missing', FAKE), 'baseline missing: No such file', 'race baseline DIR > FILE')


# ---- configuration --------------------------------------------------------------------------------------------------------------------------

CONFIG = '''
# the gate of this project
threshold: 1
branches:
  main: {threshold: 0}
  "release/*": {threshold: 2}
  "feature/*":
    threshold: 5
    warn-only: true
'''
VARIABLES = ('GITHUB_HEAD_REF GITHUB_REF_NAME CI_MERGE_REQUEST_SOURCE_BRANCH_NAME CI_COMMIT_REF_NAME CI_COMMIT_BRANCH CHANGE_BRANCH BRANCH_NAME '
             'GIT_BRANCH CIRCLE_BRANCH BUILDKITE_BRANCH TRAVIS_PULL_REQUEST_BRANCH TRAVIS_BRANCH BITBUCKET_BRANCH DRONE_SOURCE_BRANCH '
             'DRONE_BRANCH SYSTEM_PULLREQUEST_SOURCEBRANCH BUILD_SOURCEBRANCH APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH '
             'APPVEYOR_REPO_BRANCH CIRRUS_BRANCH SEMAPHORE_GIT_PR_BRANCH SEMAPHORE_GIT_BRANCH CODEBUILD_WEBHOOK_HEAD_REF').split()


@test
def thresholds_go_by_branch_for_each_ci_service():
    write('.librace', CONFIG)
    run('-o', 'd', FAKE, 'a', 'b')
    run('-o', 'many', FAKE, 'a', 'b', 'c', 'd', 'e', 'f')
    status(66, race('gate', 'd'))
    for variable in VARIABLES:
        for branch, want, wanted_many in (('main', 66, 66), ('release/1.2', 0, 66), ('feature/x/y', 0, 0), ('other', 66, 66)):
            status(want, race('gate', 'd', **{variable: branch}))
            if variable == 'GITHUB_HEAD_REF':
                status(wanted_many, race('gate', 'many', **{variable: branch}))
    has(race('gate', 'many', CI_COMMIT_REF_NAME='feature/x').out, 'WARNING only: 6 findings, 5 are allowed (threshold: ',
        '.librace:8 (branch "feature/*"))', 'warn-only: ')
    status(0, race('gate', 'd', BUILD_SOURCEBRANCH='refs/heads/release/1'))
    status(0, race('gate', 'd', GIT_BRANCH='origin/release/1'))
    status(0, race('gate', 'd', '--branch', 'release/1', GITHUB_REF_NAME='main'))
    status(0, run('-o', 'run', FAKE, 'a', 'b', GITHUB_HEAD_REF='release/2', GITHUB_REF_NAME='12/merge'))
    equal(json.load(open('run/run.json'))['branch'], 'release/2')


@test
def a_build_of_a_tag_has_no_branch():
    write('.librace', 'threshold: 7\nbranches: {"*": {threshold: 1}}\n')
    for env in ({'GITHUB_REF_NAME': 'v1', 'GITHUB_REF_TYPE': 'tag'}, {'CI_COMMIT_REF_NAME': 'v1', 'CI_COMMIT_TAG': 'v1'},
                {'TRAVIS_BRANCH': 'v1', 'TRAVIS_TAG': 'v1'}, {'BUILD_SOURCEBRANCH': 'refs/tags/v1'},
                {'BRANCH_NAME': 'v1', 'GIT_BRANCH': 'v1', 'TAG_NAME': 'v1'}, {'BUILDKITE_BRANCH': 'v1', 'BUILDKITE_TAG': 'v1'},
                {'APPVEYOR_REPO_BRANCH': 'v1', 'APPVEYOR_REPO_TAG': 'true'}):
        has(race('config', '--print', **env).out, 'branch         - ')
    has(race('config', '--print', GITHUB_REF_NAME='v1').out, 'branch         v1 ')
    has(race('config', '--print', APPVEYOR_REPO_BRANCH='v1', APPVEYOR_REPO_TAG='false').out, 'branch         v1 ')


def git(*args, cwd=None):
    return subprocess.run(['git', *args], check=True, stdout=subprocess.PIPE, cwd=cwd, text=True, stderr=subprocess.STDOUT,
                          env=dict(ENV, GIT_CONFIG_NOSYSTEM='1', GIT_AUTHOR_NAME='t', GIT_AUTHOR_EMAIL='t@localhost',
                                   GIT_COMMITTER_NAME='t', GIT_COMMITTER_EMAIL='t@localhost')).stdout.strip()


def printed(name, *args, cwd=None, **env):
    out = status(0, race('config', '--print', *args, cwd=cwd, **env)).out
    return re.search(r'^%s +(\S+) +(.*)$' % name, out, flags=re.M).groups()


@test
def the_branch_of_git_is_known_in_worktrees_too():
    if not shutil.which('git'):
        return 'git is not installed'
    os.mkdir('r')
    git('init', '-q', '-b', 'trunk', cwd='r')
    write('r/.librace', 'branches: {"topic/*": {threshold: 3}, trunk: {threshold: 4}}\n')
    git('add', '.', cwd='r')
    git('commit', '-q', '-m', 'x', cwd='r')
    head = git('rev-parse', 'HEAD', cwd='r')
    os.makedirs('r/sub/dir')
    equal(printed('branch', cwd='r/sub/dir'), ('trunk', 'git'))
    equal(printed('revision', cwd='r')[0], head)
    equal(printed('threshold', cwd='r/sub/dir')[0], '4')
    git('worktree', 'add', '-q', '-b', 'topic/one', '../w', cwd='r')
    equal(printed('branch', cwd='w'), ('topic/one', 'git'))
    equal(printed('revision', cwd='w')[0], head)
    equal(printed('threshold', cwd='w')[0], '3')
    git('pack-refs', '--all', cwd='r')
    equal(printed('revision', cwd='w')[0], head)
    git('checkout', '-q', '--detach', cwd='w')
    equal(printed('branch', cwd='w')[0], '-')
    equal(printed('revision', cwd='w')[0], head)


@test
def the_command_line_beats_the_environment_beats_the_file():
    os.mkdir('sub')
    write('.librace', 'threshold: 1\nbranches: {main: {threshold: 2}}\n')
    file = os.getcwd() + '/.librace'
    equal(printed('threshold', cwd='sub'), ('1', file + ':1'))
    equal(printed('threshold', '--branch', 'main', cwd='sub'), ('2', file + ':2 (branch "main")'))
    equal(printed('threshold', '--branch', 'main', RACE_FAILURE_THRESHOLD='3'), ('3', 'RACE_FAILURE_THRESHOLD'))
    equal(printed('threshold', '--threshold', '4', RACE_FAILURE_THRESHOLD='3'), ('4', 'command line'))
    equal(printed('threshold', '--config', ''), ('0', 'default'))
    equal(printed('threshold', RACE_CONFIG=''), ('0', 'default'))
    write('other', 'threshold: 9\n')
    equal(printed('threshold', RACE_CONFIG='other')[0], '9')
    equal(printed('threshold', '--config', '.librace', RACE_CONFIG='other')[0], '1')
    status(0, run(FAKE, 'a', 'b', 'c', RACE_FAILURE_THRESHOLD='3'))
    status(66, run(FAKE, 'a', 'b', 'c'))
    status(66, run('--threshold', 2, FAKE, 'a', 'b', 'c', RACE_FAILURE_THRESHOLD='3'))


@test
def every_setting_of_the_file_takes_effect():
    os.mkdir('sub')
    write('known', 'a' * 32 + '\n')
    write('supp', 'race:nothing\n')
    write('.librace', 'output: records\nbaseline: known\nrequire: fa*\nwarn-only: no\nsuppressions: supp\noptions: delay_ms=0\n'
          'tags: {suite: nightly, who: me}\nformats: {json: out.json, github: "-"}\n')
    r = status(0, run(FAKE, 'a', cwd='sub', RACE_OPTIONS='report=likely'))
    assert os.path.exists('records/run.json') and os.path.exists('out.json'), os.listdir('.')
    out = run('--require=*', '--tag', 'who=you', 'printenv', 'RACE_OPTIONS', cwd='sub', RACE_OPTIONS='report=likely').out
    equal(out, "delay_ms=0 suppressions='%s/supp' report=likely exitcode=0 log_path= record_dir='%s/records' tags='who=you,suite=nightly'\n"
          % (os.getcwd(), os.getcwd()))
    status(3, run(FAKE, '-n', 'other'))
    text = race('config', '--print', cwd='sub').out
    for i, name in enumerate(('output', 'baseline', 'require', 'warn-only', 'suppressions', 'options'), 1):
        assert re.search(r'^%s +\S+ +%s:%d$' % (name, re.escape(os.getcwd() + '/.librace'), i), text, flags=re.M), text
    has(text, '\nRACE_OPTIONS=delay_ms=0 suppressions=')
    os.unlink('supp')
    one_line(run(FAKE), 'suppressions ', '.librace:5', 'No such file')
    write('.librace', 'warn-only: true\nrequire: true\n')
    status(66, run('--warn-only=false', FAKE, 'a'))
    status(0, run('--require=false', FAKE, '-q'))
    status(3, run(FAKE, '-q'))


@test
def the_file_is_looked_for_up_to_the_top_of_the_repository():
    write('.librace', 'threshold: 1\n')
    os.makedirs('repo/.git')
    os.makedirs('repo/sub')
    equal(printed('threshold', cwd='repo/sub')[0], '0')
    write('repo/.librace', 'threshold: 2\n')
    equal(printed('threshold', cwd='repo/sub')[0], '2')
    os.makedirs('plain/sub')
    equal(printed('threshold', cwd='plain/sub')[0], '1')


@test
def a_file_of_a_stranger_above_is_not_trusted():
    if os.geteuid() != 0:
        return 'only root can make one'
    os.makedirs('mine')
    write('.librace', 'options: on_report=x\n')
    os.chown('.librace', 65534, 65534)
    one_line(race('config', '--print', cwd='mine'), 'belongs to another user', '--config')
    status(0, race('config', '--print', '--config', '../.librace', cwd='mine'))
    os.chown('mine', 65534, 65534)  # a checkout that belongs to somebody else, as in containers
    os.rename('.librace', 'mine/.librace')
    status(0, race('config', '--print', cwd='mine'))


@test
def mistakes_in_the_file_are_told_with_their_line():
    for text, line, said in (
            ('threshold: x\n', 1, 'allowed is a number from 0 to 1000000'),
            ('threshold: -1\n', 1, 'allowed is a number'),
            ('threshold:\n', 1, 'allowed is a number'),
            ('\ntreshold: 1\n', 2, 'did you mean `threshold`?; allowed are threshold, warn-only'),
            ('warn-only: perhaps\n', 1, 'true or false'),
            ('baseline: ""\n', 1, 'the path of a file'),
            ('require: ""\n', 1, 'a glob'),
            ('threshold: 1\nthreshold: 2\n', 2, 'given twice'),
            ('branches:\n  main: 3\n', 2, 'a section is wanted'),
            ('branches:\n  main:\n    output: x\n', 3, 'unknown key "output" of a branch'),
            ('branches:\n  other:\n    threshold: many\n', 3, 'allowed is a number'),
            ('tags:\n  a b: c\n', 2, 'a key consists of'),
            ('tags:\n  a: "x,y"\n', 2, 'commas'),
            ('tags: x\n', 1, 'a section is wanted'),
            ('formats:\n  jsn: x\n', 2, 'did you mean `json`?; allowed are text, json'),
            ('formats:\n  json: ""\n', 2, 'wants a file'),
            ('- list\n', 1, 'allowed are lines'),
            ('threshold: [1]\n', 1, 'one value'),
            ('threshold: &a 1\n', 1, 'anchors'),
            ('a: *x\n', 1, 'anchors'),
            ('threshold: 1\n---\nthreshold: 2\n', 2, 'second document'),
            ('a: "unterminated\n', 2, 'no YAML'),
            ('\tthreshold: 1\n', 1, 'no YAML'),
            ('options: "a\\nb"\n', 1, 'control characters'),
            ('options: "\\e[31m"\n', 1, 'control characters'),
            ('\xff\x1b[31m', 1, '')):
        with open('.librace', 'w', encoding='latin-1') as f:
            f.write(text)
        for r in (run(FAKE), race('gate'), race('config', '--print')):
            one_line(r, '/.librace:%d: ' % line, said)
            has_not(r.err, '\x1b')
        assert not os.path.exists('librace.out')
    for text in ('', '# nothing\n', '---\n', '{}\n'):
        write('.librace', text)
        status(0, race('config', '--print'))
    os.unlink('.librace')
    one_line(run('--config', 'missing', FAKE), 'missing: No such file')
    one_line(run(FAKE, RACE_CONFIG='/'), 'no regular file')


@test
def mistakes_elsewhere_are_told_with_their_place():
    one_line(run(FAKE, RACE_FAILURE_THRESHOLD='many'), 'RACE_FAILURE_THRESHOLD="many": allowed is a number from 0 to 1000000')
    one_line(race('gate', 'd', RACE_FAILURE_THRESHOLD='-1'), 'RACE_FAILURE_THRESHOLD')
    one_line(run('--threshold', '1x', FAKE), '--threshold "1x": allowed is')
    one_line(run('--treshold', '1', FAKE), 'unknown option --treshold, did you mean --threshold?', 'race help run')
    one_line(run('-x', FAKE), 'unknown option -x')
    one_line(run('--threshold'), '--threshold wants a value')
    one_line(run('--quiet=3', FAKE), 'allowed is --quiet or --quiet=pass')
    one_line(run(), 'no command is given', 'race run [OPTION...] -- CMD')
    one_line(run('--'), 'no command is given')
    one_line(run('--tag', 'x', FAKE), 'KEY=VALUE')
    one_line(run('--tag', 'x=a,b', FAKE), 'commas')
    one_line(run('--format=jsn:x', FAKE), 'did you mean `json`?', 'allowed are text')
    one_line(run('--format=json:', FAKE), 'wants a file')
    one_line(run('--format=json:no/such/dir', FAKE), 'no/such/dir')
    one_line(run(FAKE, RACE_OPTIONS="report=likely suppressions='x"), 'RACE_OPTIONS: the quote at column 28 does not end')
    one_line(race('config', 'x'), 'one word too many')
    assert not [n for n in os.listdir('.') if n != 'librace.out'] and not os.listdir('librace.out' if os.path.exists('librace.out') else '.')


@test
def formats_are_written_right_after_the_run():
    write('old.json', 'x' * 100000)
    r = status(66, run('--format=json:old.json', '--format=sarif:librace.out/race.sarif', '--format=github', FAKE, 'a'))
    for name in ('old.json', 'librace.out/race.sarif'):
        json.load(open(name))
    equal([n for n in os.listdir('.') if n.endswith('.new')], [])
    status(66, run(FAKE, 'a'))
    equal(os.path.exists('librace.out/race.sarif'), False)


# ---- help ------------------------------------------------------------------------------------------------------------------------------------

@test
def help_begins_with_examples():
    first = status(0, race('--help')).out
    equal(race('help').out, first)
    has(first, 'Examples:\n  race run -- ')
    verbs = re.findall(r'^  ([a-z]+)  +\S', first[first.index('Verbs'):], flags=re.M)
    assert {'run', 'gate', 'config', 'baseline', 'check'} <= set(verbs), verbs
    for verb in verbs:
        text = status(0, race('help', verb)).out
        assert text.startswith('usage: race ' + verb), text
        if verb != 'help':
            assert text.split('\n')[2].startswith(('Examples:', '  race ' + verb)), text
            has(text, '\n  race ' + verb)
            equal(race(verb, '--help').out, text)
    for verb in ('run', 'gate', 'config', 'baseline'):
        equal(race(verb, '--branch', 'x', '--help').out if verb != 'baseline' else race('help', verb).out, race('help', verb).out)
    has(status(0, run('--', 'echo', '--help')).out, '--help')
    has(status(2, race('gat')).err, 'did you mean `gate`?')


# ---- under the sanitizers ----------------------------------------------------------------------------------------------------------------------

@test
def no_sanitizer_complains():
    shutil.copy(LIBRACE, '.')
    shutil.copy(RACE_ASAN, 'race')
    write('known', 'a' * 32 + ' # x\n')
    write('.librace', 'tags: {a: b}\nformats: {json: x.json}\nbranches: {"m*": {threshold: 3}}\n')
    tool = os.path.abspath('race')
    for want, args in ((66, ['run', FAKE, 'a', 'b']), (0, ['run', '--branch', 'main', '--baseline', 'known', '--repeat', '2', FAKE, 'a', 'b']),
                       (0, ['run', '--until-race', '--repeat', '3', '--quiet', FAKE]), (66, ['run', '--until-race', FAKE, 'c']),
                       (66, ['gate', '--all']), (0, ['config', '--print']), (0, ['baseline']), (127, ['run', 'no-such-command']), (66, ['run', FAKE, 'a', 'b']),
                       (2, ['run', '--config', 'missing', FAKE]), (2, ['run', '--treshold', FAKE]), (66, ['gate', '--baseline', 'known']),
                       (0, ['gate', '--write-baseline', 'known2']), (2, ['run', '-o', '.', FAKE]), (0, ['help'])):
        r = status(want, race(*args, tool=tool))
        has_not(r.err, 'AddressSanitizer', 'runtime error', 'LeakSanitizer')
