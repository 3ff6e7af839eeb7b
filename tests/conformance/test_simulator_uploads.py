"""The simulator's Uploads API and the storage behind it, which answers as S3 does."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.unit.simulator.amazon import START, Amazon, amazon
from tests.unit.simulator.message_scene import (
    CUSTOMIZATION,
    ORDER_ID,
    TEXT,
    MessageScene,
    md5,
    refusal,
    set_message_scene,
)
from tests.unit.simulator.selling_models import check

CREATE = "uploads/2020-11-01/createUploadDestinationForResource"
CONTENT_DOCUMENTS = "aplus/2020-11-01/contentDocuments"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> MessageScene:
    return set_message_scene(simulated)


def test_a_destination_is_as_amazon_makes_it(scene: MessageScene) -> None:
    payload = check(CREATE, scene.destination())["payload"]
    assert payload["headers"] == {"Content-MD5": md5(TEXT), "x-amz-server-side-encryption": "aws:kms"}
    query = parse_qs(urlsplit(payload["url"]).query)
    assert query["X-Amz-SignedHeaders"] == ["content-md5;host;x-amz-server-side-encryption"]
    assert query["X-Amz-Expires"] == ["900"]
    assert scene.put(payload).status_code == 200
    [upload] = scene.uploads()
    assert upload["sha256"] == hashlib.sha256(TEXT).hexdigest()
    assert upload["resource"] == f"messaging/v1/orders/{ORDER_ID}/messages/{CUSTOMIZATION}"


def test_a_digest_with_plus_and_slash_comes_whole(scene: MessageScene) -> None:
    content = next(
        content
        for content in (str(number).encode() for number in range(10_000))
        if {"+", "/"} <= set(md5(content))
    )
    assert scene.put(scene.invited(content), content).status_code == 200
    twice = scene.destination(content, content_md5=md5(content).replace("+", "%2B").replace("/", "%2F"))
    assert refusal(scene.put(twice.json()["payload"], content))[1] == "InvalidDigest"


@pytest.mark.parametrize(
    "digest",
    [
        hashlib.md5(TEXT, usedforsecurity=False).hexdigest(),
        base64.b64encode(hashlib.md5(TEXT, usedforsecurity=False).hexdigest().encode()).decode(),
        "not base64",
    ],
)
def test_a_digest_that_is_none_is_refused_at_the_upload(scene: MessageScene, digest: str) -> None:
    answer = scene.destination(content_md5=digest)
    assert check(CREATE, answer)["payload"]["headers"]["Content-MD5"] == digest
    refused = scene.put(answer.json()["payload"])
    assert refusal(refused) == (400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    assert f"<Content-MD5>{digest}</Content-MD5>" in refused.text


def test_other_bytes_are_refused_and_nothing_stored(scene: MessageScene) -> None:
    invitation = scene.invited()
    refused = scene.put(invitation, TEXT + b"!")
    assert refusal(refused)[:2] == (400, "BadDigest")
    assert f"<CalculatedDigest>{md5(TEXT + b'!')}</CalculatedDigest>" in refused.text
    form = scene.amazon.session.put(
        invitation["url"], files={"file": TEXT}, headers=invitation["headers"], timeout=20
    )
    assert refusal(form)[:2] == (400, "BadDigest"), "as a form the bytes are others"
    assert [upload["sha256"] for upload in scene.uploads()] == [None]
    assert scene.put(invitation).status_code == 200


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Content_MD5": md5(b"other")}, "SignatureDoesNotMatch"),
        ({"Content_MD5": None}, "SignatureDoesNotMatch"),
        ({"x_amz_server_side_encryption": None}, "SignatureDoesNotMatch"),
        ({"x_amz_server_side_encryption": "AES256"}, "SignatureDoesNotMatch"),
        ({"x_amz_acl": "private"}, "AccessDenied"),
    ],
)
def test_the_headers_must_be_exactly_the_signed_ones(
    scene: MessageScene, changed: dict[str, str | None], code: str
) -> None:
    invitation = scene.invited()
    assert refusal(scene.put(invitation, TEXT, **changed))[:2] == (403, code)
    assert scene.put(invitation, TEXT, Content_Type="application/text").status_code == 200, "as the guide's"


def test_a_url_is_for_a_put_and_for_one_destination(scene: MessageScene) -> None:
    first, second = scene.invited(), scene.invited()
    session = scene.amazon.session
    posted = session.post(first["url"], data=TEXT, headers=first["headers"], timeout=20)
    assert refusal(posted)[:2] == (405, "MethodNotAllowed")
    assert refusal(session.get(first["url"], timeout=20))[1] == "SignatureDoesNotMatch"
    moved = first["url"].replace(first["uploadDestinationId"], second["uploadDestinationId"])
    assert refusal(scene.put({**first, "url": moved}))[1] == "SignatureDoesNotMatch"
    bare = {**first, "url": first["url"].split("?")[0]}
    assert refusal(scene.put(bare))[:2] == (403, "AccessDenied")
    scene.amazon.control("DELETE", f"uploads/{first['uploadDestinationId']}")
    assert refusal(scene.put(first))[:2] == (404, "NoSuchKey")


def test_a_chunked_upload_is_not_implemented(scene: MessageScene) -> None:
    invitation = scene.invited()
    answer = scene.amazon.session.put(
        invitation["url"], data=iter([TEXT]), headers=invitation["headers"], timeout=20
    )
    assert refusal(answer)[:2] == (501, "NotImplemented")


def test_urls_live_fifteen_minutes(scene: MessageScene) -> None:
    invitation = scene.invited()
    scene.amazon.clock.now = START + 899
    assert scene.put(invitation).status_code == 200
    scene.amazon.clock.now = START + 900
    assert refusal(scene.put(invitation)) == (403, "AccessDenied", "Request has expired")
    scene.amazon.control("POST", "uploads/url-lifetime", {"seconds": 2})
    short = scene.invited()
    scene.amazon.clock.now += 2
    assert refusal(scene.put(short))[2] == "Request has expired"


@pytest.mark.parametrize(
    "resource",
    [
        f"/messaging/v1/orders/{ORDER_ID}/messages/legalDisclosure",
        f"messaging/v1/orders/{ORDER_ID}/messages/createLegalDisclosure",
        f"messaging/v1/orders/{ORDER_ID}/messages/sendInvoice",
        f"messaging/v1/orders/{ORDER_ID}/messages/unexpectedProblem",
        f"messaging/v1/orders/{ORDER_ID}",
        "messaging/v1/orders/902-0000000-0000000/messages/legalDisclosure",
        f"messaging%2Fv1%2Forders%2F{ORDER_ID}%2Fmessages%2FlegalDisclosure",
        "messaging",
        "aplus%2F2020-11-01%2FcontentDocuments",
        "aplus/2020-11-01/contentDocument",
    ],
)
def test_a_wrong_resource_gets_the_misleading_403(scene: MessageScene, resource: str) -> None:
    answer = scene.destination(resource=resource, contentType="image/png")
    assert answer.status_code == 403
    [error] = check(CREATE, answer)["errors"]
    assert (error["code"], error["message"]) == ("Unauthorized", "Access to requested resource is denied.")
    assert scene.uploads() == []


@pytest.mark.parametrize("segment", ["legalDisclosure", "warranty", "digitalAccessKey", "invoice"])
def test_the_resources_of_messages(scene: MessageScene, segment: str) -> None:
    assert scene.uploaded(segment=segment)


@pytest.mark.parametrize(
    ("resource", "query", "words"),
    [
        (None, {"contentMD5": "x"}, "marketplaceIds"),
        (None, {"contentMD5": "x", "marketplaceIds": "ATVPDKIKX0DER,A2EUQ1WTGCTBG2"}, "marketplaceIds"),
        (None, {"marketplaceIds": "ATVPDKIKX0DER"}, "contentMD5"),
        (CONTENT_DOCUMENTS, {"marketplaceIds": "ATVPDKIKX0DER", "contentMD5": "x"}, "contentType"),
    ],
)
def test_what_a_destination_takes(
    scene: MessageScene, resource: str | None, query: dict[str, str], words: str
) -> None:
    resource = resource or f"messaging/v1/orders/{ORDER_ID}/messages/legalDisclosure"
    answer = scene.call("POST", f"/uploads/2020-11-01/uploadDestinations/{resource}", query=query)
    assert answer.status_code == 400
    assert words in str(check(CREATE, answer)["errors"])


@pytest.mark.parametrize(
    ("fault", "stored"), [({"status": 503}, 0), ({"cut": "after"}, 1), ({"cut": "before"}, 0)]
)
def test_uploads_fail_as_they_are_told_to(scene: MessageScene, fault: dict[str, Any], stored: int) -> None:
    scene.amazon.control("POST", "faults", {"operation": "uploadAttachment", "sellerId": "SELLER1", **fault})
    invitation = scene.invited()
    if "cut" in fault:
        with pytest.raises(requests.ConnectionError):
            scene.put(invitation)
    else:
        assert refusal(scene.put(invitation))[:2] == (503, "SlowDown")
    assert [upload["uploads"] for upload in scene.uploads()] == [stored]
    assert scene.put(invitation).status_code == 200
