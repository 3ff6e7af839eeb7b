"""What a person reads of an error: all of it, or a few words without seller and class."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sellerbus.api import errors
from sellerbus.notifications.error_texts import brief, whole
from sellerbus.notifications.reconciliation import SubscriptionsIncompleteError
from sellerbus.sellers.registry import UnreadableTokenError

REFUSED = errors.UnauthorizedError("createSubscription", "no role", status=403)
AWS = ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "UpdateItem")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (REFUSED, "refused (403): createSubscription"),
        (SubscriptionsIncompleteError("A1", {"X": REFUSED}), "refused (403): createSubscription X"),
        (
            SubscriptionsIncompleteError("A1", {"X": REFUSED, "Y": REFUSED}),
            "refused (403): createSubscription X and 1 more",
        ),
        (
            errors.RetryableError("getSubscriptions", "A1 is down", status=503),
            "no answer (503): getSubscriptions",
        ),
        (UnreadableTokenError("the token of A1"), "unreadable token"),
        (AWS, "AWS refused: UpdateItem"),
        (KeyError("A1"), "key"),
    ],
)
def test_in_a_few_words_without_the_seller(error: Exception, words: str) -> None:
    assert brief(error) == words


def test_whole_with_the_class_only_where_the_text_does_not_say_it_all() -> None:
    assert whole(REFUSED) == str(REFUSED)
    assert whole(KeyError("x")) == "KeyError: 'x'"
    assert whole(errors.SellingPartnerError("x", "")) == "x: "
