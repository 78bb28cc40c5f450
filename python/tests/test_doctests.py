"""The examples in the docstrings run."""

import doctest

import pinchbeck
from pinchbeck import stats


def run(module):
    return doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)


def test_examples_of_the_statistics():
    result = run(stats)
    assert result.failed == 0
    assert result.attempted >= 50


def test_examples_of_the_module():
    result = run(pinchbeck)
    assert result.failed == 0
    assert result.attempted >= 20
