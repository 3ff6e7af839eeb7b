"""What Sellerbus tells of the client secret on the bus, and nothing of it. docs/secrets.md is the contract.

eventId follows from what is told, so that what is told twice is recognised.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Final

from sellerbus.api.redaction import redact, shorten
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.rotation.state import Request, Successor, Trouble

SECRETS_SOURCE: Final = "sellerbus.secrets"
REQUESTED: Final = "ClientSecretRotationRequested"
ROTATED: Final = "ClientSecretRotated"
FAILED: Final = "ClientSecretRotationFailed"

_NAMESPACE: Final = uuid.UUID("9f0d3c1e-74b5-5a0e-9d53-1f6de1f0b7a2")
_LONGEST_REASON: Final = 500


def requested(client_id: str, region: str, request: Request) -> OperationalEvent:
    return _event(
        REQUESTED,
        client_id,
        region,
        request.request_id,
        requestId=request.request_id,
        because=request.because.value,
        requestedAt=iso(request.at),
        answer=request.answer.value,
    )


def rotated(client_id: str, region: str, successor: Successor) -> OperationalEvent:
    return _event(
        ROTATED,
        client_id,
        region,
        successor.notification_id,
        notificationId=successor.notification_id,
        versionId=successor.version_id,
        expiresAt=iso(successor.expires_at),
        previousEndsAt=iso(successor.old_ends_at),
    )


def failed(client_id: str, region: str, trouble: Trouble) -> OperationalEvent:
    return _event(
        FAILED,
        client_id,
        region,
        trouble.code,
        problem=trouble.problem,
        reason=shorten(redact(trouble.text), _LONGEST_REASON),
    )


def iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _event(kind: str, client_id: str, region: str, what: str, **detail: object) -> OperationalEvent:
    event_id = str(uuid.uuid5(_NAMESPACE, f"{kind} {region} {client_id} {what}"))
    return OperationalEvent(
        SECRETS_SOURCE,
        kind,
        {
            "eventId": event_id,
            "correlationId": event_id,
            "clientId": client_id,
            "region": region,
            **detail,
        },
    )
