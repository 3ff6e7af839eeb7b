"""How long the client secret still serves.

Amazon gives a client secret 180 days. It says of none when it was made, so it is taken for as old as the
secret's version that holds it: what a person stores long after it was made ends sooner than is told here.

Source: developer-docs, "Rotate your application client secrets"; Secrets Manager API, ListSecretVersionIds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.watching.gauges import Gauge

LIFETIME_DAYS: Final = 180
CURRENT: Final = "AWSCURRENT"
_DAY_SECONDS: Final = 86_400


class SecretsManagerClient(Protocol):
    """The part of boto3's Secrets Manager client used here."""

    def list_secret_version_ids(self, **request: Any) -> Mapping[str, Any]: ...


def client_secret_gauges(
    client: SecretsManagerClient, secret_id: str, now: Callable[[], float]
) -> list[Gauge]:
    """Whole days until the secret expires, below 0 after that; no gauge where none is stored.

    now: seconds since 1970. Raises StoreUnavailableError.
    """
    for version in _versions(client, secret_id):
        if CURRENT in version.get("VersionStages", []):
            expires = version["CreatedDate"].timestamp() + LIFETIME_DAYS * _DAY_SECONDS
            return [Gauge("ClientSecretDays", math.floor((expires - now()) / _DAY_SECONDS))]
    return []


def _versions(client: SecretsManagerClient, secret_id: str) -> Iterator[Mapping[str, Any]]:
    request: dict[str, Any] = {"SecretId": secret_id}
    while True:
        with aws_call("ListSecretVersionIds"):
            page = client.list_secret_version_ids(**request)
        yield from page.get("Versions", [])
        if not page.get("NextToken"):
            return
        request = {**request, "NextToken": page["NextToken"]}
