"""What others have written never rules the terminal, and is never changed without need."""

from __future__ import annotations

import pytest

from ops import console
from ops.printable import plain, whole
from tests.unit.ops.aws import in_a_terminal

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202eevil\r"
HARMLESS = "\ufffd]0;owned\ufffd\ufffd31m\ufffdevil\ufffd"


def test_what_a_terminal_obeys_is_replaced() -> None:
    assert plain(HOSTILE) == HARMLESS
    assert plain("half \ud83d") == whole("half \ud83d") == "half \ufffd"


@pytest.mark.parametrize(
    "text", ["Größe\t1\n2", "価格\u3000です", "12\u00a0kg", "क\u200dष", "SHIRT:100:RED [red]"]
)
def test_everything_else_stays(text: str) -> None:
    assert plain(text) == text


def test_nothing_printed_rules_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(HOSTILE, ("SKU",), [(HOSTILE,)])
    console.show_facts(HOSTILE, {"Key": HOSTILE})
    console.show_line(HOSTILE)
    console.say(HOSTILE)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert HARMLESS in text
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)


def test_names_between_colons_are_no_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table("a:100:b", ("SKU",), [("SHIRT:100:RED",)])
    console.say("SHIRT:100:RED")
    printed = capsys.readouterr()
    assert "a:100:b" in printed.out
    assert "SHIRT:100:RED" in printed.out
    assert "SHIRT:100:RED" in printed.err


def test_wide_letters_stay_on_their_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = "日本語の商品" * 3
    console.show_table("t", ("SKU", "Text"), [(sku, sku)], prose=("Text",))
    assert capsys.readouterr().out.count(sku) == 2
    # No terminal is too narrow for an id.
    in_a_terminal(monkeypatch, 60)
    console.show_table("t", ("SKU", "Text"), [(sku, sku)], prose=("Text",))
    assert sku in capsys.readouterr().out
