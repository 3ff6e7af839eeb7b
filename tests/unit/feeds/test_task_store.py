"""The rows of tasks and feeds: written on what was read, never by two, and kept as long as is said."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.feeds.submission import State, Submission
from sellerbus.feeds.task import (
    AWAIT,
    DECIDE,
    FeedTask,
    Outcome,
    Source,
    TaskState,
    from_item,
    row_name,
    to_item,
)
from sellerbus.feeds.task_store import (
    KEPT_DAYS,
    FeedTakenError,
    TaskChangedError,
    TaskStore,
    UnknownTaskError,
    place_key,
)
from tests.fake_table import FakeTable
from tests.unit.feeds.tasks import NOW, SELLER, Clock, store_on, task


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def store(table: FakeTable) -> TaskStore:
    return store_on(table, Clock())


texts = st.text(min_size=1, max_size=8)
submissions = st.builds(
    Submission,
    state=st.sampled_from(State),
    attempt=st.integers(0, 9),
    opened_at=st.none() | st.floats(0, 1e10),
    unknown_since=st.none() | st.floats(0, 1e10),
    lease_until=st.none() | st.floats(0, 1e10),
    settle_until=st.none() | st.floats(0, 1e10),
    feed_id=st.none() | texts,
    answered=st.lists(texts, max_size=2).map(tuple),
    reason=st.none() | texts,
)
tasks = st.builds(
    FeedTask,
    task_id=texts,
    seller_id=texts,
    feed_type=texts,
    marketplace_ids=st.lists(texts, max_size=3).map(tuple),
    content_type=texts,
    source=st.builds(Source, texts, texts, st.just("") | texts),
    origin=texts,
    request_hash=texts,
    handed_over_at=texts,
    created_at=texts,
    updated_at=texts,
    state=st.sampled_from(TaskState),
    feed_options=st.none() | st.dictionaries(texts, texts, max_size=2),
    outcome=st.none() | st.sampled_from(Outcome),
    is_gzip=st.none() | st.booleans(),
    findings=st.none() | st.fixed_dictionaries({"errors": st.integers(0, 9), "key": texts}),
    submission=submissions,
    looked_at=st.none() | st.floats(0, 1e10),
    totals=st.none() | st.fixed_dictionaries({"messages": st.none() | st.integers(0, 9)}),
    notes=st.lists(texts, max_size=2).map(tuple),
    candidates=st.lists(texts, max_size=2).map(tuple),
    version=st.integers(1, 99),
)


@given(tasks)
def test_a_row_says_all_of_its_task(each: FeedTask) -> None:
    item = to_item(each)
    assert from_item(item) == each
    assert not any(value is None for value in item.values())


def test_the_rows_names() -> None:
    names = {row_name(each.name) for each in fields(FeedTask)}
    assert {"taskId", "handedOverAt", "contentSha256", "isGzip", "resultFeedDocumentId", "tokenStep"} <= names
    item = to_item(task(submission=Submission(State.SETTLING, 2, settle_until=5.0)))
    assert item["kind"] == "feed"
    assert item["submission"] == {"state": "SETTLING", "attempt": 2, "settleUntil": 5.0, "answered": []}
    assert item["source"]["versionId"] == "v1"


def test_the_order_in_the_lane_is_the_time_in_milliseconds() -> None:
    assert task(handed_over=1.5).order == "0000000001500"
    assert task(handed_over=NOW).order == "1800000000000"


def test_a_task_is_created_once(store: TaskStore, table: FakeTable) -> None:
    first = task()
    assert store.create(first) is None
    assert place_key(first) in table.rows
    assert store.create(task(origin="event")) == first
    assert store.get("t1") == first


def test_a_refused_request_takes_no_place_and_is_kept_for_its_time(
    store: TaskStore, table: FakeTable
) -> None:
    store.create(task(state=TaskState.ENDED, outcome=Outcome.REFUSED, reason="no"))
    row = store.get("t1")
    assert (row.ended_at, row.expires_at) == ("2027-01-15T08:00:00.000+00:00", NOW + KEPT_DAYS * 86_400)
    assert len(table.rows) == 1


def test_who_read_an_older_row_writes_nothing(store: TaskStore) -> None:
    seen = task()
    store.create(seen)
    newer = store.change(seen, state=TaskState.WAITING, region="na")
    with pytest.raises(TaskChangedError):
        store.change(seen, region="eu")
    with pytest.raises(TaskChangedError):
        store.end(seen, Outcome.CANCELLED)
    assert store.get("t1") == newer
    assert newer.version == 2


def test_what_becomes_none_is_taken_away(store: TaskStore, table: FakeTable) -> None:
    seen = task(reason="x", token="secret", token_step=AWAIT)
    store.create(seen)
    store.change(seen, reason=None, token=None, token_step=None)
    assert not {"reason", "token", "tokenStep"} & set(table.rows[("feed-task/t1", "task")])


def test_a_token_shows_in_no_text() -> None:
    assert "secret" not in repr(task(token="secret"))


def test_update_reads_again_until_nobody_is_quicker(store: TaskStore) -> None:
    store.create(task())
    rivals = [1, 2]

    def step(seen: FeedTask) -> dict[str, Any]:
        if rivals:
            rivals.pop()
            store.change(store.get("t1"), looks=seen.looks + 1)
        return {"looks": seen.looks + 10}

    assert store.update("t1", step).looks == 12
    assert store.update("t1", lambda seen: None).looks == 12
    with pytest.raises(UnknownTaskError, match="t9"):
        store.update("t9", lambda seen: None)


def test_update_gives_up_where_somebody_is_always_quicker(store: TaskStore) -> None:
    store.create(task())

    def step(seen: FeedTask) -> dict[str, Any]:
        store.change(seen, looks=seen.looks + 1)
        return {"looks": 0}

    with pytest.raises(TaskChangedError):
        store.update("t1", step)


def test_the_end(store: TaskStore, table: FakeTable) -> None:
    seen = task()
    store.create(seen)
    ended = store.end(seen, Outcome.COMPLETED, reason="done", totals={"messages": 1})
    assert store.get("t1") == ended
    assert (ended.state, ended.outcome, ended.reason) == (TaskState.ENDED, Outcome.COMPLETED, "done")
    assert ended.expires_at == NOW + KEPT_DAYS * 86_400
    assert place_key(seen) not in table.rows
    assert store.end(ended, Outcome.FATAL) is ended
    with pytest.raises(ValueError, match=r"end\(\)"):
        store.change(seen, state=TaskState.ENDED)


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SETTLING])
def test_no_end_while_createfeed_may_be_carried_out(store: TaskStore, state: State) -> None:
    seen = task(submission=Submission(state, 1))
    store.create(seen)
    with pytest.raises(ValueError, match="createFeed"):
        store.end(seen, Outcome.CANCELLED)
    done = replace(seen.submission, state=State.REFUSED)
    assert store.end(seen, Outcome.REFUSED, submission=done).is_ended


def test_a_feed_is_one_tasks(store: TaskStore) -> None:
    store.bind(SELLER, "f1", "t1")
    store.bind(SELLER, "f1", "t1")
    with pytest.raises(FeedTakenError, match="feed f1 is task t1's"):
        store.bind(SELLER, "f1", "t2")
    store.bind("another", "f1", "t2")


@pytest.mark.parametrize("bound_first", [True, False])
def test_the_end_of_a_feed_may_be_told_before_it_is_bound(store: TaskStore, bound_first: bool) -> None:
    if bound_first:
        store.bind(SELLER, "f1", "t1")
    row = store.note_processed(SELLER, "f1", "DONE", "report")
    assert row.task_id == ("t1" if bound_first else None)
    store.bind(SELLER, "f1", "t1")
    again = store.note_processed(SELLER, "f1", "FATAL", None)
    assert (again.task_id, again.processing_status, again.result_feed_document_id) == ("t1", "DONE", "report")
    assert store.feed_row(SELLER, "f2") is None


def test_a_token_is_kept_for_the_step_that_waits(store: TaskStore) -> None:
    seen = task()
    store.create(seen)
    kept = store.set_token(seen, "token", DECIDE)
    assert (kept.token, kept.token_step) == ("token", DECIDE)
    assert store.get("t1") == kept
