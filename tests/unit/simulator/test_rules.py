from typing import Any

import pytest

from simulator.catalogue import CATALOGUE
from simulator.errors import ApiError
from simulator.rules import check_filter_expression, subscription_request


@pytest.mark.parametrize(
    "expression",
    [
        "FulfillmentOrderStatusNotification.FulfillmentOrderStatus == `SHIPPED`",
        'Payload.Type in ["NEW", "USED"]',
        "Payload.Sku == 'A-1/2' && Payload.Price > 5",
        'Payload.Note == "a [b] + c % d"',
        r"Payload.Note == 'it\'s 1 + 1'",
    ],
)
def test_what_a_filter_expression_may_say(expression: str) -> None:
    check_filter_expression(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "a + 1 == 2",
        "a - 1 == 2",
        "a * 2 == 2",
        "a / 2 == 2",
        "a % 2 == 0",
        "a[0] == 1",
        "f(a)[0] == 1",
        "a['b'] == 1",
    ],
)
def test_arithmetic_and_indexing_are_refused(expression: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_filter_expression(expression)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("notification_type", "directive", "words"),
    [
        (
            "FEE_PROMOTION",
            {"eventFilter": {"eventFilterType": "FEE_PROMOTION"}},
            "does not support eventFilter",
        ),
        (
            "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
            {"filterExpression": "a == 1"},
            "does not support filterExpression",
        ),
        ("LISTINGS_ITEM_STATUS_CHANGE", {}, "does not support processingDirective"),
        ("LISTINGS_ITEM_STATUS_CHANGE", {"filterExpression": "a == 1"}, "does not support filterExpression"),
        ("ORDER_CHANGE", {"filterExpression": ""}, "filterExpression"),
        (
            "ORDER_CHANGE",
            {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": "US"}},
            "list",
        ),
        (
            "ANY_OFFER_CHANGED",
            {"eventFilter": {"eventFilterType": "ANY_OFFER_CHANGED", "aggregationSettings": {}}},
            "aggregationTimePeriod",
        ),
        (
            "ANY_OFFER_CHANGED",
            {
                "eventFilter": {
                    "eventFilterType": "ANY_OFFER_CHANGED",
                    "aggregationSettings": {"aggregationTimePeriod": "OneHour"},
                }
            },
            "FiveMinutes",
        ),
        (
            "SHIPMENT_TRACKING_MILESTONE_CHANGED",
            {"eventFilter": {"eventFilterType": "SHIPMENT_TRACKING_MILESTONE_CHANGED"}},
            "trackingIdentifier",
        ),
        (
            "SHIPMENT_TRACKING_MILESTONE_CHANGED",
            {
                "eventFilter": {
                    "eventFilterType": "SHIPMENT_TRACKING_MILESTONE_CHANGED",
                    "trackingIdentifier": {"id": "1", "aftn": "2"},
                }
            },
            "exactly one",
        ),
        (
            "SHIPMENT_TRACKING_MILESTONE_CHANGED",
            {
                "eventFilter": {
                    "eventFilterType": "SHIPMENT_TRACKING_MILESTONE_CHANGED",
                    "trackingIdentifier": {"carrierTracking": {"carrierCode": "C"}},
                }
            },
            "trackingNumber",
        ),
    ],
)
def test_directives_that_the_type_does_not_take(
    notification_type: str, directive: dict[str, Any], words: str
) -> None:
    kind = CATALOGUE[notification_type]
    body = {
        "payloadVersion": kind.payload_versions[0],
        "destinationId": "d",
        "processingDirective": directive,
    }
    with pytest.raises(ApiError) as refused:
        subscription_request(body, kind)
    assert words in refused.value.details


def test_a_tracking_filter_takes_one_identifier() -> None:
    directive = {
        "eventFilter": {
            "eventFilterType": "SHIPMENT_TRACKING_MILESTONE_CHANGED",
            "trackingIdentifier": {"carrierTracking": {"trackingNumber": "1Z"}, "id": None},
        }
    }
    kind = CATALOGUE["SHIPMENT_TRACKING_MILESTONE_CHANGED"]
    body = {"payloadVersion": "2026-01-30", "destinationId": "d", "processingDirective": directive}
    request = subscription_request(body, kind)
    assert request.processing_directive == {
        "eventFilter": {
            "eventFilterType": "SHIPMENT_TRACKING_MILESTONE_CHANGED",
            "trackingIdentifier": {"carrierTracking": {"trackingNumber": "1Z"}},
        }
    }
