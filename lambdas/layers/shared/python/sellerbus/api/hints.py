"""What lies behind refusals whose wording leads astray."""

from __future__ import annotations

from typing import Final

_DENIED: Final = (401, 403)

# (statuses, operation or "" for any, words of the message or "" for any, hint), the first that fits.
_HINTS: Final = (
    (
        _DENIED,
        "",
        ("expired", "malformed or invalid"),
        "The access token was refused; a fresh one is asked for once.",
    ),
    (
        _DENIED,
        "",
        ("template combination",),
        "Not a matter of rights: Amazon does not allow this message for this order now. "
        "getMessagingActionsForOrder lists what it allows.",
    ),
    (
        _DENIED,
        "",
        # So Amazon answered deleteDestination in 2021 (selling-partner-api-models, issue 2113).
        ("destination has subscriptions",),
        "Not a matter of rights: delete the subscriptions to this destination, then delete again.",
    ),
    (
        _DENIED,
        "createUploadDestinationForResource",
        ("",),
        "Usually the resource is wrong: it is the path of the operation that will use the upload, as "
        "messaging/v1/orders/{amazonOrderId}/messages/{action}, without a leading slash. Else the "
        "application lacks the role for that operation, or the order is not this seller's.",
    ),
    (
        _DENIED,
        "sendTestNotification",
        ("",),
        "Amazon offers it at the sandbox's endpoint only.",
    ),
    (
        (403,),
        "",
        ("missing authentication token",),
        "The endpoint does not know this path: check the endpoint in the stage's configuration.",
    ),
    (
        _DENIED,
        "",
        ("",),
        "Check, in this order: that the application has the role for this operation, that the seller has "
        "authorised this application since the role was added, and that the endpoint is the seller's region.",
    ),
    (
        (400, 404),
        "",
        ("no destination with id",),
        "A destination is known only at the endpoint of the region where it was created.",
    ),
)


def hint(operation: str, status: int, message: str) -> str:
    """Return what an operator should know beside Amazon's own words, "" where they say it all."""
    if 300 <= status < 400:
        return "Redirects are not followed: check the endpoint in the stage's configuration."
    words = message.lower()
    for statuses, name, parts, text in _HINTS:
        if status in statuses and name in ("", operation) and any(part in words for part in parts):
            return text
    return ""
