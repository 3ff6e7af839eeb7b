"""Commands run with an environment of their own, and what fails says what it printed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from local import commands as commands_module
from local.commands import (
    CommandError,
    Commands,
    architecture,
    clean_environment,
    command_environment,
    printed_json,
    runtime,
)


def test_clean_environment_drops_what_leads_astray_and_keeps_the_rest() -> None:
    cleaned = clean_environment(
        {
            "HOME": "/home/me",
            "AWS_PROFILE": "production",
            "AWS_DEFAULT_PROFILE": "production",
            "AWS_SESSION_TOKEN": "of production",
            "AWS_CONFIG_FILE": "/home/me/aws",
            "AWS_CA_BUNDLE": "/etc/ca.pem",
            "CDK_DEFAULT_ACCOUNT": "123456789012",
            "LWA_CLIENT_SECRET": "of another deployment",
            "FEEDS_API_VERSION": "of another deployment",
            "SP_API_ENDPOINT": "https://example.com",
            "SP_API_MODELS": "/models",
            "PYTHONPATH": "/somewhere",
            "HTTPS_PROXY": "http://proxy:3128",
            "NO_PROXY": "intranet",
        }
    )

    assert cleaned == {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "HOME": "/home/me",
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": "intranet,127.0.0.1,localhost",
        "SP_API_MODELS": "/models",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_command_environment_selects_the_local_stage_and_a_private_cdk_home(tmp_path: Path) -> None:
    environment = command_environment(tmp_path, {"SP_API_ENDPOINT": "http://127.0.0.1:1"})

    assert environment["SELLERBUS_STAGE"] == "local"
    assert environment["CDK_HOME"] == str(tmp_path / "cdk-home")
    assert environment["SP_API_ENDPOINT"] == "http://127.0.0.1:1"
    assert environment["FEEDS_API_VERSION"] == "2021-06-30"
    assert re.fullmatch(r"python3\.1[1-9]", environment["LOCAL_RUNTIME"])
    assert environment["LOCAL_RUNTIME"] == runtime()
    assert environment["LOCAL_ARCHITECTURE"] == architecture()


@pytest.fixture
def shell(tmp_path: Path) -> tuple[Commands, list[str]]:
    seen: list[str] = []
    return Commands(environment={"GREETING": "hello"}, log=tmp_path / "log", on_line=seen.append), seen


def test_a_command_gives_its_lines_as_they_come_and_keeps_them(
    shell: tuple[Commands, list[str]], tmp_path: Path
) -> None:
    commands, seen = shell

    finished = commands.run(["/bin/sh", "-c", 'echo "$GREETING"; cat; echo end >&2'], tmp_path, stdin="in\n")

    assert seen == ["hello", "in", "end"]
    assert finished.output == "hello\nin\nend"
    assert "hello\nin\nend\n[0, " in commands.log.read_text(encoding="utf-8")


def test_what_was_typed_in_is_not_in_the_log(shell: tuple[Commands, list[str]], tmp_path: Path) -> None:
    commands, _ = shell

    commands.run(["/bin/sh", "-c", "cat > /dev/null"], tmp_path, stdin="a secret")

    assert "a secret" not in commands.log.read_text(encoding="utf-8")


def test_a_failing_command_says_what_it_printed(shell: tuple[Commands, list[str]], tmp_path: Path) -> None:
    commands, _ = shell

    with pytest.raises(CommandError, match=r"ended with 3:\nno such thing"):
        commands.run(["/bin/sh", "-c", "echo no such thing; exit 3"], tmp_path, stdin="never read" * 20_000)


def test_a_command_over_its_time_is_stopped(shell: tuple[Commands, list[str]], tmp_path: Path) -> None:
    commands, _ = shell

    with pytest.raises(CommandError, match=r"stopped after 0\.2 seconds"):
        commands.run(["/bin/sh", "-c", "exec sleep 30"], tmp_path, limit_seconds=0.2)


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Looking ...\n[\n  {"a": 1}\n]\nNext: `bin/sellerbus status`', [{"a": 1}]),
    ],
    ids=["alone", "among messages"],
)
def test_json_is_found_among_messages(output: str, value: object) -> None:
    assert printed_json(output) == value


def test_where_no_json_is_printed_it_is_told_what_is() -> None:
    with pytest.raises(ValueError, match="no JSON in 'Stage x is not deployed"):
        printed_json("Stage x is not deployed")


def test_sellerbus_ends_as_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "sellerbus"
    script.write_text("#!/bin/sh\necho '{\"asked\": \"'$*'\"}'; exit 1\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(commands_module, "ROOT", tmp_path)
    commands = Commands(environment={"PATH": os.defpath}, log=tmp_path / "log", on_line=lambda _: None)

    assert commands.sellerbus_json("doctor", codes=(0, 1)) == {"asked": "doctor --json"}
    with pytest.raises(CommandError, match="ended with 1"):
        commands.sellerbus_json("doctor")


def test_a_command_is_run_as_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_module, "ROOT", tmp_path)
    commands = Commands(environment={"PATH": os.defpath}, log=tmp_path / "log", on_line=lambda _: None)

    assert commands.as_printed("pwd; cat", stdin="a token").output == f"{tmp_path}\na token"
