"""The id of what is worked on: inside, and nowhere else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from sellerbus.runtime.correlation import correlated, current


def test_inside_and_not_after() -> None:
    assert current() is None
    with correlated("task-1"):
        assert current() == "task-1"
        with correlated("task-2"):
            assert current() == "task-2"
        assert current() == "task-1"
        with correlated(None):
            assert current() is None
    assert current() is None


def test_also_after_a_fault() -> None:
    with pytest.raises(KeyError), correlated("task-1"):
        raise KeyError
    assert current() is None


def test_threads_have_it_where_they_are_given_it() -> None:
    with correlated("task-1"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current).result() is None
        assert pool.submit(copy_context().run, current).result() == "task-1"
