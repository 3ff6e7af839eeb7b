"""Keys, options and deliveries in any form and order: each object becomes one task, and nothing breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.aws.message_queue import Message
from sellerbus.feeds.intake.feed_requested import FeedRequested, UnusableRequestError, feed_requested
from sellerbus.feeds.intake.inbox import FeedKey, UnusableKeyError, feed_key
from sellerbus.feeds.intake.request import (
    KNOWN,
    Options,
    UnusableOptionsError,
    merged,
    options_of_metadata,
    options_of_side_file,
)
from tests.unit.feeds.inbox_world import KEY, World

segments = st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=12)
sellers = st.from_regex(r"[A-Z0-9]{5,20}", fullmatch=True)
types = st.from_regex(r"[A-Z_]{1,20}", fullmatch=True)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda name: not name.endswith(("/", ".options.json")) and not name.startswith("/")
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(seller=sellers, feed_type=types, name=names)
def test_a_good_key_gives_back_its_parts_and_so_does_its_side_file(
    seller: str, feed_type: str, name: str
) -> None:
    key = f"feeds/{seller}/{feed_type}/{name}"
    assert feed_key(key, 1) == FeedKey(key, seller, feed_type)
    found = feed_key(f"{key}.options.json", 1)
    assert found == FeedKey(key, seller, feed_type, is_side_file=True)
    assert found is not None
    assert found.side_key == f"{key}.options.json"


@given(parts=st.lists(segments | sellers | types | st.just("feeds"), max_size=6), size=st.integers(0, 2))
def test_any_key_is_a_feed_a_folder_or_told_of(parts: list[str], size: int) -> None:
    key = "/".join(parts)
    try:
        found = feed_key(key, size)
    except UnusableKeyError:
        return
    if found is None:
        assert key.endswith("/")
        assert size == 0
    else:
        assert key in {found.key, found.side_key}
        assert key.startswith(f"feeds/{found.seller_id}/{found.feed_type}/")


@given(content=st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_side_file_is_read_or_told_of(content: bytes) -> None:
    try:
        found = options_of_side_file(content)
    except UnusableOptionsError:
        return
    assert isinstance(found, Options)


@given(said=st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=5), json_values, max_size=5))
def test_a_side_file_with_a_field_that_nobody_knows_is_never_read(said: dict[str, Any]) -> None:
    content = json.dumps(said).encode()
    if set(said) <= set(KNOWN):
        return
    with pytest.raises(UnusableOptionsError, match="known are marketplaceIds"):
        options_of_side_file(content)


@given(
    metadata=st.dictionaries(
        st.sampled_from(["marketplace-ids", "feed-options", "task-id", "origin", "resubmission-of", "x"]),
        st.text(max_size=20),
    ),
    content_type=st.none() | st.text(max_size=30),
)
def test_any_metadata_is_read_or_told_of(metadata: dict[str, str], content_type: str | None) -> None:
    try:
        found = options_of_metadata(metadata, content_type)
    except UnusableOptionsError:
        assert "feed-options" in metadata or "task-id" in metadata
        return
    assert found.marketplace_ids is None or all(found.marketplace_ids)


options = st.builds(
    Options,
    marketplace_ids=st.none() | st.just(("A",)) | st.just(("A", "B")) | st.just(("B", "A")),
    feed_options=st.none() | st.just({}) | st.just({"a": "b"}),
    content_type=st.sampled_from([None, "text/xml; charset=utf-8", "text/xml;charset=UTF-8", "text/xml"]),
    task_id=st.sampled_from([None, "t-1", "t-2"]),
    guessed_type=st.sampled_from([None, "text/plain"]),
)


@given(one=options, other=options)
def test_merging_loses_nothing_and_prefers_nobody(one: Options, other: Options) -> None:
    try:
        both = merged(one, other, ("one", "other"))
    except UnusableOptionsError:
        with pytest.raises(UnusableOptionsError, match="say it once, or alike"):
            merged(other, one, ("other", "one"))
        return
    merged(other, one, ("other", "one"))
    for name in ("marketplace_ids", "feed_options", "content_type", "task_id"):
        said = [getattr(each, name) for each in (one, other) if getattr(each, name) is not None]
        assert getattr(both, name) == (said[0] if said else None)


@given(detail=json_values | st.dictionaries(st.sampled_from(["sellerId", "feedType", *KNOWN]), json_values))
def test_any_detail_of_an_event_is_read_or_told_of(detail: object) -> None:
    try:
        found = feed_requested(detail)
    except UnusableRequestError:
        return
    assert isinstance(found, FeedRequested)


@given(body=st.text(max_size=50) | json_values.map(json.dumps))
def test_no_message_breaks_the_batch(body: str) -> None:
    world = World()
    results = world.deliver(world.message(body), world.put(marketplace_ids="US"))
    assert [result.verdict.value for result in results] == ["rejected", "taken"]


@given(data=st.data())
def test_in_any_order_and_number_each_version_becomes_one_task(data: st.DataObject) -> None:
    world = World()
    messages: list[Message] = []
    for step in data.draw(st.lists(st.sampled_from(["file", "side", "whole", "delete", "pass"]), max_size=6)):
        if step == "file":
            messages.append(world.put(content=data.draw(st.sampled_from([b"a", b"b"]))))
        elif step == "whole":
            messages.append(world.put(marketplace_ids="US"))
        elif step == "side":
            task_id = data.draw(st.sampled_from([None, "t-1", "t-2"]))
            said: dict[str, Any] = {"marketplaceIds": ["US"], **({"taskId": task_id} if task_id else {})}
            messages.append(world.options(**said))
        elif step == "delete":
            world.delete()
        world.clock.sleep(data.draw(st.sampled_from([0, 5, 901])))
        for message in data.draw(st.lists(st.sampled_from(messages), max_size=3)) if messages else []:
            world.deliver(message)
    for _ in range(3):
        for message in messages:
            world.deliver(message)
        world.clock.sleep(901)
    for task in world.all_tasks():
        if task.content_sha256 is None and task.reason is None:
            world.tasks.change(task, content_sha256="0" * 64)
    results = [result for message in messages for result in world.deliver(message)]
    # All are done, but those that wait for the first task of their id to be checked: it is, by now.
    assert all(result.is_done for result in results)
    sources = [(task.source.key, task.source.version_id) for task in world.all_tasks()]
    assert len(set(sources)) == len(sources)
    documents = {
        version.version_id for version in world.inbox.versions.get(KEY, []) if version.content is not None
    }
    assert {version for _, version in sources} <= documents
    assert sorted(world.executions) == world.task_ids
