"""A shell that points at an emulator deploys no real stage; what works badly is worth a word."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.settings import CONFIG_FOLDER, load_settings
from stacks.settings_advice import redirection, warnings
from stacks.settings_model import StageSettings

REAL = load_settings("example", environment={})


def changed(**update: object) -> StageSettings:
    return StageSettings(tuple(cell.model_copy(update=update) for cell in REAL.cells))


def emulated() -> StageSettings:
    return changed(emulator=True)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("AWS_ENDPOINT_URL", "http://localhost:4566/"),
        ("AWS_ENDPOINT_URL", "http://[::1]:4566"),
        ("AWS_ENDPOINT_URL_CLOUDFORMATION", "https://0.0.0.0:1"),
        ("AWS_ENDPOINT_URL_S3", "127.0.0.1:4566"),
    ],
)
def test_a_real_stage_is_refused_where_aws_is_this_machine(name: str, url: str) -> None:
    assert redirection("prod", REAL, {name: url}) == (
        f"{name} points at {url}, but stage prod is no emulator's stage: open a new shell, or `unset {name}`"
    )
    assert redirection("local", emulated(), {name: url}) is None


@pytest.mark.parametrize(
    "environment", [{}, {"AWS_ENDPOINT_URL": "https://vpce-1.example.com"}, {"AWS_ENDPOINT_URL": ""}]
)
def test_any_other_shell_may_deploy(environment: dict[str, str]) -> None:
    assert redirection("prod", REAL, environment) is None


def test_the_app_itself_refuses_so_that_every_cdk_command_does() -> None:
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=Path(CONFIG_FOLDER).parent,
        env={"SELLERBUS_STAGE": "example", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "AWS_ENDPOINT_URL points at http://127.0.0.1:9, but stage example" in ended.stderr


def test_templates_are_written_in_any_shell() -> None:
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    only_synth = json.dumps({"sellerbus:only-synth": "true", "stage": "no-such-stage"})
    ended = subprocess.run(
        [sys.executable, "-c", _ASKED_LAST],
        cwd=Path(CONFIG_FOLDER).parent,
        env={**environment, "CDK_CONTEXT_JSON": only_synth},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "points at" not in ended.stderr


# All of the app but the synthesis itself, which takes half a minute.
_ASKED_LAST = """
import app
from stacks import settings
real = settings.load_settings
app.load_settings = lambda stage: real("example")
app.add_stacks = lambda *_, **__: None
raise SystemExit(app.main())
"""


def test_a_region_far_from_amazons_endpoint_is_a_warning() -> None:
    assert warnings("prod", REAL) == []
    (warning,) = warnings("prod", changed(aws_region="eu-west-1"))
    assert "config/prod.yaml: regions.na.aws_region = 'eu-west-1'" in warning
    assert "us-east-1" in warning
    assert warnings("local", changed(aws_region="eu-west-1", emulator=True)) == []


def test_feeds_whose_end_nobody_tells_are_a_warning() -> None:
    others = tuple(entry for entry in REAL.cells[0].notifications if entry.type != "FEED_PROCESSING_FINISHED")
    (warning,) = warnings("prod", changed(notifications=others))
    assert "FEED_PROCESSING_FINISHED is not among the notifications of region na" in warning
    assert "getFeed only" in warning


def test_the_feeds_api_that_amazon_has_removed_is_a_warning_but_at_the_simulator() -> None:
    (warning,) = warnings("prod", changed(feeds_api_version="2020-09-04"))
    assert "feeds_api_version = '2020-09-04': Amazon has removed that version" in warning
    assert warnings("local", changed(feeds_api_version="2020-09-04", emulator=True)) == []
