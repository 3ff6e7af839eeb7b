"""What a call must bring, by the operation's row, and how it is written into path and query."""

from __future__ import annotations

import pytest

from sellerbus.api import operations
from sellerbus.api.operation import Query

UPLOAD = operations.CREATE_UPLOAD_DESTINATION
RESOURCE = "messaging/v1/orders/123-1234567-1234567/messages/invoice"


def test_names_repeat_keys_do_not() -> None:
    assert operations.CREATE_FEED.name == operations.CREATE_FEED_2020_09_04.name == "createFeed"
    assert operations.CREATE_FEED.key == "feeds/2021-06-30 createFeed"
    assert operations.CREATE_FEED_2020_09_04.key == "feeds/2020-09-04 createFeed"
    assert operations.OPERATIONS["orders/v0 getOrder"] is operations.GET_ORDER_V0


def test_a_greedy_parameter_keeps_its_slashes() -> None:
    assert UPLOAD.filled({"resource": RESOURCE}) == f"/uploads/2020-11-01/uploadDestinations/{RESOURCE}"
    assert UPLOAD.filled({"resource": "a b/ü"}).endswith("/a%20b/%C3%BC")


@pytest.mark.parametrize("resource", ["", f"/{RESOURCE}", f"{RESOURCE}/", "a//b", "a/../b", "."])
def test_a_greedy_parameter_cannot_lead_elsewhere(resource: str) -> None:
    with pytest.raises(ValueError, match="unusable path parameters: resource"):
        UPLOAD.filled({"resource": resource})


def test_other_parameters_lose_their_slashes() -> None:
    assert operations.GET_FEED.filled({"feedId": "a/b"}) == "/feeds/2021-06-30/feeds/a%2Fb"


def test_lists_are_joined_by_commas() -> None:
    query = {"marketplaceIds": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"], "pageSize": "10"}
    assert operations.GET_FEEDS.asked(query) == {
        "marketplaceIds": "ATVPDKIKX0DER,A2EUQ1WTGCTBG2",
        "pageSize": "10",
    }


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ({"marketplaceIds": ["A", "B,C"]}, "a value of marketplaceIds contains a comma"),
        ({"marketplaceId": "A"}, "takes no query parameter marketplaceId"),
        ({}, "needs the query parameter contentMD5, marketplaceIds"),
        ({"contentMD5": "", "marketplaceIds": []}, "needs the query parameter contentMD5, marketplaceIds"),
    ],
)
def test_what_amazon_would_refuse_is_refused_before(query: Query, what: str) -> None:
    with pytest.raises(ValueError, match=f"^createUploadDestinationForResource:? {what}$"):
        UPLOAD.asked(query)
