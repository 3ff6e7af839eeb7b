from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.errors import ApiError
from simulator.query import Query

QUERY = Query(
    [
        ("ids", "a,b"),
        ("ids", "c"),
        ("text", "first"),
        ("text", "last"),
        ("empty", ""),
        ("gap", "a,,b"),
        ("size", "7"),
        ("time", "1970-01-01T01:00:00+01:00"),
        ("local", "1970-01-01T00:00:00"),
        ("yes", "true"),
    ]
)


def test_what_is_given() -> None:
    assert QUERY.list("ids") == ("a", "b", "c")
    assert QUERY.list("none") == ()
    assert (QUERY.text("text"), QUERY.text("empty"), QUERY.text("none")) == ("last", None, None)
    assert (QUERY.integer("size", 1, 7, 3), QUERY.integer("none", 1, 7, 3)) == (7, 3)
    assert (QUERY.time("time"), QUERY.time("none")) == (0.0, None)
    assert (QUERY.flag("yes"), QUERY.flag("none")) == (True, False)
    assert ("ids" in QUERY, "none" in QUERY) == (True, False)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda: QUERY.list("ids", 2), "ids must have from 1 to 2 items"),
        (lambda: QUERY.list("gap"), "gap must have from 1"),
        (lambda: QUERY.list("empty"), "empty must have from 1"),
        (lambda: QUERY.list("ids", allowed=("a", "b")), "ids must be of a, b"),
        (lambda: QUERY.integer("size", 1, 6, 3), "size must be an integer from 1 to 6"),
        (lambda: QUERY.integer("text", 1, 6, 3), "text must be an integer"),
        (lambda: QUERY.time("text"), "text must be a date and time"),
        (lambda: QUERY.time("local"), "local must name its offset"),
        (lambda: QUERY.flag("text"), "text must be true or false"),
    ],
)
def test_what_cannot_be_read(read: Callable[[], object], words: str) -> None:
    with pytest.raises(ApiError) as caught:
        read()
    assert caught.value.status == 400
    assert caught.value.details.startswith(words)
