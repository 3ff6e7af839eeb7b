"""Whether Login with Amazon gives tokens now, asked for scopes and sellers."""

from __future__ import annotations

import json

import pytest

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    OutOfTimeError,
    PermanentError,
)
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, OPERATIONS
from sellerbus.notifications.authorisations import MOST_SELLERS, SCOPES
from sellerbus.sellers.registry import UnreadableTokenError
from tests.unit.inspection.looking import SELLER, Looking


def test_all_is_given() -> None:
    answer = Looking().ask("authorisations", sellerIds=[SELLER], scopes=True)
    assert {row["scope"]: row["given"] for row in answer["scopes"]} == dict.fromkeys(SCOPES, True)
    assert answer["sellers"] == [{"sellerId": SELLER, "given": True, "kind": None, "message": None}]
    assert answer["notices"] == []
    assert "Atza" not in json.dumps(answer)


def test_the_scopes_are_those_of_the_operations() -> None:
    assert set(SCOPES) >= {
        row.grant for row in OPERATIONS.values() if isinstance(row.grant, str) and "::" in row.grant
    }


def test_nothing_is_asked_that_was_not_wanted() -> None:
    looking = Looking()
    assert looking.ask("authorisations", sellerIds=[])["scopes"] == []
    assert looking.tokens.asked == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (AuthorizationRevokedError("LWA token", "no"), "revoked"),
        (CredentialsError("LWA token", "no"), "credentials"),
        (OutOfTimeError("LWA token", "no"), "retryable"),
        (PermanentError("LWA token", "no"), "permanent"),
        (UnreadableTokenError("no"), "unreadable"),
    ],
)
def test_each_refusal_says_what_kind_it_is(fault: Exception, kind: str) -> None:
    looking = Looking()
    looking.tokens.refusals[SELLER] = fault
    answer = looking.ask("authorisations", sellerIds=[SELLER], scopes=True)
    (seller,) = answer["sellers"]
    assert (seller["given"], seller["kind"]) == (False, kind)
    assert all(row["given"] for row in answer["scopes"])


def test_one_refusal_keeps_none_from_being_asked() -> None:
    looking = Looking()
    looking.tokens.refusals[NOTIFICATIONS_SCOPE] = PermanentError("LWA token", "Atzr|secret is bad")
    answer = looking.ask("authorisations", sellerIds=[SELLER, "A0NOBODY"], scopes=True)
    assert [row["given"] for row in answer["scopes"]] == [False, True]
    assert [row["kind"] for row in answer["sellers"]] == [None, "unknown-seller"]
    assert "Atzr" not in json.dumps(answer)


def test_a_secret_that_stands_in_is_told() -> None:
    looking = Looking()
    looking.tokens.notices.append("the previous one is used")
    assert looking.ask("authorisations", sellerIds=[])["notices"] == ["the previous one is used"]


def test_too_many_sellers_are_refused() -> None:
    answer = Looking().ask("authorisations", sellerIds=["A1SELLER"] * (MOST_SELLERS + 1))
    assert answer["error"]["kind"] == "permanent"
