"""Reading what Amazon sends to the application queue, without repeating any of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.rotation.messages import ExpiryNotice, NewSecret, UnusableMessageError, parse
from tests.unit.rotation.world import APPLICATION, DAY, START, new_secret, notice

SECRET = "amzn1.oa2-cs.v1.5ecret"


def changed(body: str, *path: str, to: Any = None) -> str:
    document = json.loads(body)
    part = document
    for name in path[:-1]:
        part = part[name]
    if to is None:
        del part[path[-1]]
    else:
        part[path[-1]] = to
    return json.dumps(document)


def test_a_new_secret() -> None:
    read = parse(new_secret(SECRET, "n-1", START))
    assert read == NewSecret(
        notification_id="n-1",
        client_id=APPLICATION,
        client_secret=SECRET,
        event_time=START,
        expires_at=START + 180 * DAY,
        old_expires_at=START + 7 * DAY,
    )
    assert SECRET not in repr(read)


def test_the_version_follows_from_the_notification() -> None:
    first, again, other = (parse(new_secret(SECRET, name, START)) for name in ("n-1", "n-1", "n-2"))
    assert isinstance(first, NewSecret)
    assert isinstance(again, NewSecret)
    assert isinstance(other, NewSecret)
    assert first.version_id == again.version_id != other.version_id
    # What Secrets Manager takes as a ClientRequestToken.
    assert 32 <= len(first.version_id) <= 64


def test_a_notice() -> None:
    assert parse(notice(START)) == ExpiryNotice(
        notification_id="notice", client_id=APPLICATION, expires_at=START, reason="PERIODIC_ROTATION"
    )


def test_the_other_casing_passes() -> None:
    def capital(value: Any) -> Any:
        if isinstance(value, dict):
            return {name[0].upper() + name[1:]: capital(part) for name, part in value.items()}
        return value

    body = json.dumps(capital(json.loads(new_secret(SECRET, "n-1", START))))
    assert parse(body) == parse(new_secret(SECRET, "n-1", START))


@pytest.mark.parametrize("name", ["newClientSecretExpiryTime", "oldClientSecretExpiryTime"])
def test_times_that_are_not_told_keep_no_secret_out(name: str) -> None:
    body = changed(new_secret(SECRET, "n", START), "payload", "applicationOAuthClientNewSecret", name)
    read = parse(body)
    assert isinstance(read, NewSecret)
    assert None in (read.expires_at, read.old_expires_at)


WHOLE = new_secret(SECRET, "n", START)
PAYLOAD = ("payload", "applicationOAuthClientNewSecret")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"{{{SECRET}", "not-json"),
        ("[" * 100_000, "not-json"),
        (f'["{SECRET}"]', "not-a-notification"),
        ("{}", "unknown-type"),
        (changed(WHOLE, "notificationType", to="ORDER_CHANGE"), "unknown-type"),
        (changed(WHOLE, "payload"), "incomplete"),
        (changed(WHOLE, "payload", to=SECRET), "incomplete"),
        (changed(WHOLE, *PAYLOAD, "newClientSecret"), "incomplete"),
        (changed(WHOLE, *PAYLOAD, "newClientSecret", to=f"{SECRET}\n\u00e9"), "incomplete"),
        (changed(WHOLE, *PAYLOAD, "newClientSecret", to=[SECRET]), "incomplete"),
        (changed(WHOLE, *PAYLOAD, "clientId", to="   "), "incomplete"),
        (changed(WHOLE, "notificationMetadata"), "incomplete"),
        (changed(WHOLE, "eventTime", to="yesterday"), "incomplete"),
        (changed(WHOLE, "eventTime", to="2026-01-01T00:00:00"), "incomplete"),
        (
            changed(notice(START), "payload", "applicationOAuthClientSecretExpiry", "clientSecretExpiryTime"),
            "incomplete",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_without_its_content(body: str, reason: str) -> None:
    with pytest.raises(UnusableMessageError) as caught:
        parse(body)
    assert caught.value.reason == reason
    assert SECRET not in f"{caught.value} {caught.value.__cause__!r} {caught.value.detail}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
