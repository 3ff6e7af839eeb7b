"""What a command prints is whole: nothing is cut or broken at the width of a terminal."""

import pytest

from simulator.printing import show


def test_a_long_cell_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    path = "/notifications/v1/subscriptions/" + "x" * 200

    show([], False, "Requests", [{"path": path, "status": 200}, {"path": "/short", "status": None}])

    title, header, first, second = capsys.readouterr().out.splitlines()
    assert title == "Requests"
    assert header.split() == ["path", "status"]
    assert first.split() == [path, "200"]
    assert second.split() == ["/short", "-"]


def test_no_rows_are_said_to_be_none(capsys: pytest.CaptureFixture[str]) -> None:
    show([], False, "Faults", [])

    assert capsys.readouterr().out == "Faults: none\n"
