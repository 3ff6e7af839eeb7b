"""The documents of gathered listing changes in the inbox bucket.

    changes/<taskId>/feed.json                          the feed, before anybody decided that it is one
    changes/<taskId>/manifest.jsonl                     which of its messages is which change
    feeds/<sellerId>/JSON_LISTINGS_FEED/<taskId>.json   the feed handed over, like any file of the inbox

The manifest is read again at the end of the task, weeks later at worst: objects under changes/ must be kept
longer than a feed may take (90 days).

Source: S3 API, CopyObject and PutObject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.feeds.changes.change import Group
from sellerbus.feeds.changes.document import CONTENT_TYPE, Entry, read_manifest
from sellerbus.feeds.intake.inbox import gathered_key
from sellerbus.feeds.task import CHANGES

_LINES: Final = "application/x-ndjson; charset=utf-8"


class S3Client(Protocol):
    """The part of boto3's S3 client used here; each method is the S3 API operation of its name."""

    def copy_object(self, **request: Any) -> Mapping[str, Any]: ...

    def get_object(self, **request: Any) -> Mapping[str, Any]: ...

    def put_object(self, **request: Any) -> Mapping[str, Any]: ...


class ChangesInbox:
    """Raises StoreUnavailableError where S3 does not do it now, and where an object is gone."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def write(self, task_id: str, document: bytes, manifest: bytes) -> None:
        """Put down what a batch would be; nothing comes of it by itself."""
        for name, content, content_type in (
            ("feed.json", document, CONTENT_TYPE),
            ("manifest.jsonl", manifest, _LINES),
        ):
            with aws_call("PutObject"):
                self._client.put_object(
                    Bucket=self._bucket, Key=_key(task_id, name), Body=content, ContentType=content_type
                )

    def hand_over(self, group: Group, task_id: str) -> None:
        """Put the feed into the inbox; again is the same: its task id is its own."""
        with aws_call("CopyObject"):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=gathered_key(group.seller_id, task_id),
                CopySource={"Bucket": self._bucket, "Key": _key(task_id, "feed.json")},
                MetadataDirective="REPLACE",
                ContentType=CONTENT_TYPE,
                Metadata={
                    "task-id": task_id,
                    "marketplace-ids": group.marketplace_id,
                    "origin": CHANGES,
                },
            )

    def manifest(self, task_id: str) -> list[Entry]:
        """Which of the feed's messages is which change, in the messages' order."""
        with aws_call("GetObject"):
            answer = self._client.get_object(Bucket=self._bucket, Key=_key(task_id, "manifest.jsonl"))
            content: bytes = answer["Body"].read()
        return list(read_manifest(content))


def _key(task_id: str, name: str) -> str:
    return f"changes/{task_id}/{name}"
