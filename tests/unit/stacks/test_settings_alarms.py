"""The section `alarms`: its defaults, what its keys demand of each other, whom those that page tell."""

from pathlib import Path

import pytest

from stacks.settings import CONFIG_FOLDER
from stacks.settings_alarm_limits import Limit
from stacks.settings_alarms import Alarms
from tests.unit.stacks.settings_files import loaded, only
from tests.unit.stacks.test_settings import MINIMAL

LIMITS = {
    "dead_letters": ("more_than", 0, "2/2", 60),
    "oldest_message": ("warn_seconds", 300, "3/3", 60),
    "standstill": ("period_seconds", 1200, "2/2", 1200),
    "function_errors": ("percent", 5, "2/3", 60),
    "function_duration": ("percent_of_timeout", 80, "5/5", 60),
    "function_throttles": ("more_than", 0, "5/5", 60),
    "state_machine_failures": ("more_than", 0, "1/2", 300),
    "table_throttles": ("more_than", 0, "3/5", 60),
    "bus_failures": ("more_than", 0, "1/3", 60),
    "oldest_open_feed": ("hours", 8, "1/1", 300),
    "uncertain_tasks": ("at_least", 1, "1/1", 300),
    "throttled_calls": ("percent", 10, "3/5", 300),
    "token_failures": ("at_least", 1, "2/3", 300),
    "client_secret_days": ("warn_below", 30, "2/2", 900),
    "canary": ("at_least", 1, "2/2", 300),
    "sellers_silent": ("more_than", 0, "2/2", 900),
    "subscriptions_drifted": ("more_than", 0, "1/1", 900),
    "authorizations_revoked": ("more_than", 0, "1/1", 900),
    "missed_events": ("more_than", 0, "1/1", 1800),
    "notification_failures": ("more_than", 0, "3/4", 900),
    "unconfirmed_addresses": ("more_than", 0, "2/2", 3600),
    "notifications_abandoned": ("more_than", 0, "1/1", 900),
    "seller_changes_late": ("minutes", 15, "2/2", 300),
}


def limits(alarms: Alarms) -> dict[str, Limit]:
    values = {name: getattr(alarms, name) for name in Alarms.model_fields}
    return {name: value for name, value in values.items() if isinstance(value, Limit)}


def test_the_defaults() -> None:
    alarms = Alarms()
    found = {
        name: (key, getattr(limit, key), limit.points, limit.period_seconds)
        for name, limit in limits(alarms).items()
        for key in (LIMITS[name][0],)
    }
    assert found == LIMITS
    assert alarms.oldest_message.page_seconds == 900
    assert alarms.client_secret_days.page_below == 7
    assert (alarms.page_email, alarms.page_url) == (None, None)


def test_what_the_example_shows_as_defaults_are_the_defaults(tmp_path: Path) -> None:
    example = (CONFIG_FOLDER / "example.yaml").read_text(encoding="utf-8").splitlines()
    begin = example.index("# alarms:")
    section = example[begin : example.index("", begin)]
    shown = "\n".join(line.removeprefix("# ") for line in section)
    alarms = loaded(tmp_path, f"{MINIMAL}{shown}\n").alarms
    assert alarms == Alarms()
    assert alarms.model_fields_set == set(Alarms.model_fields)
    for name, limit in limits(alarms).items():
        assert limit.model_fields_set == set(type(limit).model_fields), name


def test_a_key_that_is_left_out_keeps_its_default(tmp_path: Path) -> None:
    limit = loaded(tmp_path, f"{MINIMAL}alarms: {{dead_letters: {{more_than: 5}}}}\n").alarms.dead_letters
    assert (limit.more_than, limit.window, limit.period_seconds) == (5, (2, 2), 60)


def test_whom_to_page(tmp_path: Path) -> None:
    text = "alarms: {page_email: on-call@example.com, page_url: 'https://events.example.com/hook'}\n"
    alarms = loaded(tmp_path, MINIMAL + text).alarms
    assert (alarms.page_email, alarms.page_url) == ("on-call@example.com", "https://events.example.com/hook")


@pytest.mark.parametrize(
    ("section", "fault", "allowed"),
    [
        ("page_email: somebody", "10: alarms.page_email = 'somebody'", "an e-mail address"),
        ("page_url: http://example.com/hook", "10: alarms.page_url = 'http://", "an https URL"),
        ("dead_letter: {}", "10: alarms.dead_letter = {}: is not a key that is known", "dead_letters"),
        ("dead_letters: {more_than: -1}", "10: alarms.dead_letters.more_than = -1", "from 0"),
        ("dead_letters: {points: two}", "10: alarms.dead_letters.points = 'two'", "m/n, such as 2/3"),
        ("dead_letters: {points: 0/3}", "10: alarms.dead_letters.points = '0/3'", "m/n, such as 2/3"),
        ("dead_letters: {points: 3/2}", "10: alarms.dead_letters.points = '3/2': asks for more", "m/n"),
        (
            "dead_letters: {period_seconds: 90}",
            "10: alarms.dead_letters.period_seconds = 90",
            "whole minutes",
        ),
        ("dead_letters: {period_seconds: 0}", "10: alarms.dead_letters.period_seconds = 0", "whole minutes"),
        (
            "canary: {points: 1/25, period_seconds: 3600}",
            "10: alarms.canary.points = '1/25': looks back for more than a day",
            "at most 24 periods of 3600 seconds",
        ),
        ("function_errors: {percent: 100}", "10: alarms.function_errors.percent = 100", "0 to 99"),
        (
            "oldest_message: {warn_seconds: 900}",
            "10: alarms.oldest_message.page_seconds = 900: pages no later than the warning",
            "more than warn_seconds (900)",
        ),
        (
            "client_secret_days: {page_below: 30}",
            "10: alarms.client_secret_days.page_below = 30: pages no later than the warning",
            "less than warn_below (30)",
        ),
        # Retries that come every quarter of an hour would leave some of its periods empty.
        ("standstill: {period_seconds: 900}", "10: alarms.standstill.period_seconds = 900", "960 to 86400"),
        ("uncertain_tasks: {at_least: 0}", "10: alarms.uncertain_tasks.at_least = 0", "from 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, section: str, fault: str, allowed: str) -> None:
    problem = only(tmp_path, f"{MINIMAL}alarms: {{{section}}}\n")
    assert problem.startswith(f"prod.yaml:{fault}"), problem
    assert allowed in problem
