"""Keeps what was found wrong with a feed, as JSON in the result bucket.

Source: S3 API, PutObject. A repeat writes the same again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.feeds.findings import Findings


class S3Client(Protocol):
    """The part of boto3's S3 client used here."""

    def put_object(self, **request: Any) -> Mapping[str, Any]:
        """S3 API: PutObject."""
        ...


class FindingsStore:
    """Raises StoreUnavailableError where S3 does not do it now."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def keep(self, task_id: str, findings: Findings) -> Mapping[str, Any]:
        """Keep them, if there are any; return the counts, and the key where they were kept."""
        counts: dict[str, Any] = {"errors": findings.errors, "warnings": findings.warnings}
        if not findings.kept:
            return counts
        key = f"tasks/{task_id}/findings.json"
        with aws_call("PutObject"):
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=json.dumps(findings.document(), ensure_ascii=False).encode("utf-8", "replace"),
                ContentType="application/json; charset=utf-8",
            )
        return {**counts, "key": key}
