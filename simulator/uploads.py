"""createUploadDestinationForResource of the Uploads API, over the simulated world.

Source: the model uploads_2020-11-01.json, and destinations that Amazon made: for a message a presigned URL
for a PUT with the two signed headers that are answered; for A+ content a URL whose query holds the fields of
a form. A wrong resource answers the same 403 as a missing right; so do, which is assumed, an order that is
not the seller's and a message type without attachments. contentMD5 is signed as it is given, and not looked
at: S3 refuses a wrong one at the upload.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence

from simulator import message_rules
from simulator.attachment_storage import AttachmentStorage
from simulator.call import Call
from simulator.errors import denied, invalid
from simulator.message_types import BY_SEGMENT
from simulator.upload_book import UploadDestination
from simulator.world import World

_MESSAGE = re.compile(r"messaging/v1/orders/([^/]+)/messages/(\w+)")
_CONTENT_DOCUMENTS = "aplus/2020-11-01/contentDocuments"


class UploadsApi:
    def __init__(self, world: World, storage: AttachmentStorage) -> None:
        self._world = world
        self._storage = storage

    async def carry_out(self, call: Call) -> dict[str, object]:
        """Returns the body of a success, or raises ApiError."""
        marketplace_id = message_rules.marketplace(call.query, call.region)
        content_md5, content_type = (_given(call.query, name) for name in ("contentMD5", "contentType"))
        if content_md5 is None:
            raise invalid("contentMD5: Missing or invalid request parameter")
        resource = call.path["resource"]
        for_content = resource == _CONTENT_DOCUMENTS
        if call.has_encoded_slash or not (for_content or self._is_message(call, resource, marketplace_id)):
            raise denied()
        if for_content and content_type is None:
            raise invalid("contentType: Missing or invalid request parameter")
        identifier = self._world.mint.identifier()
        if for_content:
            identifier = f"aplus-media/sc/{identifier}{mimetypes.guess_extension(content_type or '') or ''}"
        destination = UploadDestination(
            destination_id=identifier,
            client_id=call.application.client_id,
            seller_id=call.seller,
            region=call.region,
            marketplace_id=marketplace_id,
            resource=resource,
            content_md5=content_md5,
            content_type=content_type,
            created_at=self._world.clock(),
        )
        self._world.uploads.add(destination)
        return {"payload": self._storage.invite(destination, call.served_at, in_form=for_content)}

    def _is_message(self, call: Call, resource: str, marketplace_id: str) -> bool:
        found = _MESSAGE.fullmatch(resource)
        if found is None:
            return False
        order = self._world.orders.of(call.region, call.seller, found[1])
        kind = BY_SEGMENT.get(found[2])
        return bool(order and order.marketplace_id == marketplace_id and kind and kind.attachments)


def _given(query: Sequence[tuple[str, str]], name: str) -> str | None:
    return dict(query).get(name) or None
