"""The feed types and formats that the settings know are those of the functions' catalogue."""

from typing import get_args

from sellerbus.feeds.catalogue import FEED_TYPES, Format
from sellerbus.runtime.task_config import API_VERSIONS
from stacks.feed_types import KNOWN_FEED_TYPES
from stacks.settings_feeds import FeedFormat, FeedsApiVersion


def test_settings_and_functions_know_the_same_types() -> None:
    assert set(FEED_TYPES) == KNOWN_FEED_TYPES


def test_a_custom_type_has_one_of_the_catalogues_formats() -> None:
    assert set(get_args(FeedFormat)) == {entry.name.lower() for entry in Format}


def test_settings_and_functions_know_the_same_versions_of_the_api() -> None:
    assert get_args(FeedsApiVersion) == API_VERSIONS
