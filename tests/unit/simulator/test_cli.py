"""The command line of the simulator, against a control API that answers from a table."""

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
