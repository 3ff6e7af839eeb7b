"""What a message is to say: its text or template, its attachments, and a warranty's dates. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_POINTER_FIELDS: Final = (
    ("bucket", "bucket"),
    ("key", "key"),
    ("versionId", "version_id"),
    ("fileName", "file_name"),
    ("sizeBytes", "size_bytes"),
    ("sha256", "sha256"),
)


@dataclass(frozen=True)
class TemplateUse:
    """A template's name, and what is to stand for its placeholders."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class AttachmentPointer:
    """An attachment in the message bucket, and the name that the buyer sees.

    bucket None: the message bucket. version_id None: the newest version. size_bytes, sha256 (hex): what was
    read of it; None before that.
    """

    key: str = field(repr=False)
    file_name: str = field(repr=False)
    bucket: str | None = None
    version_id: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class MessageContent:
    """text and template exclude each other; both are None for a type without a text. The dates are as they
    were given, in whatever form.
    """

    text: str | None = field(default=None, repr=False)
    template: TemplateUse | None = None
    attachments: tuple[AttachmentPointer, ...] = ()
    coverage_start_date: str | None = None
    coverage_end_date: str | None = None


def content_document(content: MessageContent) -> dict[str, Any]:
    """The content in the fields of a request, without what it does not have."""
    template = content.template
    row = {
        "text": content.text,
        "template": None if template is None else {"name": template.name, "values": dict(template.values)},
        "attachments": [
            {name: getattr(each, own) for name, own in _POINTER_FIELDS if getattr(each, own) is not None}
            for each in content.attachments
        ]
        or None,
        "coverageStartDate": content.coverage_start_date,
        "coverageEndDate": content.coverage_end_date,
    }
    return {name: value for name, value in row.items() if value is not None}


def content_of(document: Mapping[str, Any]) -> MessageContent:
    """Read what content_document wrote. Raises KeyError and TypeError for anything else."""
    template = document.get("template")
    return MessageContent(
        text=document.get("text"),
        template=None if template is None else TemplateUse(template["name"], dict(template["values"])),
        attachments=tuple(
            AttachmentPointer(
                key=each["key"],
                file_name=each["fileName"],
                bucket=each.get("bucket"),
                version_id=each.get("versionId"),
                size_bytes=None if each.get("sizeBytes") is None else int(each["sizeBytes"]),
                sha256=each.get("sha256"),
            )
            for each in document.get("attachments", ())
        ),
        coverage_start_date=document.get("coverageStartDate"),
        coverage_end_date=document.get("coverageEndDate"),
    )


def content_hash(
    *,
    seller_id: str,
    marketplace_id: str,
    amazon_order_id: str,
    message_type: str,
    content: MessageContent,
    digests: Sequence[str],
) -> str:
    """Return what tells one message from another: sha256 in hex, over canonical JSON.

    digests: for each attachment the SHA-256 of its bytes in hex, or what stands for it. Where the attachments
    are is no part of it, their names and their order are. Raises ValueError where a digest is missing.
    """
    template = content.template
    told = {
        "sellerId": seller_id,
        "marketplaceId": marketplace_id,
        "amazonOrderId": amazon_order_id,
        "messageType": message_type,
        "text": content.text,
        "template": None if template is None else [template.name, dict(template.values)],
        "attachments": [
            [digest, each.file_name] for digest, each in zip(digests, content.attachments, strict=True)
        ],
        "coverageStartDate": content.coverage_start_date,
        "coverageEndDate": content.coverage_end_date,
    }
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
