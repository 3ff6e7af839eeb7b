"""A message that somebody hands over: the body of MessageTaskQueue, and the detail of MessageRequested. Pure.

{"taskId"?, "sellerId", "marketplaceId", "amazonOrderId", "messageType", "text"? | "template"? {"name",
 "values"?}, "attachments"? [{"bucket"?, "key", "versionId"?, "fileName"?}], "coverageStartDate"?,
 "coverageEndDate"?, "force"?}

What is read here is whether it can become a task at all; what Amazon would make of it is checked later, when
the task can tell of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sellerbus.api.endpoints import MARKETPLACES, UnknownMarketplaceError, marketplace
from sellerbus.messaging import content as contents
from sellerbus.messaging.catalogue import MESSAGE_TYPES, known_type
from sellerbus.messaging.content import AttachmentPointer, MessageContent, TemplateUse
from sellerbus.messaging.finding import Finding, sentences
from sellerbus.messaging.request_fields import Fields

FIELDS: Final = (
    "taskId",
    "sellerId",
    "marketplaceId",
    "amazonOrderId",
    "messageType",
    "text",
    "template",
    "attachments",
    "coverageStartDate",
    "coverageEndDate",
    "force",
)
ATTACHMENT_FIELDS: Final = ("bucket", "key", "versionId", "fileName")
TEMPLATE_FIELDS: Final = ("name", "values")

TASK_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
SELLER_ID: Final = re.compile(r"[A-Z0-9]{5,20}")
ORDER_ID: Final = re.compile(r"[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}", re.ASCII)
TEMPLATE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

MOST_ATTACHMENTS: Final = 20
"""More can't be kept in a row; message types take 5."""
LONGEST_TEXT: Final = 20_000
"""Characters, for the same reason; message types take 2000. A template's values are counted together."""
MOST_VALUES: Final = 100

_ATTACHMENTS: Final = "attachments"


class UnusableRequestError(ValueError):
    """The request can become no task. faults: all that is wrong with it.

    known: taskId, sellerId, region, marketplaceId, amazonOrderId and messageType, as far as they could be
    read; None for the others.
    """

    def __init__(self, faults: Sequence[Finding], known: Mapping[str, str | None]) -> None:
        super().__init__(sentences(faults))
        self.faults = tuple(faults)
        self.known = known


@dataclass(frozen=True)
class MessageRequest:
    """A request that can become a task. marketplace_id: the id, where a country code was given too.

    message_type: the name in the catalogue; that of a withdrawn type, too. task_id None: to be derived.
    """

    seller_id: str
    marketplace_id: str
    region: str
    amazon_order_id: str
    message_type: str
    content: MessageContent
    task_id: str | None = None
    force: bool = False


def attachments_prefix(seller_id: str) -> str:
    """Where a seller's attachments lie in the message bucket."""
    return f"{_ATTACHMENTS}/{seller_id}/"


def content_hash(request: MessageRequest, digests: Sequence[str] = ()) -> str:
    """See content.content_hash."""
    return contents.content_hash(
        seller_id=request.seller_id,
        marketplace_id=request.marketplace_id,
        amazon_order_id=request.amazon_order_id,
        message_type=request.message_type,
        content=request.content,
        digests=digests,
    )


def read_request(document: object, *, bucket: str | None = None) -> MessageRequest:
    """Read a request's JSON. bucket: the message bucket; without it, a pointer's bucket is not compared.

    Raises UnusableRequestError with all faults at once. Names given twice are seen while JSON is parsed only:
    see sellerbus.aws.json_object.
    """
    faults: list[Finding] = []
    fields = Fields(document, "the request", FIELDS, faults)
    known: dict[str, str | None] = {
        "taskId": fields.matching("taskId", TASK_ID, "1 to 64 letters, digits, _ or -", needed=False),
        "sellerId": fields.matching("sellerId", SELLER_ID, "5 to 20 capital letters and digits"),
        "region": None,
        "marketplaceId": None,
        "amazonOrderId": fields.matching("amazonOrderId", ORDER_ID, "as 902-6786204-8179805"),
        "messageType": _message_type(fields),
    }
    named = fields.text("marketplaceId", needed=True)
    if named is not None:
        try:
            found = marketplace(named)
            known |= {"marketplaceId": found.marketplace_id, "region": found.region}
        except UnknownMarketplaceError:
            limit = ", ".join(each.country for each in MARKETPLACES)
            fields.fault("marketplaceId", f"is no marketplace: give its id, or one of {limit}", limit)
    content = MessageContent(
        text=fields.text("text", longest=LONGEST_TEXT),
        template=_template(fields),
        attachments=_pointers(fields, known["sellerId"], bucket),
        coverage_start_date=fields.text("coverageStartDate", longest=100),
        coverage_end_date=fields.text("coverageEndDate", longest=100),
    )
    if fields.has("text") and fields.has("template"):
        fields.fault("template", "text and template exclude each other: give one of them")
    force = fields.flag("force")
    if faults:
        raise UnusableRequestError(faults, known)
    return MessageRequest(
        seller_id=known["sellerId"] or "",
        marketplace_id=known["marketplaceId"] or "",
        region=known["region"] or "",
        amazon_order_id=known["amazonOrderId"] or "",
        message_type=known["messageType"] or "",
        content=content,
        task_id=known["taskId"],
        force=force,
    )


def _message_type(fields: Fields) -> str | None:
    named = fields.text("messageType", needed=True)
    if named is None:
        return None
    found = known_type(named)
    if found is None:
        limit = ", ".join(MESSAGE_TYPES)
        fields.fault("messageType", f"is no message type: there are {limit}", limit)
        return None
    return found.name


def _template(fields: Fields) -> TemplateUse | None:
    inner = fields.inner("template", TEMPLATE_FIELDS)
    if inner is None:
        return None
    name = inner.matching("name", TEMPLATE_NAME, "1 to 64 letters, digits, _ or -")
    said = inner.mapping("values")
    if said is None:
        return None
    if len(said) > MOST_VALUES or not all(isinstance(value, str) for value in said.values()):
        inner.fault("values", f"must be an object of at most {MOST_VALUES} texts")
        return None
    if sum(len(key) + len(value) for key, value in said.items()) > LONGEST_TEXT:
        inner.fault("values", f"must have at most {LONGEST_TEXT} characters", str(LONGEST_TEXT))
    return None if name is None else TemplateUse(name, said)


def _pointers(fields: Fields, seller_id: str | None, bucket: str | None) -> tuple[AttachmentPointer, ...]:
    listed = fields.rows(_ATTACHMENTS)
    if len(listed) > MOST_ATTACHMENTS:
        fields.fault(_ATTACHMENTS, f"must be at most {MOST_ATTACHMENTS}", str(MOST_ATTACHMENTS))
        return ()
    found = [
        _pointer(fields.nested(row, f"{_ATTACHMENTS}[{number}]", ATTACHMENT_FIELDS), seller_id, bucket)
        for number, row in enumerate(listed)
    ]
    return tuple(each for each in found if each is not None)


def _pointer(fields: Fields, seller_id: str | None, bucket: str | None) -> AttachmentPointer | None:
    key = fields.text("key", longest=1024, needed=True)
    version_id = fields.text("versionId", longest=1024)
    file_name = fields.text("fileName", longest=1024)
    own_bucket = fields.text("bucket", longest=255)
    if own_bucket is not None and bucket is not None and own_bucket != bucket:
        fields.fault("bucket", "must be the message bucket, which alone can be read", bucket)
    if key is None:
        return None
    if seller_id is not None:
        prefix = attachments_prefix(seller_id)
        name = key.removeprefix(prefix)
        if name == key or not name or name.endswith("/"):
            fields.fault("key", f"must be a file under {prefix}", prefix)
            return None
    last = key.rpartition("/")[2]
    return AttachmentPointer(key, last if file_name is None else file_name, own_bucket, version_id or None)
