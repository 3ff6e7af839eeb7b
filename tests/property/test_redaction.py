"""Whatever is logged or raised, and however it is wrapped: no token, secret, presigned URL or address of a
buyer gets out, and what an operator needs stays."""

from __future__ import annotations

import json
import string
import time
from collections.abc import Callable
from io import StringIO
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sellerbus.api.errors import PermanentError
from sellerbus.api.redaction import redact, redacted, spoken
from sellerbus.runtime.logs import FunctionLogger

STREAM = StringIO()
LOG = FunctionLogger("redaction", stream=STREAM)

LETTERS = string.ascii_letters + string.digits
CORES = st.text(LETTERS + "-_./+", min_size=12, max_size=80).filter(lambda text: text[0] in LETTERS)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
NAMES = st.sampled_from(
    (
        "client_secret",
        "clientSecret",
        "refresh_token",
        "refreshToken",
        "access_token",
        "accessToken",
        "restrictedDataToken",
        "x-amz-access-token",
        "X-Amz-Security-Token",
        "taskToken",
        "password",
    )
)

# What carries a secret, by kind: its text, made of a core that must be seen nowhere.
TOKENS = st.sampled_from(["Atza|", "Atzr|", "Atc|", "Atnr|", "Atz.sprdt|", "amzn1.oa2-cs.v1."])


@st.composite
def bare(draw: st.DrawFn) -> tuple[str, str]:
    core = draw(CORES)
    before, bar = draw(st.sampled_from(["", "x", "token"])), draw(st.sampled_from(["|", "%7C", "%7c"]))
    return core, before + draw(TOKENS).replace("|", bar) + core


@st.composite
def named(draw: st.DrawFn) -> tuple[str, str]:
    core, name = draw(CORES), draw(NAMES)
    spelled: Callable[[], str] = draw(
        st.sampled_from(
            [
                lambda: json.dumps({name: core}),
                lambda: json.dumps({name: f"{core} with words"}),
                lambda: json.dumps({"body": json.dumps({name: f"{core} with words"})}),
                lambda: json.dumps(json.dumps(json.dumps({name: core}))),
                lambda: repr({name: core}),
                lambda: urlencode({name: core, "grant_type": "refresh_token"}),
                lambda: f"{name}: {core}",
                lambda: f"{name} = {core}",
            ]
        )
    )
    return core, spelled()


@st.composite
def presigned(draw: st.DrawFn) -> tuple[str, str]:
    core = draw(CORES)
    query = urlencode({"X-Amz-Credential": "x", "X-Amz-Signature": core})
    url = f"https://bucket.s3.amazonaws.com/key?{query}"
    return quote(core, safe=""), draw(st.sampled_from([url, json.dumps({"url": url}), f"<{url}>"]))


@st.composite
def address(draw: st.DrawFn) -> tuple[str, str]:
    core = draw(st.text(LETTERS, min_size=8, max_size=40))
    at = draw(st.sampled_from(["@", "%40"]))
    return core, f"{core}{at}{draw(st.sampled_from(['marketplace.amazon.com', 'mail.example', 'x.co.uk']))}"


@st.composite
def bearer(draw: st.DrawFn) -> tuple[str, str]:
    core = draw(CORES)
    return core, f"Authorization: {draw(st.sampled_from(['Bearer', 'bearer', 'BEARER']))} {core}"


SECRETS = st.one_of(bare(), named(), presigned(), address(), bearer())


def logged(message: str, **keys: Any) -> str:
    STREAM.seek(0)
    STREAM.truncate()
    LOG.warning(message, **keys)
    return STREAM.getvalue()


BOUNDS = st.sampled_from([" ", "\n", "\t", "(", "'", '"', ",", ";", "<", ">", "&"])


@given(SECRETS, WORDS, WORDS, BOUNDS)
def test_no_secret_survives_in_any_text(secret: tuple[str, str], before: str, after: str, bound: str) -> None:
    core, text = secret
    assume(core not in before + after)
    assert core not in redact(f"{before}{bound}{text}{bound}{after}")


@given(SECRETS, WORDS)
def test_no_secret_survives_in_any_place_of_a_line(secret: tuple[str, str], key: str) -> None:
    core, text = secret
    assume(core not in key)
    line = logged(text, reason=text, found=[{f"k {key}": [text]}, text], nested={"a": {"b": {text: 1}}})
    assert core not in line
    assert core not in logged("it went wrong", reason=PermanentError("getFeed", text))


@given(SECRETS)
def test_no_secret_survives_in_an_exception(secret: tuple[str, str]) -> None:
    core, text = secret
    assert core not in spoken(PermanentError("getFeed", text))
    assert core not in spoken(ValueError(text))
    try:
        try:
            raise KeyError(text)  # noqa: TRY301 - a cause that may hold anything
        except KeyError as error:
            raise PermanentError("getFeed", text) from error
    except PermanentError as error:
        line = logged("it went wrong", exc_info=error)
    assert core not in line


PRIVATE = st.sampled_from(
    (
        "buyerEmail",
        "BuyerEmail",
        "buyer_email",
        "email",
        "shippingAddress",
        "address",
        "addressLine1",
        "phone",
        "buyerPhoneNumber",
        "buyerName",
        "recipientName",
        "giftMessageText",
        "payload",
        "body",
        "text",
        "html",
        "clientSecret",
        "client_secret",
        "refresh-token",
        "task_token",
        "Authorization",
        "password",
        "content",
    )
)


@given(PRIVATE, WORDS.filter(lambda text: len(text) > 8))
def test_what_a_private_key_names_is_not_looked_at(key: str, value: str) -> None:
    for depth in (value, {"deeper": value}, [value]):
        assert redacted({"found": [{key: depth}]}) == {"found": [{key: "[redacted]"}]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(WORDS, children, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_any_document_can_be_logged_and_once_is_enough(document: Any) -> None:
    once = redacted(document)
    assert redacted(once) == once
    json.loads(logged("said", found=document))


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "@", "a@", "a.", "%40", "atz", "atza|", "client_secret=", "\\", 'password=\\"', "https://x?"),
        *("https://x", "https:\\/", "https%3A%2F%2Fx", "signature=", "password='"),
    ],
)
def test_a_long_text_is_redacted_in_no_time(piece: str) -> None:
    """Its length is up to whoever sends it."""
    started = time.process_time()
    redact(f"?{piece * (200_000 // len(piece))}")
    assert time.process_time() - started < 2


def test_a_document_without_end_ends() -> None:
    document: dict[str, Any] = {}
    document["itself"] = document
    assert "nested too deeply" in json.dumps(redacted(document))


@pytest.mark.parametrize(
    "text",
    [
        "createSubscription: 409 StateConflict",
        "arn:aws:sqs:us-east-1:123456789012:sellerbus-prod-na-queue",
        "902-6786204-8179805",
        "The access token you provided has expired.",
        "Run: bin/sellerbus secrets set --stage prod",
        "amzn1.application-oa2-client.1234",
        "https://sellingpartnerapi-na.amazon.com/feeds/2021-06-30/feeds",
        "2027-01-15T08:10:00.000+00:00",
        "LWA token: 401 invalid_client: seller A2EXAMPLE: no description was given",
        "invalid_scope: scope sellingpartnerapi::notifications",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "seller_id",
        "task_id",
        "reason",
        "feed_id",
        "next",
        "outcomes",
        "drifted",
        "correlation_id",
        "code",
        "content_bytes",
        "message",
        "attempts",
        "queue_arn",
        "summary",
        "operation",
        "grant",
        "token_version",
    ],
)
def test_keys_that_an_operator_needs_stay(key: str) -> None:
    assert redacted({key: "value"}) == {key: "value"}
