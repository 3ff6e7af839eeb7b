"""Reading Amazon's envelope: both casings, what is invalid, what passes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.notifications.catalogue import Entity, Subject, describe
from sellerbus.notifications.envelope import DEEPEST_NESTING, InvalidNotificationError, parse_envelope
from sellerbus.notifications.partner_event import notification_text
from tests.builders import ORDER_ID, SELLER_ID, body, feed_finished, order_change, partner_event


def test_both_casings_become_one_model() -> None:
    pascal, camel = parse_envelope(body(order_change())), parse_envelope(body(feed_finished()))
    assert (pascal.notification_id, pascal.notification_type) == ("n-1", "ORDER_CHANGE")
    assert (camel.notification_id, camel.notification_type) == ("n-2", "FEED_PROCESSING_FINISHED")
    assert pascal.payload_version == "1.0"
    assert pascal.event_time == "2026-01-11T00:09:53.109Z"
    assert pascal.publish_time == "2026-01-11T00:09:54.000Z"
    assert camel.payload_version == "2020-09-04"
    assert camel.publish_time == "2026-01-13T19:42:05.000Z"
    assert camel.payload["feedProcessingFinishedNotification"]["processingStatus"] == "DONE"
    assert not pascal.notification_id_is_derived


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not-json"),
        ("{", "not-json"),
        ("<html>busy</html>", "not-json"),
        ('{"NotificationType": "ORDER_CHANGE", "Payload": NaN}', "not-json"),
        ("[]", "not-an-object"),
        ("null", "not-an-object"),
        ('"ORDER_CHANGE"', "not-an-object"),
        ("12", "not-an-object"),
        ("true", "not-an-object"),
        ('{"Payload": {}}', "missing-notification-type"),
        ('{"NotificationType": null, "Payload": {}}', "missing-notification-type"),
        ('{"NotificationType": 7, "Payload": {}}', "invalid-notification-type"),
        ('{"NotificationType": "", "Payload": {}}', "invalid-notification-type"),
        ('{"NotificationType": "A B", "Payload": {}}', "invalid-notification-type"),
        ('{"NotificationType": "' + "A" * 129 + '", "Payload": {}}', "invalid-notification-type"),
        ('{"NotificationType": "ORDER_CHANGE"}', "missing-payload"),
        ('{"NotificationType": "ORDER_CHANGE", "Payload": null}', "missing-payload"),
        ("[" * 200_000 + "]" * 200_000, "nested-too-deeply"),
        (
            '{"NotificationType": "X", "Payload": ' + "[" * DEEPEST_NESTING + "]" * DEEPEST_NESTING + "}",
            "nested-too-deeply",
        ),
    ],
)
def test_what_is_no_notification_says_why_and_repeats_nothing_of_it(text: str, reason: str) -> None:
    with pytest.raises(InvalidNotificationError) as caught:
        parse_envelope(text)
    assert caught.value.reason == reason
    assert "busy" not in str(caught.value)


def test_many_brackets_that_do_not_nest_pass() -> None:
    notification = order_change()
    notification["Payload"] = [[] for _ in range(2 * DEEPEST_NESTING)]
    assert len(parse_envelope(body(notification)).payload) == 2 * DEEPEST_NESTING


@pytest.mark.parametrize(
    "number",
    [
        "9" * 5000,
        str(2**63),
        str(-(2**63) - 1),
        "12345678901234567.89",
        "0.12345678901234567890",
        "1e999",
        "-1e-999",
        "1e99999999999999999999",
    ],
)
def test_a_number_that_would_be_altered_is_kept_as_text_and_said(number: str) -> None:
    envelope = parse_envelope(f'{{"notificationType": "X", "payload": {{"n": [{number}, 1.5]}}}}')
    assert envelope.payload == {"n": [number, 1.5]}
    assert not envelope.numbers_are_exact


@pytest.mark.parametrize(
    "number",
    [
        str(2**63 - 1),
        str(-(2**63)),
        "0.1",
        "10.30",
        "1E5",
        "1e22",
        "-0.0",
        "123456789012.345",
        "1.7976931348623157e308",
        "100000000000000000000.0",
    ],
)
def test_a_number_that_comes_out_as_it_went_in_stays_a_number(number: str) -> None:
    envelope = parse_envelope(f'{{"notificationType": "X", "payload": {{"n": {number}}}}}')
    assert envelope.numbers_are_exact
    assert envelope.payload["n"] == json.loads(number)


def test_long_digits_in_a_text_are_no_number() -> None:
    envelope = parse_envelope('{"notificationType": "X", "payload": {"n": "1Z99912345678901234567890"}}')
    assert envelope.numbers_are_exact


def test_unknown_types_fields_and_payload_shapes_pass() -> None:
    envelope = parse_envelope(
        '{"notificationType": "INVENTED_IN_2031", "payload": [1, "two"], "somethingNew": {"a": 1}}'
    )
    assert envelope.notification_type == "INVENTED_IN_2031"
    assert envelope.payload == [1, "two"]
    assert envelope.event_time is None
    assert describe(envelope) == Subject(None, None, None)


@pytest.mark.parametrize("unusable", [None, 17, "", "a" * 257, "line\nbreak", "naïve", {"id": "n-1"}])
def test_without_a_usable_notification_id_the_body_identifies(unusable: Any) -> None:
    notification = order_change()
    notification["NotificationMetadata"]["NotificationId"] = unusable
    first = parse_envelope(body(notification))
    assert first.notification_id_is_derived
    assert first.notification_id.startswith("sha256-")
    assert first.notification_id == parse_envelope(body(notification)).notification_id
    notification["EventTime"] = "2026-01-12T00:00:00Z"
    assert first.notification_id != parse_envelope(body(notification)).notification_id


@pytest.mark.parametrize("metadata", [None, [], "x", 3])
def test_metadata_of_another_shape_is_no_metadata(metadata: Any) -> None:
    notification = order_change()
    notification["NotificationMetadata"] = metadata
    assert parse_envelope(body(notification)).notification_id_is_derived


def test_the_content_hash_is_of_the_content_alone() -> None:
    notification = order_change()
    respelled = json.dumps(dict(reversed(notification.items())), indent=2)
    sent_again = order_change()
    sent_again["NotificationMetadata"]["PublishTime"] = "2026-01-12T00:00:00Z"
    reference = parse_envelope(body(notification)).content_hash
    assert parse_envelope(respelled).content_hash == reference
    assert parse_envelope(body(sent_again)).content_hash == reference
    for other in (
        order_change(status="Shipped"),
        order_change(event_time="2026-01-11T00:09:53.110Z"),
        {**notification, "PayloadVersion": "1.1"},
        {**notification, "NotificationType": "ORDER_STATUS_CHANGE"},
    ):
        assert parse_envelope(body(other)).content_hash != reference


def _described(notification_type: str, payload: Any) -> Subject:
    return describe(parse_envelope(body({"notificationType": notification_type, "payload": payload})))


def test_subjects_of_the_two_examples() -> None:
    assert describe(parse_envelope(body(order_change()))) == Subject(
        SELLER_ID, "ATVPDKIKX0DER", Entity("order", ORDER_ID)
    )
    assert describe(parse_envelope(body(feed_finished()))) == Subject(
        SELLER_ID, None, Entity("feed", "53347018456")
    )


def test_an_offer_is_product_marketplace_and_condition() -> None:
    trigger = {"MarketplaceId": "A1PA6795UKMFR9", "ASIN": "B000000001", "ItemCondition": "new"}
    payload = {"AnyOfferChangedNotification": {"SellerId": "S1", "OfferChangeTrigger": trigger}}
    assert _described("ANY_OFFER_CHANGED", payload) == Subject(
        "S1", "A1PA6795UKMFR9", Entity("offer", "B000000001#A1PA6795UKMFR9#new")
    )
    camel = {
        "sellerId": "S1",
        "offerChangeTrigger": {"marketplaceId": "M", "asin": "B1", "itemCondition": "used"},
    }
    assert _described("PRICING_HEALTH", camel) == Subject("S1", "M", Entity("offer", "B1#M#used"))


def test_part_of_an_entity_is_no_entity() -> None:
    assert _described("LISTINGS_ITEM_STATUS_CHANGE", {"SellerId": "S1", "Sku": "SKU-1"}).entity is None


def test_account_ids_name_their_seller() -> None:
    payload = {"accountId": "amzn1.merchant.o.A21CXK3C4ERTY8", "queryId": "54517018502"}
    assert _described("DATA_KIOSK_QUERY_PROCESSING_FINISHED", payload) == Subject(
        "A21CXK3C4ERTY8", None, Entity("query", "54517018502")
    )


def test_one_of_several_kinds_of_identifier() -> None:
    payload = {"x": {"trackingDetail": {"identifier": {"aftn": "AFTN987654321"}}}}
    wrapped = {"shipmentTrackingMilestoneChangedNotification": payload["x"]}
    entity = _described("SHIPMENT_TRACKING_MILESTONE_CHANGED", wrapped).entity
    assert entity == Entity("tracking", "aftn:AFTN987654321")


@pytest.mark.parametrize(
    "seller", [None, "", 5.5, ["S"], {"a": "b", "c": "d"}, "x" * 513, "na\u00efve", True]
)
def test_identifiers_of_another_shape_are_left_out(seller: Any) -> None:
    assert _described("ORDER_CHANGE", {"SellerId": seller}).seller_id is None


@pytest.mark.parametrize("notification", [order_change(), feed_finished()])
def test_an_event_of_amazons_is_the_notification_in_its_detail(notification: Any) -> None:
    assert parse_envelope(body(partner_event(notification))) == parse_envelope(body(notification))


def test_two_events_with_one_notification_are_copies() -> None:
    """Also where Amazon gives no id: the event's own id and time must not tell them apart."""
    for notification in (order_change(), order_change(None)):
        first = parse_envelope(body(partner_event(notification)))
        again = parse_envelope(body(partner_event(notification, event_id="e-2", time="2026-01-12T00:00:00Z")))
        assert first == again
    other = parse_envelope(body(partner_event(order_change(status="Shipped"))))
    assert other.content_hash != parse_envelope(body(partner_event(order_change()))).content_hash


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (partner_event(order_change(), **{"detail-type": "ORDER_STATUS_CHANGE"}), "detail-type-differs"),
        ({**partner_event(order_change()), "detail-type": 5}, "detail-type-differs"),
        (partner_event(order_change(), detail=None), "missing-detail"),
        (partner_event(order_change(), detail="busy"), "missing-detail"),
        (partner_event(order_change(), detail=[order_change()]), "missing-detail"),
        ({"source": partner_event({})["source"], "id": "busy"}, "missing-detail"),
        (partner_event({"Payload": {}}, **{"detail-type": "X"}), "missing-notification-type"),
        (partner_event({"NotificationType": "X"}), "missing-payload"),
        (partner_event(order_change(), source="aws.partner/another.example/1"), "missing-notification-type"),
        (
            partner_event(order_change(), source="aws.partner/sellingpartnerapi.amazon.com.example/1"),
            "missing-notification-type",
        ),
    ],
)
def test_an_event_that_carries_no_notification_says_why(event: Any, reason: str) -> None:
    with pytest.raises(InvalidNotificationError) as caught:
        parse_envelope(body(event))
    assert caught.value.reason == reason
    assert "busy" not in str(caught.value)


def test_an_event_without_a_detail_type_passes() -> None:
    event = partner_event(order_change())
    del event["detail-type"]
    assert parse_envelope(body(event)).notification_id == "n-1"


def test_a_number_in_a_detail_that_would_be_altered_is_said() -> None:
    text = body(partner_event({"NotificationType": "X", "Payload": "NUMBER"}))
    assert not parse_envelope(text.replace('"NUMBER"', "9" * 5000)).numbers_are_exact


def test_the_text_of_a_notification_is_that_of_its_body() -> None:
    text = ' { "NotificationType" : "X", "Payload": 1.50, "source": "of the seller", "detail": {"a": 1} }'
    assert notification_text(text) == text


def test_the_text_of_a_notification_in_an_event_is_the_detail_as_it_is_written() -> None:
    detail = '{ "NotificationType":"X",\n "Payload": [1.50, ' + "9" * 5000 + ', "\\u00e9 } \\" ,"] }'
    source = partner_event({})["source"].replace("/", "\\/")
    for text in (
        f'\t{{ "detail" :\n{detail} , "source":"{source}" }}\n',
        f'{{"id": {{"detail": 1}}, "detail": {{}}, "source": "{source}", "detail":{detail}}}',
    ):
        assert parse_envelope(text).notification_type == "X"
        assert notification_text(text) == detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(payload=JSON, others=st.dictionaries(st.text(), JSON, max_size=3), indent=st.sampled_from([None, 1]))
def test_the_detail_of_any_event_is_found_whole(payload: Any, others: Any, indent: int | None) -> None:
    notification = {"NotificationType": "X", "Payload": payload}
    event = {**others, **partner_event(notification)}
    for text in (
        json.dumps(event, indent=indent),
        json.dumps(dict(reversed(event.items())), indent=indent, ensure_ascii=False),
    ):
        assert json.loads(notification_text(text)) == notification
    plain = json.dumps({**others, **notification, "source": payload}, indent=indent)
    assert notification_text(plain) == plain
