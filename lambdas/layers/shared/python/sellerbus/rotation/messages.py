"""What Amazon sends to the application queue: that the client secret ends, and what the new one is. Pure.

Both types are registered by hand in the Developer Console, and come in camelCase; the other casing passes
too. Nothing that is raised here holds any of the body: it may be the secret.

Source: SP-API, "Rotate your application's client secret" and "Set up credential rotation notifications".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

NEW_SECRET: Final = "APPLICATION_OAUTH_CLIENT_NEW_SECRET"  # noqa: S105 - the name of a notification type
SECRET_EXPIRY: Final = "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY"  # noqa: S105 - the name of a notification type

_VERSIONS: Final = uuid.UUID("2d7c4a8e-6f0b-5d6e-8a55-0c7f3ad1e9b4")
_LONGEST_TEXT: Final = 512


class UnusableMessageError(Exception):
    """A message that nothing can be done with, however often it comes. `reason` is a code for machines."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class NewSecret:
    """The secret that follows the present one. Times are seconds since 1970, None where Amazon told none.

    event_time orders the secrets of an application: of two, the later one is the valid one.
    """

    notification_id: str
    client_id: str
    client_secret: str = field(repr=False)
    event_time: float
    expires_at: float | None
    old_expires_at: float | None

    @property
    def version_id(self) -> str:
        """The version of Secrets Manager that holds it: the same at every delivery of the message."""
        return str(uuid.uuid5(_VERSIONS, f"{self.client_id} {self.notification_id}"))


@dataclass(frozen=True, kw_only=True)
class ExpiryNotice:
    """That a secret of the application ends, and when. After a rotation that may be the one before."""

    notification_id: str
    client_id: str
    expires_at: float
    reason: str


def parse(body: str) -> NewSecret | ExpiryNotice:
    """Read a message's body. Raises UnusableMessageError: `not-json`, `not-a-notification`, `unknown-type`,
    `incomplete`.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        # The decoder's error holds the text that it failed on.
        raise UnusableMessageError("not-json", f"the body of {len(body)} characters is not JSON") from None
    if not isinstance(document, dict):
        raise UnusableMessageError("not-a-notification", "the body is JSON, but no object")
    kind = _field(document, "notificationType")
    if kind not in (NEW_SECRET, SECRET_EXPIRY):
        raise UnusableMessageError(
            "unknown-type", f"the application queue is for {NEW_SECRET} and {SECRET_EXPIRY} only"
        )
    metadata = _object(_field(document, "notificationMetadata"))
    payload = _object(_field(document, "payload"))
    if kind == SECRET_EXPIRY:
        told = _object(_field(payload, "applicationOAuthClientSecretExpiry"))
        return ExpiryNotice(
            notification_id=_text(metadata, "notificationId"),
            client_id=_text(told, "clientId"),
            expires_at=_time(told, "clientSecretExpiryTime"),
            reason=_optional_text(told, "clientSecretExpiryReason") or "UNSPECIFIED",
        )
    told = _object(_field(payload, "applicationOAuthClientNewSecret"))
    return NewSecret(
        notification_id=_text(metadata, "notificationId"),
        client_id=_text(told, "clientId"),
        client_secret=_text(told, "newClientSecret"),
        event_time=_time(document, "eventTime"),
        expires_at=_optional_time(told, "newClientSecretExpiryTime"),
        old_expires_at=_optional_time(told, "oldClientSecretExpiryTime"),
    )


def _field(mapping: Mapping[str, Any], name: str) -> Any:
    value = mapping.get(name)
    return value if value is not None else mapping.get(name[0].upper() + name[1:])


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _optional_text(mapping: Mapping[str, Any], name: str) -> str:
    value = _field(mapping, name)
    usable = isinstance(value, str) and value.isascii() and value.isprintable()
    return value.strip() if usable and len(value) <= _LONGEST_TEXT else ""


def _text(mapping: Mapping[str, Any], name: str) -> str:
    value = _optional_text(mapping, name)
    if not value:
        raise UnusableMessageError("incomplete", f"the notification has no {name} that can be used")
    return value


def _optional_time(mapping: Mapping[str, Any], name: str) -> float | None:
    try:
        moment = datetime.fromisoformat(_optional_text(mapping, name))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None


def _time(mapping: Mapping[str, Any], name: str) -> float:
    moment = _optional_time(mapping, name)
    if moment is None:
        raise UnusableMessageError("incomplete", f"the notification has no {name} that is a time with zone")
    return moment
