"""What is said of many messages while they are on their way and nobody sees a bar."""

from __future__ import annotations

import pytest

from ops.message_beat import Beat
from tests.unit.ops.message_stage import message


def test_now_and_then_it_is_said_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    at = 0.0
    beat = Beat(5, lambda: at)
    waiting = [message(str(number), waits={"reason": "for its turn"}) for number in range(2)]
    beat.looked(waiting)
    assert capsys.readouterr().err == ""
    at, beat.done = 11.0, 2
    beat.looked(waiting)
    assert capsys.readouterr().err == "2 of 5 done; 2 wait: for its turn; 1 wait: to be taken up\n"
    at = 15.0
    beat.looked(waiting)
    assert capsys.readouterr().err == ""
    at = 21.5
    beat.looked(waiting[:1])
    assert capsys.readouterr().err.startswith("2 of 5 done; 2 wait: to be taken up; 1 wait:")
