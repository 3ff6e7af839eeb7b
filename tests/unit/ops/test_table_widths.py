"""How wide columns are printed, and where words are broken that find no room."""

from __future__ import annotations

import pytest

from ops import table_widths

COLUMNS = ("Task", "State", "Said")
ROWS = [("t" * 20, "COMPLETED: two of three", "a sentence with extraordinarily long words")]


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (200, [20, 23, 42]),
        # Words stay whole as long as that is possible.
        (20 + 10 + 15, [20, 10, 15]),
        (20 + 10 + 13, [20, 10, 13]),
        # No id and no word of a state is ever broken.
        (1, [20, 10, 12]),
    ],
)
def test_columns_give_way_down_to_their_words(room: int, widths: list[int]) -> None:
    assert table_widths.fitting(COLUMNS, ROWS, ("Said",), ("State",), room) == widths
    assert table_widths.least(COLUMNS, ROWS, ("Said",), ("State",)) == [20, 10, 12]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("messages[0].operationType is wrong", 20, ["messages[0].", "operationType is wrong"]),
        ("short enough", 5, ["short enough"]),
        ("a.b.c.d", 4, ["a.b.", "c.d"]),
        ("x" * 9, 4, ["x" * 9]),
        ("", 4, [""]),
    ],
)
def test_a_word_is_broken_at_its_joints(text: str, width: int, lines: list[str]) -> None:
    assert table_widths.broken(text, width).split("\n") == lines


def test_prose_may_ask_for_more_room_than_it_must_have() -> None:
    columns, rows = ("Task", "Why"), [("m-1", "Amazon does not know the order " * 4)]
    assert table_widths.least(columns, rows, ("Why",), ()) == [4, 12]
    assert table_widths.least(columns, rows, ("Why",), (), 40) == [4, 40]
