"""The deployed functions of a feed's steps, killed before and after each of their calls."""

from __future__ import annotations

import pytest

from tests.integration.feed_crashes import Crashes
from tests.integration.system import System


@pytest.fixture(scope="module", autouse=True)
def all_handed_over(crashed: Crashes) -> None:
    """Nothing went wrong with that, either."""
    crashed.handing_over.result()


def test_a_crash_at_any_call_leads_to_one_feed_and_one_end(system: System, crashed: Crashes) -> None:
    rows = system.await_tasks(*crashed.planned, within_seconds=240)

    killed = {
        task_id: (step, proxy.kills[task_id])
        for step, proxy in crashed.proxies.items()
        for task_id in proxy.kills
    }
    assert killed == crashed.planned, "not every crash happened"
    assert {task_id: row["outcome"] for task_id, row in rows.items()} == dict.fromkeys(rows, "COMPLETED")
    for task_id, row in rows.items():
        (feed,) = [feed for feed in crashed.feeds(task_id) if feed["feedId"] == row["feedId"]]
        assert feed["submissions"] == 1, f"{task_id} is {feed['submissions']} feeds"
    # Whatever Amazon has of these lanes is some task's: no feed beside those that were adopted.
    lanes = {crashed.lanes[task_id]: task_id for task_id in crashed.lanes}
    made = sum(len(crashed.feeds(task_id)) for task_id in lanes.values())
    assert made == len(crashed.lanes)


def test_each_end_is_told_in_one_event(system: System, crashed: Crashes) -> None:
    system.await_tasks(*crashed.planned)

    told = system.await_ends(*crashed.lanes)
    assert told == {task_id: ["FeedCompleted"] for task_id in crashed.lanes}


def test_create_feed_reached_amazon_once_for_each_task(system: System, crashed: Crashes) -> None:
    system.await_tasks(*crashed.planned)

    proxy = crashed.proxies["SubmitFeed"]
    reached = {}
    for task_id in crashed.lanes:
        made = [number for number, call in enumerate(proxy.calls[task_id]) if call == "POST feeds"]
        crash = proxy.kills.get(task_id)
        kept_back = crash is not None and crash.moment == "before" and crash.call in made
        reached[task_id] = len(made) - int(kept_back)
    assert reached == dict.fromkeys(crashed.lanes, 1)
    assert [name for name in crashed.lanes if "POST feeds" not in proxy.calls[name]] == []
