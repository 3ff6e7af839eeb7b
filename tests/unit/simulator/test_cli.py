"""The command line of the simulator, against a control API that answers from a table."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from simulator.cli import app
from simulator.client import ControlClient, ControlError

URL = "http://127.0.0.1:9"


def run(*arguments: str, url: str = URL) -> Result:
    return CliRunner().invoke(app, arguments, env={"SIMULATOR_URL": url})


def test_a_refresh_token_that_is_piped_on_comes_bare(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"sellerId": "A2", "refreshToken": "Atzr|" + "x" * 300}
    monkeypatch.setattr(ControlClient, "post", lambda *_: answer)

    assert run("sellers", "add", "A2").stdout == f"{answer['refreshToken']}\n"
    assert '"sellerId": "A2"' in run("sellers", "add", "A2", "--json").stdout


def entry(number: int) -> dict[str, Any]:
    return {
        "time": f"2024-01-01T00:00:{number:02}Z",
        "operation": "lwa",
        "sellerId": None,
        "grantless": False,
        "cut": None,
        "status": 200,
        "path": f"/{number}",
    }


@pytest.mark.parametrize(
    ("arguments", "shown"), [((), 20), (("--last", "3"), 3), (("--last", "0"), 30), (("--last", "99"), 30)]
)
def test_requests_are_the_newest(
    arguments: tuple[str, ...], shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ControlClient, "get", lambda *_, **__: [entry(number) for number in range(30)])

    lines = run("requests", *arguments).stdout.splitlines()

    assert len(lines) == 2 + shown
    assert lines[-1].endswith("/29")
    assert ("older: --last 0" in lines[0]) == (shown < 30)


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [(400, "the body: count must be at least 1", 2), (404, "no such thing", 1), (409, "give cut", 2)],
)
def test_wrong_input_ends_with_2_and_names_the_option(
    status: int, text: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ControlError(text, status)

    monkeypatch.setattr(ControlClient, "post", refuse)

    ended = run("faults", "add", "lwa")

    assert ended.exit_code == code
    assert ("--" in ended.stderr) == (code == 2)


def test_without_a_server_the_commands_that_start_one_are_said() -> None:
    ended = run("state")
    assert ended.exit_code == 1
    assert f"No simulator answers at {URL}: run `make up` and `source .local/env`" in ended.stderr

    unknown = run("state", url="")
    assert unknown.exit_code == 2
    assert "run `make up` and `source .local/env`" in unknown.stderr


def test_a_body_of_another_seller_is_published_and_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ControlClient, "post", lambda *_: {"notificationId": "n1", "sent": 1})
    file = tmp_path / "notification.json"
    offers = [{"SellerId": "A9OFFERS"}]
    file.write_text(json.dumps({"Payload": {"Change": {"SellerId": "A1BODY", "Offers": offers}}}))

    other = run("publish", str(file), "--seller", "A2GIVEN")
    assert other.exit_code == 0
    assert "as seller A2GIVEN's, but its body names A1BODY" in other.stderr
    assert "A9OFFERS" not in other.stderr
    assert run("publish", str(file), "--seller", "A1BODY").stderr == ""
    assert run("publish", str(file)).stderr == ""
    assert run("publish", str(file), "--seller", "A2GIVEN", "--raw").stderr == ""


def test_the_state_is_sorted_by_seller_and_type(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("A2", "ORDER_CHANGE"), ("A1", "PRICING_HEALTH"), ("A2", "FEE_PROMOTION"), ("A1", "ORDER_CHANGE")]
    names = ("region", "payloadVersion", "subscriptionId", "destinationId")
    held = [
        {"sellerId": seller, "notificationType": kind, **dict.fromkeys(names, "x")} for seller, kind in rows
    ]
    empty: dict[str, Any] = {"applications": [], "sellers": [], "destinations": [], "faults": {}}
    monkeypatch.setattr(ControlClient, "get", lambda *_, **__: {**empty, "subscriptions": held})

    lines = [line.split() for line in run("state").stdout.splitlines()]

    assert [(line[0], line[2]) for line in lines if line[:1] in (["A1"], ["A2"])] == sorted(rows)


@pytest.mark.parametrize(
    "group",
    [
        (),
        *((name,) for name in ("sellers", "faults", "destinations", "subscriptions", "orders", "uploads")),
    ],
)
def test_no_sentence_of_the_help_is_cut(group: tuple[str, ...]) -> None:
    lines = run(*group, "--help").stdout.splitlines()

    assert [line for line in lines if line.endswith("...") and "Usage:" not in line] == []
