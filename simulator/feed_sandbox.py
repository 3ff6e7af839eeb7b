"""The static sandbox of the Feeds API: fixed answers, whatever the state.

Source: the `x-amzn-api-sandbox` cases of the models. Each operation has one request that succeeds and one
that is invalid; what matches neither is answered with 400 "Could not match input arguments".
"""

from __future__ import annotations

from simulator.call import Call
from simulator.errors import ApiError
from simulator.operations import ENCRYPTED_FEEDS_VERSION

_PRODUCTS = "POST_PRODUCT_DATA"
_DOCUMENT_ID = "3d4e42b5-1d6e-44e8-a89c-2abfca0625bb"
_REPORT_ID = "0356cf79-b8b0-4226-b4b9-0ee058ea5760"
_URL = "https://d34o8swod1owfl.cloudfront.net/Feed_101__POST_PRODUCT_DATA_"
_MARKETPLACES = ["ATVPDKIKX0DER", "A1F83G8C2ARO7P"]
_NEXT_TOKEN = "VGhpcyB0b2tlbiBpcyBvcGFxdWUgYW5kIGludGVudGlvbmFsbHkgb2JmdXNjYXRlZA=="

# Operation -> (arguments that succeed, arguments that are invalid).
_ARGUMENTS: dict[str, tuple[object, object]] = {
    "getFeeds": (
        {"feedTypes": _PRODUCTS, "pageSize": "10", "processingStatuses": "CANCELLED,DONE"},
        {"feedTypes": _PRODUCTS, "processingStatuses": "BAD_VALUE,DONE"},
    ),
    "createFeed": (
        {"feedType": _PRODUCTS, "marketplaceIds": _MARKETPLACES, "inputFeedDocumentId": _DOCUMENT_ID},
        {"marketplaceIds": _MARKETPLACES, "inputFeedDocumentId": "badDocumentId"},
    ),
    "getFeed": ("feedId1", "badFeedId1"),
    "cancelFeed": ("ID1", "BADID1"),
    "createFeedDocument": ({"contentType": "text/tab-separated-values; charset=UTF-8"}, {}),
    "getFeedDocument": (_REPORT_ID, "badDocumentId1"),
}


def _feed(year: int) -> dict[str, object]:
    time = f"{year}-03-11T13:16:24.630Z" if year == 2024 else f"{year}-12-11T13:16:24.630Z"
    return {
        "feedId": "FeedId1",
        "feedType": _PRODUCTS,
        "createdTime": time,
        "processingStatus": "CANCELLED",
        "processingStartTime": time,
        "processingEndTime": time,
    }


def _encryption(initialization_vector: str, key: str) -> dict[str, object]:
    # As in the model, where neither is base64.
    return {"standard": "AES", "initializationVector": initialization_vector, "key": key}


_ANSWERS: dict[str, dict[str, object] | None] = {
    "getFeeds": {"feeds": [_feed(2024)], "nextToken": _NEXT_TOKEN},
    "createFeed": {"feedId": "3485934"},
    "getFeed": _feed(2024),
    "cancelFeed": None,
    "createFeedDocument": {"feedDocumentId": _DOCUMENT_ID, "url": _URL + ".xml"},
    "getFeedDocument": {"feedDocumentId": _REPORT_ID, "url": _URL + ".xml"},
}
_ENCRYPTED_ANSWERS: dict[str, dict[str, object] | None] = {
    "getFeeds": {"payload": [_feed(2019)], "nextToken": _NEXT_TOKEN},
    "createFeed": {"payload": {"feedId": "3485934"}},
    "getFeed": {"payload": _feed(2019)},
    "cancelFeed": {},
    "createFeedDocument": {
        "payload": {
            "feedDocumentId": _DOCUMENT_ID,
            "url": _URL + "%2BKEY%3DFeed_101%2BMode%3DCBC%2BINITVEC%3D8f+6c+cc+56+0d+50+a2+d0+31+ec+80+be+f2"
            "+6a+1d+0a",
            "encryptionDetails": _encryption("8f 6c cc 56 0d 50 a2 d0 31 ec 80 be f2 6a 1d 0a", "key"),
        }
    },
    "getFeedDocument": {
        "payload": {
            "feedDocumentId": _REPORT_ID,
            "url": "https://d34o8swod1owfl.cloudfront.net/SampleResult%2BKey%3DSample%2BINITVEC%3D58+fa+bf+a7"
            "+08+11+95+0f+c1+a8+c6+e0+d5+6f+ae+c8",
            "encryptionDetails": _encryption("58 fa bf a7 08 11 95 0f c1 a8 c6 e0 d5 6f ae c8", "Sample"),
        }
    },
}


class FeedsSandbox:
    """Carries out calls of one version in sandbox mode; the counterpart of FeedsApi."""

    def __init__(self, version: str) -> None:
        self._answers = _ENCRYPTED_ANSWERS if version == ENCRYPTED_FEEDS_VERSION else _ANSWERS

    async def carry_out(self, call: Call) -> dict[str, object] | None:
        """Returns the body of a success, None where that has none, or raises ApiError."""
        name = call.operation.rsplit("/", 1)[-1]
        valid, bad = _ARGUMENTS[name]
        given = _given(call, name)
        if given == valid:
            return self._answers[name]
        if given == bad:
            details = "Dates were not provided" if name == "getFeeds" else "Invalid input"
            raise ApiError(400, "400", "Invalid input", details)
        raise ApiError(400, "InvalidInput", "Could not match input arguments")


def _given(call: Call, name: str) -> object:
    if name == "getFeeds":
        return dict(call.query)
    return next(iter(call.path.values())) if call.path else call.body
