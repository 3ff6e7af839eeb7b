"""Secrets are taken out of texts, and nothing else is."""

from __future__ import annotations

import pytest
from botocore.exceptions import ParamValidationError

from sellerbus.api.redaction import redact, redacted, shorten, spoken


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
        '{"newClientSecret":"SECRET"}',
        "x-amz-access-token: SECRET",
        "https://bucket.s3.amazonaws.com/key?X-Amz-Signature=SECRET",
        "HTTPS://bucket.s3.amazonaws.com/key?X-Amz-Signature=SECRET",
        "Max retries exceeded with url: /key?X-Amz-Credential=SECRET&X-Amz-Signature=SECRET",
        r"https:\/\/bucket.s3.amazonaws.com\/key?X-Amz-Date=1&X-Amz-Signature=SECRET",
        r"https://bucket.s3.amazonaws.com/key?X-Amz-Date\u003d1\u0026X-Amz-Signature\u003dSECRET",
        r"https://bucket.s3.amazonaws.com/key\u003fX-Amz-Date=1\u0026X-Amz-Signature=SECRET",
        "url=https%3A%2F%2Fbucket.s3.amazonaws.com%2Fkey%3FX-Amz-Date%3D1%26X-Amz-Signature%3DSECRET&more=1",
        "AWS4-HMAC-SHA256 Credential=AKID/20261122, SignedHeaders=host, Signature=SECRET",
        "ATZA|IwEBSECRET",
        "Amzn1.Oa2-Cs.V1.SECRET",
        "{'client_secret': b'SECRET'}",
        '{"clientSecret": "SECRET, cut her',
        "{'clientSecret': 'SECRET, cut her",
        r"{\"newClientSecret\": \"SECRET, cut her",
        "aws_secret_access_key = SECRET",
        'spapi_oauth_code": "SECRET"',
    ],
)
def test_secrets_go(text: str) -> None:
    assert "SECRET" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "rotateApplicationClientSecret: 400 InvalidInput",
        "amzn1.application-oa2-client.1234",
        "https://sellingpartnerapi-na.amazon.com/notifications/v1/destinations",
        "createSubscription: 409 StateConflict",
        "The access token you provided has expired.",
        "The request signature we calculated does not match the signature you provided.",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/sellerbus-prod-eu-application",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sellerbus/prod/eu/lwa-AbCdEf",
        "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    ],
)
def test_the_rest_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "key",
    [
        *(
            "clientSecret",
            "client-secrets",
            "REFRESH_TOKEN",
            "accessTokens",
            "X-Amz-Signature",
            "Authorization",
        ),
        *("buyerEmails", "phones", "ShippingAddresses", "shipTo", "lastName", "rawMessageBody", "Set-Cookie"),
    ],
)
def test_what_a_key_says_is_private_goes(key: str) -> None:
    assert redacted({key: ["x"]}) == {key: "[redacted]"}


def test_whether_there_is_one_may_be_said() -> None:
    assert redacted({"has_token": True, "email": None}) == {"has_token": True, "email": None}


@pytest.mark.parametrize(
    "key",
    [
        *("sellerId", "queue_url", "message_id", "feedDocumentId", "reason", "detail", "access", "addressee"),
        *("secret_id", "token_kind", "status", "progress"),
    ],
)
def test_what_the_person_on_call_needs_stays(key: str) -> None:
    assert redacted({key: "A1"}) == {key: "A1"}


def test_a_stream_is_not_used_up_by_a_log() -> None:
    stream = iter([b"a", b"b"])
    assert "iterator" in str(redacted({"answer": stream}))
    assert list(stream) == [b"a", b"b"]


def test_what_has_no_text_fails_no_line() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("SECRET")

    assert redacted([Broken()]) == ["[Broken without a text: RuntimeError]"]


def test_an_error_that_repeats_its_input_is_told_by_its_kind_alone() -> None:
    error = ParamValidationError(report="Invalid type for parameter SecretString, value: ['SECRET']")
    assert spoken(error) == "ParamValidationError"


def test_shorten_keeps_within_the_limit_and_says_so() -> None:
    assert shorten("a  b\nc", 10) == "a b c"
    cut = shorten("x" * 200, 50)
    assert len(cut) <= 50
    assert cut.endswith("(cut here)")
