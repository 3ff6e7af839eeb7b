"""Which URLs documents are exchanged by, and what may be said about them.

The URLs come in Amazon's answers, and a function that requests whatever an answer names can be led into the
network it runs in. So a URL is https to S3, unless the stage names hosts of its own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Final

from sellerbus.documents.errors import UrlRefusedError

LONGEST_URL: Final = 8192

# Not by urlsplit: two readers of one URL may disagree about its host. What this matches has one reading: no
# user, no fragment, no backslash, no space, nothing that is not ASCII.
_URL: Final = re.compile(r"(https?)://([A-Za-z0-9.-]+(?::[0-9]{1,5})?)(/[!-~]*)")
_REFUSED_IN_PATH: Final = re.compile(r'[\\#"<>^`{|}]')

# Amazon's buckets were seen as tortuga-prod-na.s3.amazonaws.com, tortuga-prod-na.s3-external-1.amazonaws.com
# and tortuga-prod-eu.s3-eu-west-1.amazonaws.com; the forms are those of "Amazon S3 endpoints and quotas" and
# "Virtual hosting of general purpose buckets". Website endpoints, which speak http, are not among them.
_REGION: Final = r"[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}"
_S3_HOST: Final = re.compile(
    r"(?:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\.)?"
    rf"(?:s3|s3-external-1|s3-accelerate(?:\.dualstack)?|s3-{_REGION}|s3(?:-fips)?(?:\.dualstack)?\.{_REGION})"
    r"\.amazonaws\.com(?:\.cn)?"
)


class DocumentHosts:
    """The hosts that presigned URLs may name.

    own: hosts of the stage's, as "host" or "host:port", reachable by http too; none in production.
    """

    def __init__(self, own: Iterable[str] = ()) -> None:
        self._own = frozenset(host.lower() for host in own)

    def check(self, url: str) -> None:
        """Raise UrlRefusedError for a URL that is not to be requested."""
        match = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
        if match is None or _REFUSED_IN_PATH.search(match[3]):
            raise UrlRefusedError(
                "the document's URL is refused: it is not an absolute http URL in plain ASCII"
            )
        scheme, host = match[1], match[2].lower()
        if host in self._own:
            return
        if scheme != "https":
            raise UrlRefusedError(f"the document's URL on {host} is refused: it is not https")
        if _S3_HOST.fullmatch(host.removesuffix(":443")) is None:
            raise UrlRefusedError(
                f"the document's URL is refused: {host} is no host of S3, nor one that this stage's "
                "configuration names for documents"
            )


def host_of(url: str) -> str:
    """Return what a text may say of a presigned URL: its host. The query is a credential."""
    match = _URL.match(url)
    return match[2] if match else "[no host]"


class WithoutQuery(logging.Filter):
    """Cuts queries out of what urllib3 logs: at DEBUG every request line as it is sent, and as a warning the
    URL whose answer has a header that can't be read.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's arguments; it is logged in any case."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                f"{each.partition('?')[0]}?[query]" if isinstance(each, str) and "?" in each else each
                for each in record.args
            )
        return True


_WITHOUT_QUERY: Final = WithoutQuery()


def keep_queries_out_of_logs() -> None:
    """Make urllib3's loggers tell no queries. May be called again and again."""
    for name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_WITHOUT_QUERY)
