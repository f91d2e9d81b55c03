# SPDX-License-Identifier: MIT
"""Tests that start programs, for pytest."""

import os
import subprocess

import pytest

SHELF = os.environ['SHELF']


def run(how):
    return subprocess.run([SHELF, how], stdout=subprocess.PIPE, text=True)


def test_two_putters():
    assert run('forgotten').stdout == '2 books\n'


def test_locked():
    assert run('locked').returncode == 0


def test_broken():
    assert run('locked').stdout == '3 books\n'


@pytest.mark.parametrize('number', [1, 2])
def test_without_a_program(number):
    assert number > 0


@pytest.mark.parametrize('how', ['locked', 'forgotten'])
def test_by_parameter(how):
    assert run(how).stdout == '2 books\n'


@pytest.fixture
def putter():
    """Ends after the test."""
    yield
    run('forgotten')


def test_with_a_fixture(putter):
    pass
