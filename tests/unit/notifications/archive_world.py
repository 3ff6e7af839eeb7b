"""S3 in memory, as far as the archive needs it, and events as a rule sends them."""

import io
import json
from collections.abc import Mapping
from typing import Any

from tests.fakes import client_error

SELLER_ID = "A3TH9S8BH6GOGM"
PUBLISHED_AT = "2026-03-02T09:12:07Z"


class MemoryS3:
    """Lists in pages of `page_size` by name. `failures`: operation -> error code, answered once."""

    def __init__(self, page_size: int = 1000) -> None:
        self.objects: dict[str, bytes] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.failures: dict[str, str] = {}
        self._page_size = page_size

    def put_object(self, **request: Any) -> Mapping[str, Any]:
        self._called("PutObject", request)
        self.objects[request["Key"]] = request["Body"]
        return {}

    def get_object(self, **request: Any) -> Mapping[str, Any]:
        self._called("GetObject", request)
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def list_objects_v2(self, **request: Any) -> Mapping[str, Any]:
        self._called("ListObjectsV2", request)
        after = request.get("ContinuationToken") or request.get("StartAfter", "")
        found = sorted(key for key in self.objects if key.startswith(request["Prefix"]) and key > after)
        page = found[: self._page_size]
        more = len(found) > len(page)
        return {
            "Contents": [{"Key": key} for key in page],
            "IsTruncated": more,
            **({"NextContinuationToken": page[-1]} if more else {}),
        }

    def _called(self, operation: str, request: Mapping[str, Any]) -> None:
        self.calls.append((operation, request))
        if code := self.failures.pop(operation, None):
            raise client_error(operation, code)


def published(event_id: str = "e-1", *, at: str = PUBLISHED_AT, **detail: Any) -> str:
    """The message that a rule sends for a published notification."""
    return json.dumps(
        {
            "version": "0",
            "id": f"bus-{event_id}",
            "source": "sellerbus.notifications",
            "detail-type": "ORDER_CHANGE",
            "time": at,
            "detail": {
                "eventId": event_id,
                "notificationId": f"n-{event_id}",
                "notificationType": "ORDER_CHANGE",
                "sellerId": SELLER_ID,
                "marketplaceId": "ATVPDKIKX0DER",
                "origin": "amazon",
                "payload": {"name": "東京"},
                **detail,
            },
        }
    )
