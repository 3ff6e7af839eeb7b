"""Reading control requests: what is taken, and what is refused in which words."""

from __future__ import annotations

import pytest

from simulator.fields import FieldError, Fields
from simulator.publish_request import Via, read_publish_request


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "must be a JSON object"),
        ({"copies": "2", "body": "x"}, "copies must be an integer"),
        ({"copies": True, "body": "x"}, "copies must be an integer"),
        ({"copies": 0, "body": "x"}, "copies must be from 1"),
        ({"delaySeconds": float("inf"), "body": "x"}, "delaySeconds must be a finite"),
        ({"keepMetadata": 1, "body": "x"}, "keepMetadata must be true or false"),
        ({"via": "mail", "body": "x"}, "via must be one of subscription, destination"),
        ({"body": "x", "notification": {}}, "exactly one"),
        ({"body": "x", "sellerID": "S"}, "unknown field sellerID"),
    ],
)
def test_orders_that_cannot_be_understood(content: object, words: str) -> None:
    with pytest.raises(FieldError, match=rf"items\[4\].*{words}"):
        read_publish_request(content, "items[4]")


def test_an_order_is_read_whole() -> None:
    order = read_publish_request(
        {
            "notification": {"a": 1},
            "sellerId": "S",
            "copies": 3,
            "delaySeconds": 1,
            "jitterSeconds": 0.5,
            "keepMetadata": True,
            "via": "destination",
            "destinationId": "d",
        },
        "the body",
    )
    assert (order.seller_id, order.copies, order.delay_seconds, order.jitter_seconds) == ("S", 3, 1.0, 0.5)
    assert (order.keep_metadata, order.via, order.destination_id) == (True, Via.DESTINATION, "d")
    assert order.notification == {"a": 1}


def test_required_fields_are_named() -> None:
    with pytest.raises(FieldError, match="clientId is required"):
        Fields({}).text("clientId")
    with pytest.raises(FieldError, match="list of strings"):
        Fields({"scopes": [1]}).texts("scopes")
    with pytest.raises(FieldError, match="at least one item"):
        Fields({"items": []}).items("items")
