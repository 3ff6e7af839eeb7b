"""Secrets are taken out of texts, and nothing else is."""

from __future__ import annotations

import pytest

from sellerbus.api.redaction import redact, shorten


@pytest.mark.parametrize(
    "text",
    [
        "Atza|IwEBSECRET",
        "refused Atzr|IwEBSECRET.",
        "Atc|MQEBSECRET",
        "refused Atz.sprdt|IQEBSECRET",
        '{"restrictedDataToken": "SECRET"}',
        "secret amzn1.oa2-cs.v1.SECRET",
        "Authorization: Bearer SECRET",
        '{"client_secret": "SECRET with spaces"}',
        "refresh_token=SECRET&grant_type=refresh_token",
        '{"clientSecret":"SECRET"}',
        "x-amz-access-token: SECRET",
        "https://bucket.s3.amazonaws.com/key?X-Amz-Signature=SECRET",
    ],
)
def test_secrets_go(text: str) -> None:
    assert "SECRET" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "amzn1.application-oa2-client.1234",
        "https://sellingpartnerapi-na.amazon.com/notifications/v1/destinations",
        "createSubscription: 409 StateConflict",
        "The access token you provided has expired.",
    ],
)
def test_the_rest_stays(text: str) -> None:
    assert redact(text) == text


def test_shorten_keeps_within_the_limit_and_says_so() -> None:
    assert shorten("a  b\nc", 10) == "a b c"
    cut = shorten("x" * 200, 50)
    assert len(cut) <= 50
    assert cut.endswith("(cut here)")
