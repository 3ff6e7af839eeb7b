"""The simulator's storage of feed documents: what it takes at a presigned URL, and how it refuses, as S3."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import requests

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.feed_scene import LISTINGS, TEXT, FeedScene, listing, listings, set_feed_scene
from tests.unit.simulator.feeds_model import VERSIONS


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(params=VERSIONS)
def scene(simulated: Amazon, request: pytest.FixtureRequest) -> FeedScene:
    return set_feed_scene(simulated, request.param)


@pytest.fixture
def plain(simulated: Amazon) -> FeedScene:
    return set_feed_scene(simulated, "2021-06-30")


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    assert answer.headers["content-type"].startswith("application/xml")
    error = ElementTree.fromstring(answer.content)  # noqa: S314 - written by the simulator under test
    assert error.tag == "Error"
    return answer.status_code, str(error.findtext("Code")), str(error.findtext("Message"))


def test_urls_have_the_form_of_s3_and_live_five_minutes(scene: FeedScene) -> None:
    parts = urlsplit(scene.document()["url"])
    assert f"{parts.scheme}://{parts.netloc}" == scene.amazon.url
    assert parts.path.startswith("/_documents/%2FNinetyDays/amzn1.tortuga.4.na.")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query["X-Amz-Expires"] == "300"
    assert query["X-Amz-Date"] == "20231114T221320Z"
    assert query["X-Amz-SignedHeaders"] == "content-type;host"


@pytest.mark.parametrize(
    "sent",
    ["text/tab-separated-values;charset=UTF-8", "text/tab-separated-values; charset=utf-8", "text/xml"],
)
def test_the_content_type_must_be_exactly_the_signed_one(scene: FeedScene, sent: str) -> None:
    document = scene.document(TEXT)
    assert refusal(scene.put(document, b"x", sent))[:2] == (403, "SignatureDoesNotMatch")
    assert scene.put(document, b"x", TEXT).status_code == 200


def test_urls_expire(scene: FeedScene) -> None:
    document, feed = scene.document(), scene.ended(scene.submitted())
    url = scene.report_document(feed)["url"]
    scene.amazon.clock.now += 299
    assert scene.put(document, b"x").status_code == 200
    assert scene.amazon.session.get(url, timeout=20).status_code == 200
    scene.amazon.clock.now += 1
    expired = (403, "AccessDenied", "Request has expired")
    assert refusal(scene.put(document, b"x")) == expired
    assert refusal(scene.amazon.session.get(url, timeout=20)) == expired
    assert scene.report(feed).status_code == 200, "a new URL is good again"


def test_how_long_urls_live_can_be_set(scene: FeedScene) -> None:
    scene.amazon.control("POST", "documents/url-lifetime", {"seconds": 2})
    document = scene.document()
    scene.amazon.clock.now += 2
    assert refusal(scene.put(document, b"x"))[2] == "Request has expired"


def test_a_url_is_for_one_method_and_one_document(plain: FeedScene) -> None:
    first, second = plain.document(), plain.document()
    session = plain.amazon.session
    assert refusal(session.get(first["url"], timeout=20))[1] == "SignatureDoesNotMatch"
    moved = first["url"].replace(first["feedDocumentId"], second["feedDocumentId"])
    assert refusal(plain.put({"url": moved}, b"x"))[1] == "SignatureDoesNotMatch"
    longer = first["url"].replace("X-Amz-Expires=300", "X-Amz-Expires=900")
    assert refusal(plain.put({"url": longer}, b"x"))[1] == "SignatureDoesNotMatch"
    bare = first["url"].split("?")[0]
    assert refusal(plain.put({"url": bare}, b"x"))[:2] == (403, "AccessDenied")
    cut = first["url"].split("&X-Amz-Signature")[0]
    assert refusal(plain.put({"url": cut}, b"x"))[:2] == (400, "AuthorizationQueryParametersError")


def test_headers_of_amazon_must_be_signed(plain: FeedScene) -> None:
    answer = requests.put(
        plain.document()["url"], data=b"x", headers={"Content-Type": TEXT, "x-amz-acl": "private"}, timeout=20
    )
    assert refusal(answer)[:2] == (403, "AccessDenied")
    assert "x-amz-acl" in answer.text


def test_a_chunked_upload_is_not_implemented(plain: FeedScene) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x"

    answer = plain.amazon.session.put(
        plain.document()["url"], data=chunks(), headers={"Content-Type": TEXT}, timeout=20
    )
    assert refusal(answer)[:2] == (501, "NotImplemented")


def test_a_wrong_digest_is_refused_and_nothing_stored(plain: FeedScene) -> None:
    document = plain.document()
    wrong = base64.b64encode(hashlib.md5(b"y", usedforsecurity=False).digest()).decode()
    headers = {"Content-Type": TEXT, "Content-MD5": wrong}
    answer = plain.amazon.session.put(document["url"], data=b"x", headers=headers, timeout=20)
    assert refusal(answer)[:2] == (400, "BadDigest")
    url = plain.send("GET", f"documents/{document['feedDocumentId']}").json()["url"]
    assert refusal(plain.amazon.session.get(url, timeout=20))[:2] == (404, "NoSuchKey")


def test_whoever_leaves_in_the_middle_has_stored_nothing(plain: FeedScene) -> None:
    document = plain.document()
    parts = urlsplit(document["url"])
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Type", TEXT)
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"only some")
    connection.close()
    plain.until(lambda: bool(uploads(plain)))
    assert uploads(plain)[0]["status"] is None
    assert "has not been uploaded" in plain.create(document["feedDocumentId"]).text


def uploads(scene: FeedScene) -> Any:
    return scene.amazon.control("GET", "requests?operation=uploadDocument")


def test_an_upload_whose_answer_is_lost_is_stored_and_can_be_repeated(scene: FeedScene) -> None:
    document = scene.document()
    scene.amazon.control("POST", "faults", {"operation": "uploadDocument", "cut": "after"})
    with pytest.raises(requests.ConnectionError):
        scene.put(document, b"order-id\tquantity\n1\t1\n")
    assert scene.create(document["feedDocumentId"]).status_code == 202
    assert scene.put(document, b"order-id\tquantity\n2\t1\n").status_code == 200
    assert [entry["cut"] for entry in uploads(scene)] == ["after", None]
    assert "Signature" not in str(uploads(scene))


def test_the_storage_can_fail(scene: FeedScene) -> None:
    scene.amazon.control("POST", "faults", {"operation": "uploadDocument", "status": 503})
    assert refusal(scene.put(scene.document(), b"x"))[:2] == (503, "SlowDown")


@pytest.mark.parametrize("large", [False, True])
def test_a_download_can_break_off_in_the_middle(scene: FeedScene, large: bool) -> None:
    content = b"order-id\tquantity\n" + b"111-1111111-1111111\t1\n" * (200_000 if large else 1)
    url = scene.payload(scene.send("GET", f"documents/{scene.uploaded(content)}"))["url"]
    scene.amazon.control("POST", "faults", {"operation": "downloadDocument", "damage": "breakOff"})
    answer = scene.amazon.session.get(url, timeout=20, stream=True)
    size = int(answer.headers["content-length"])
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=f"IncompleteRead.{size // 2} bytes"):
        _ = answer.content
    assert len(scene.amazon.session.get(url, timeout=20).content) == size


def test_a_download_can_lack_its_end_and_not_say_so(scene: FeedScene) -> None:
    url = scene.report_document(scene.ended(scene.submitted()))["url"]
    whole = scene.amazon.session.get(url, timeout=20).content
    scene.amazon.control("POST", "faults", {"operation": "downloadDocument", "damage": "shorten"})
    assert scene.amazon.session.get(url, timeout=20).content == whole[:-16]


def test_a_download_can_be_tampered_with(scene: FeedScene) -> None:
    url = scene.report_document(scene.ended(scene.submitted()))["url"]
    whole = scene.amazon.session.get(url, timeout=20).content
    scene.amazon.control("POST", "faults", {"operation": "downloadDocument", "damage": "tamper"})
    spoilt = scene.amazon.session.get(url, timeout=20).content
    assert len(spoilt) == len(whole)
    assert [place for place, byte in enumerate(whole) if spoilt[place] != byte] == [len(whole) // 2]


def test_damage_is_done_to_downloads_only(plain: FeedScene) -> None:
    body = {"operation": "uploadDocument", "damage": "tamper"}
    answer = plain.amazon.session.post(f"{plain.amazon.url}/_simulator/faults", json=body, timeout=20)
    assert (answer.status_code, "downloadDocument" in answer.json()["error"]) == (400, True)


def test_the_journal_knows_whose_documents_were_asked_for(scene: FeedScene) -> None:
    scene.uploaded()
    found = scene.amazon.control("GET", "requests?operation=uploadDocument&sellerId=SELLER1")
    assert [entry["sellerId"] for entry in found] == ["SELLER1"]
    assert scene.amazon.control("GET", "requests?sellerId=SELLER2") == []


def test_a_large_document_comes_back_as_it_went(plain: FeedScene) -> None:
    content = bytes(range(256)) * 20_000
    document = plain.document()
    assert plain.put(document, content).headers["ETag"]
    url = plain.send("GET", f"documents/{document['feedDocumentId']}").json()["url"]
    session = plain.amazon.session
    assert session.get(url, timeout=20).content == content
    part = session.get(url, timeout=20, headers={"Range": "bytes=1500000-1500009"})
    assert (part.status_code, part.content) == (206, content[1_500_000:1_500_010])
    assert part.headers["Content-Range"] == f"bytes 1500000-1500009/{len(content)}"
    rest = session.get(url, timeout=20, headers={"Range": f"bytes={len(content) - 5}-"})
    assert rest.content == content[-5:]
    beyond = session.get(url, timeout=20, headers={"Range": f"bytes={len(content)}-"})
    assert refusal(beyond)[:2] == (416, "InvalidRange")


def test_what_is_stored_for_2020_09_04_is_ciphertext(simulated: Amazon) -> None:
    scene = set_feed_scene(simulated, "2020-09-04")
    document = scene.document()
    details = document["encryptionDetails"]
    assert details["standard"] == "AES"
    assert [len(base64.b64decode(details[name])) for name in ("key", "initializationVector")] == [32, 16]
    feed = scene.ended(scene.submitted())
    told = scene.report_document(feed)
    assert told["encryptionDetails"]["key"] != details["key"], "every document has its own key"
    assert b"Feed Processing Summary" not in scene.report(feed).content
    assert "Feed Processing Summary" in scene.report_text(feed)


def test_what_cannot_be_decrypted_is_fatal_without_a_report(simulated: Amazon) -> None:
    scene = set_feed_scene(simulated, "2020-09-04")
    document = {**scene.document()}
    details = document.pop("encryptionDetails")
    assert details
    assert scene.put(document, b"not a whole block").status_code == 200
    feed = scene.ended(scene.payload(scene.create(document["feedDocumentId"]))["feedId"])
    assert feed["processingStatus"] == "FATAL"
    assert "resultFeedDocumentId" not in feed


def test_feeds_may_be_compressed(scene: FeedScene) -> None:
    content = gzip.compress(b"order-id\tquantity\n") + gzip.compress(b"111-1111111-1111111\t1\n")
    feed = scene.ended(scene.submitted(content))
    assert "Number of records processed\t\t1" in scene.report_text(feed)
    broken = scene.ended(scene.submitted(content[:-4]))
    assert broken["processingStatus"] == "FATAL"


@pytest.mark.parametrize(("asked", "told"), [(None, "identity"), ("false", "identity"), ("true", "gzip")])
def test_content_encoding_is_as_it_was_asked_for(plain: FeedScene, asked: str | None, told: str) -> None:
    feed = plain.ended(plain.submitted(listings(listing(1)), LISTINGS))
    query: dict[str, Any] = {"query": {"enableContentEncodingUrlHeader": asked}} if asked else {}
    document = plain.send("GET", f"documents/{feed['resultFeedDocumentId']}", **query).json()
    assert document["compressionAlgorithm"] == "GZIP"
    answer = plain.amazon.session.get(document["url"], timeout=20, stream=True)
    assert answer.headers["Content-Encoding"] == told
    raw = answer.raw.read(decode_content=False)
    assert gzip.decompress(raw).startswith(b'{"header"')


def test_content_encoding_must_be_true_or_false(plain: FeedScene) -> None:
    feed = plain.ended(plain.submitted())
    query = {"enableContentEncodingUrlHeader": "yes"}
    answer = plain.send("GET", f"documents/{feed['resultFeedDocumentId']}", query=query)
    assert answer.status_code == 400
