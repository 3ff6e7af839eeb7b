"""The control API's refusals in the words of the command line: its fields as options. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

PUBLISH_OPTIONS = {
    "notification must be an object": "the file must hold one JSON object; --raw sends it as it is",
    "sellerId": "--seller",
    "copies": "--copies",
    "delaySeconds": "--delay",
    "jitterSeconds": "--jitter",
    "keepMetadata": "--keep-metadata",
    "destinationId": "--destination-id",
    "via": "--via",
    "as a raw body": "with --raw",
}
FEED_OPTIONS = {
    "feedType": "--type",
    "sellerId": "--seller",
    "status": "--status",
    "count": "--count",
    "lasting": "--lasting",
    "document": "--document",
    "stuckAt": "--stuck-at",
    "early": "--early",
    "answerLost": "--answer-lost",
    "notifications": "--notifications",
    "notificationDelaySeconds": "--notification-delay",
    "listedAfterSeconds": "--listed-after",
    "queueSeconds": "--queue",
    "processingSeconds": "--processing",
    "copies": "--copies",
}
ORDER_OPTIONS = {
    "sellerId: several": "several sellers",
    "give sellerId, region": "give --seller and --region",
    "amazonOrderId": "--id",
    "marketplaceId": "--marketplace",
    "status": "--status",
    "fulfilledBy": "--fulfilled-by",
    "daysOlder": "--days-older",
    "form": "--form",
    "count": "--count",
}
FAULT_OPTIONS = {
    "status": "--status",
    "body": "--body",
    "count": "--count",
    "delaySeconds": "--delay",
    "cut": "--cut",
    "carriedOut": "--carried-out",
    "damage": "--damage",
    "sellerId": "--seller",
}


def with_options(text: str, options: Mapping[str, str]) -> str:
    """`text` with the names of fields replaced by `options`, and without the API's own "the body: "."""
    text = text.removeprefix("the body: ")
    for name, option in options.items():
        # "via: destination" is "--via destination"; an "HTTP status" is none of the fields.
        text = re.sub(rf"(?<!HTTP )(?<![-\w]){re.escape(name)}(?![-\w])(:(?= \w))?", option, text)
    return text
