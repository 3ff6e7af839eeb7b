"""Only https to S3 is requested, or what the stage names; and nobody reads a presigned URL's query."""

from __future__ import annotations

import logging

import pytest

from sellerbus.documents.errors import UrlRefusedError
from sellerbus.documents.presigned import DocumentHosts, host_of, keep_queries_out_of_logs

QUERY = "?X-Amz-Credential=AKIA%2F20260101&X-Amz-Signature=5ec2e7"


@pytest.mark.parametrize(
    "host",
    [
        # The first four were seen in answers of Amazon's.
        "tortuga-prod-na.s3.amazonaws.com",
        "tortuga-prod-na.s3-external-1.amazonaws.com",
        "tortuga-prod-eu.s3-eu-west-1.amazonaws.com",
        "tortuga-prod-fe.s3-us-west-2.amazonaws.com",
        "tortuga-prod-fe.s3.us-west-2.amazonaws.com",
        "bucket.with.dots.s3.eu-central-1.amazonaws.com",
        "bucket.s3.dualstack.us-gov-west-1.amazonaws.com",
        "bucket.s3-fips.us-east-2.amazonaws.com",
        "bucket.s3-accelerate.amazonaws.com",
        "bucket.s3-accelerate.dualstack.amazonaws.com",
        "s3.amazonaws.com",
        "s3.ap-southeast-10.amazonaws.com",
        "s3-us-west-2.amazonaws.com",
        "bucket.s3.cn-north-1.amazonaws.com.cn",
        "TORTUGA-PROD-NA.S3.AMAZONAWS.COM",
        "bucket.s3.amazonaws.com:443",
    ],
)
def test_hosts_of_s3_are_requested(host: str) -> None:
    DocumentHosts().check(f"https://{host}//NinetyDays/%2Fx{QUERY}")


@pytest.mark.parametrize(
    "url",
    [
        "http://bucket.s3.amazonaws.com/x",
        "ftp://bucket.s3.amazonaws.com/x",
        "//bucket.s3.amazonaws.com/x",
        "/x",
        "",
        "https:///x",
        "https://bucket.s3.amazonaws.com",
        "https://bucket.s3.amazonaws.com:8443/x",
        "https://bucket.s3.amazonaws.com:/x",
        "https://bucket.s3.amazonaws.com./x",
        "https://user@bucket.s3.amazonaws.com/x",
        "https://user:word@bucket.s3.amazonaws.com/x",
        "https://bucket.s3.amazonaws.com@evil.example/x",
        "https://bucket.s3.amazonaws.com\\@evil.example/x",
        "https://evil.example\\.s3.amazonaws.com/x",
        "https://bucket.s3.amazonaws.com/x#fragment",
        "https://bucket.s3.amazonaws.com/x y",
        "https://bucket.s3.amazonaws.com/x\r\nHost: evil.example",
        "https://bucket.s3.amazonaws.com/x\n",
        " https://bucket.s3.amazonaws.com/x",
        "https://bücket.s3.amazonaws.com/x",
        "https://bucket.s3.amazonaws.com/ü",
        "https://evil.example/bucket.s3.amazonaws.com/x",
        "https://bucket.s3.amazonaws.com.evil.example/x",
        "https://bucket.s3.evil.example/x",
        "https://s3-amazonaws.com/x",
        "https://evils3.amazonaws.com/x",
        "https://bucket.s3.amazonaws.comx/x",
        "https://bucket.s3-website-us-east-1.amazonaws.com/x",
        "https://bucket.s3-website.eu-central-1.amazonaws.com/x",
        "https://lambda.us-east-1.amazonaws.com/x",
        "https://ec2.amazonaws.com/x",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        f"https://bucket.s3.amazonaws.com/{'x' * 8192}",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        DocumentHosts().check(url)


def test_a_stage_names_hosts_of_its_own_by_their_port() -> None:
    hosts = DocumentHosts(["127.0.0.1:4566", "Documents.Local"])
    hosts.check("http://127.0.0.1:4566/x")
    hosts.check("https://documents.local/x")
    hosts.check("https://bucket.s3.amazonaws.com/x")
    for url in ("http://127.0.0.1:4567/x", "http://127.0.0.1/x", "http://127.0.0.1:4566@evil.example/x"):
        with pytest.raises(UrlRefusedError):
            hosts.check(url)


@pytest.mark.parametrize(
    "url", [f"http://evil.example/x{QUERY}", f"https://evil.example/x{QUERY}", f"x{QUERY}"]
)
def test_a_refusal_tells_the_host_and_not_the_query(url: str) -> None:
    with pytest.raises(UrlRefusedError) as refused:
        DocumentHosts().check(url)
    assert "5ec2e7" not in str(refused.value)
    assert ("evil.example" in str(refused.value)) == url.startswith("http")


def test_what_may_be_said_of_a_url_is_its_host() -> None:
    assert host_of(f"https://bucket.s3.amazonaws.com/x{QUERY}") == "bucket.s3.amazonaws.com"
    assert host_of("nonsense") == "[no host]"


def test_urllib3_logs_no_queries(caplog: pytest.LogCaptureFixture) -> None:
    keep_queries_out_of_logs()
    keep_queries_out_of_logs()
    logger = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG):
        logger.debug('%s://%s:%s "%s %s %s" %s', "https", "host", 443, "GET", f"/x{QUERY}", "HTTP/1.1", 200)
        logger.debug("nothing to cut")
    assert caplog.messages == ['https://host:443 "GET /x?[query] HTTP/1.1" 200', "nothing to cut"]


def test_urllib3_tells_no_query_of_an_answer_it_could_not_read(caplog: pytest.LogCaptureFixture) -> None:
    keep_queries_out_of_logs()
    logger = logging.getLogger("urllib3.connection")
    logger.warning("Failed to parse headers (url=%s): %s", f"https://host/x{QUERY}", ValueError("a header"))
    assert caplog.messages == ["Failed to parse headers (url=https://host/x?[query]): a header"]
