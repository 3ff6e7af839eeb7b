"""A message that a person hands over from this machine: its words and files, before they leave it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.message_files import LocalFile
from sellerbus.messaging.request import (
    MessageRequest,
    attachments_prefix,
    content_hash,
    read_request,
)


@dataclass(frozen=True)
class Pointer:
    """Where a file of the message lies in the message bucket."""

    key: str
    version_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The words are as they were given. values: of the template. task_id None: one is derived."""

    seller_id: str
    marketplace: str
    amazon_order_id: str
    message_type: str
    text: str | None = field(default=None, repr=False)
    template: str | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: tuple[LocalFile, ...] = field(default=(), repr=False)
    coverage_start_date: str | None = None
    coverage_end_date: str | None = None
    task_id: str | None = None
    force: bool = False

    def keys(self) -> tuple[Pointer, ...]:
        """New places for the files: names of files may tell of a buyer, so that keys have none."""
        prefix = attachments_prefix(self.seller_id)
        return tuple(Pointer(f"{prefix}{uuid.uuid4().hex}") for _ in self.files)

    def document(self, pointers: Sequence[Pointer]) -> dict[str, Any]:
        """The request's JSON, with its files where `pointers` tells."""
        template = None if self.template is None else {"name": self.template, "values": dict(self.values)}
        row: dict[str, Any] = {
            "taskId": self.task_id,
            "sellerId": self.seller_id,
            "marketplaceId": self.marketplace,
            "amazonOrderId": self.amazon_order_id,
            "messageType": self.message_type,
            "text": self.text,
            "template": template,
            "attachments": [
                {"key": each.key, "fileName": file.file_name}
                | ({} if each.version_id is None else {"versionId": each.version_id})
                for each, file in zip(pointers, self.files, strict=True)
            ]
            or None,
            "coverageStartDate": self.coverage_start_date,
            "coverageEndDate": self.coverage_end_date,
            "force": self.force or None,
        }
        return {name: value for name, value in row.items() if value is not None}

    def request(self) -> MessageRequest:
        """Return it as the stage will read it. Raises UnusableRequestError with all that is wrong with it."""
        return read_request(self.document(self.keys()))

    def content_hash(self, request: MessageRequest) -> str:
        """What tells this message from another: the same as the stage will make of it."""
        return content_hash(request, [file.digest for file in self.files])
