"""How the simulator calls the local AWS: as the account that SP-API notifications come from, and no other."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

AMAZON_ACCOUNT_ID = "437568002678"
# The fixed secret of an emulator that checks signatures; it opens nothing else.
EMULATOR_SECRET = "test"


@cache
def client(service: str, endpoint_url: str, region: str) -> Any:
    """A boto3 client at a local emulator, where an access key id of 12 digits is the calling account."""
    # A session of its own, because the default one must not be used by two threads at first.
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=AMAZON_ACCOUNT_ID,
        aws_secret_access_key=EMULATOR_SECRET,
        config=Config(
            connect_timeout=5,
            read_timeout=20,
            # A hidden retry would send copies that nobody asked for.
            retries={"total_max_attempts": 1, "mode": "standard"},
        ),
    )


def checked_endpoint(url: str) -> str:
    """The URL of an AWS endpoint, or ValueError; real AWS is refused, where nobody can act as Amazon."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the AWS endpoint must be a URL such as http://127.0.0.1:4566, got {url!r}")
    if parts.hostname.endswith(("amazonaws.com", "amazonaws.com.cn", "api.aws")):
        raise ValueError(f"the AWS endpoint must be a local emulator, got {url!r}")
    return url.rstrip("/")
