"""The application's Login with Amazon credentials, read from Secrets Manager."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sellerbus.api.errors import CredentialsError

CACHE_SECONDS = 300.0
_OPERATION = "LWA credentials"


@dataclass(frozen=True)
class ClientCredentials:
    client_id: str
    client_secret: str = field(repr=False)


class SecretsManager(Protocol):
    """The part of the boto3 client that is used."""

    @property
    def exceptions(self) -> Any: ...

    def get_secret_value(self, *, SecretId: str) -> Any: ...  # noqa: N803


def parse(secret: str) -> ClientCredentials:
    """Read the JSON object {"clientId", "clientSecret"}; the ValueError it raises repeats no content."""
    try:
        document = json.loads(secret)
    except ValueError:
        # The decoder's error holds the text it failed on.
        raise ValueError("is not JSON") from None
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - the content is wrong, not a type here
    values: dict[str, str] = {}
    for key in ("clientId", "clientSecret"):
        value = document.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"lacks the key {key} with a text")
        values[key] = value.strip()
    return ClientCredentials(values["clientId"], values["clientSecret"])


class SecretCredentials:
    """Reads the secret `secret_id` and keeps it for five minutes. Safe for threads.

    mend: the command that writes the secret, named in errors.
    """

    def __init__(
        self, *, secrets: SecretsManager, secret_id: str, mend: str, clock: Callable[[], float]
    ) -> None:
        self._secrets = secrets
        self._secret_id = secret_id
        self._mend = mend
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, ClientCredentials] | None = None

    def current(self, *, fresh: bool = False) -> ClientCredentials:
        """Return the credentials, read anew where `fresh` or older than five minutes.

        Raises CredentialsError where the secret has no value or is malformed.
        """
        with self._lock:
            now = self._clock()
            if self._kept is not None and not fresh and 0 <= now - self._kept[0] < CACHE_SECONDS:
                return self._kept[1]
            credentials = self._read()
            self._kept = (now, credentials)
            return credentials

    def _read(self) -> ClientCredentials:
        try:
            secret = self._secrets.get_secret_value(SecretId=self._secret_id).get("SecretString")
        except self._secrets.exceptions.ResourceNotFoundException:
            secret = None
        if not secret:
            raise CredentialsError(
                _OPERATION, f"the secret {self._secret_id} has no value yet", hint=f"Run: {self._mend}"
            )
        try:
            return parse(str(secret))
        except ValueError as error:
            raise CredentialsError(
                _OPERATION, f"the secret {self._secret_id} {error}", hint=f"Write it anew: {self._mend}"
            ) from error
