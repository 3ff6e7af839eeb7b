"""Message types are found by all of their names, and withdrawn ones say why."""

from __future__ import annotations

import pytest

from sellerbus.messaging.catalogue import (
    MESSAGE_TYPES,
    WITHDRAWN,
    UnknownMessageTypeError,
    WithdrawnMessageTypeError,
    known_type,
    message_type,
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("invoice", "invoice"),
        ("sendInvoice", "invoice"),
        ("createLegalDisclosure", "legalDisclosure"),
        ("CreateWarranty", "warranty"),
        ("createConfirmOrderDetails", "confirmOrderDetails"),
        ("CONFIRMORDERDETAILS", "confirmOrderDetails"),
        (" warranty ", "warranty"),
    ],
)
def test_types_are_known_by_their_path_operation_and_live_name(name: str, found: str) -> None:
    assert message_type(name) is MESSAGE_TYPES[found]


@pytest.mark.parametrize("name", ["negativeFeedbackRemoval", "updateFeedback", "CreateAmazonMotors"])
def test_withdrawn_types_say_so(name: str) -> None:
    with pytest.raises(WithdrawnMessageTypeError, match="Amazon has withdrawn") as caught:
        message_type(name)
    assert caught.value.withdrawn in WITHDRAWN.values()
    assert known_type(name) is caught.value.withdrawn


def test_an_unknown_type_names_those_there_are() -> None:
    with pytest.raises(UnknownMessageTypeError, match="confirmServiceDetails"):
        message_type("greeting")
    assert known_type("greeting") is None


def test_no_name_stands_for_two_types() -> None:
    names = [
        *(name for kind in MESSAGE_TYPES.values() for name in {kind.name, kind.operation}),
        *(name for kind in WITHDRAWN.values() for name in (kind.name, *kind.aliases)),
    ]
    assert len(names) == len({name.lower() for name in names})
    assert len(MESSAGE_TYPES) == 9


def test_types_with_a_text_say_what_links_may_be_about() -> None:
    assert all(bool(kind.links) == (kind.text is not None) for kind in MESSAGE_TYPES.values())
