"""The composition root of the functions: the only place that constructs boto3 and HTTP clients.

Everything is made on first use and kept for warm starts. What depends on one invocation (its remaining time)
is made per invocation out of these.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import requests
from botocore.config import Config
from requests.adapters import HTTPAdapter

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 5.0
AWS_ATTEMPTS = 3


@cache
def aws(service: str) -> Any:
    """Return the boto3 client of `service`: one call takes at most about 3 x 7 seconds and its back-off."""
    return boto3.client(
        service,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": AWS_ATTEMPTS},
            max_pool_connections=16,
        ),
    )


@cache
def http() -> requests.Session:
    """Return the session for calls to Amazon and to CloudFormation, keep-alive across invocations."""
    session = requests.Session()
    # No retries below the client: what may be repeated is decided per operation, and counted there.
    adapter = HTTPAdapter(max_retries=0, pool_connections=4, pool_maxsize=16)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
