"""The application's Login with Amazon credentials, read from Secrets Manager."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sellerbus.api.errors import CredentialsError, RetryableError

CACHE_SECONDS = 300.0
STAND_INS = ("AWSPENDING", "AWSPREVIOUS")
"""The staging labels of what is tried where Login with Amazon refuses the secret in use, in this order."""
_OPERATION = "LWA credentials"


@dataclass(frozen=True)
class ClientCredentials:
    client_id: str
    client_secret: str = field(repr=False)


class SecretsManager(Protocol):
    """The part of the boto3 client that is used."""

    @property
    def exceptions(self) -> Any: ...

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Any: ...  # noqa: N803


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
    notice: told, for an operator, each time that the previous value is taken because the current is refused.
    """

    def __init__(
        self,
        *,
        secrets: SecretsManager,
        secret_id: str,
        mend: str,
        clock: Callable[[], float],
        notice: Callable[[str], None],
    ) -> None:
        self._secrets = secrets
        self._secret_id = secret_id
        self._mend = mend
        self._clock = clock
        self._notice = notice
        self._lock = threading.Lock()
        self._kept: tuple[float, ClientCredentials] | None = None
        self._newest: ClientCredentials | None = None

    def current(self, *, fresh: bool = False) -> ClientCredentials:
        """Return the credentials, read anew where `fresh` or older than five minutes.

        Raises CredentialsError where the secret has no value or is malformed, RetryableError where it can't
        be read.
        """
        with self._lock:
            now = self._clock()
            if self._kept is not None and not fresh and 0 <= now - self._kept[0] < CACHE_SECONDS:
                return self._kept[1]
            credentials = self._read()
            self._kept = (now, credentials)
            self._newest = credentials
            return credentials

    def instead_of(self, refused: ClientCredentials) -> Iterator[ClientCredentials]:
        """Yield what may be tried in place of credentials that Login with Amazon refused.

        First the secret as it is now, where that is another; then the new one that waits to be proved, and
        the previous one, which Amazon takes for seven more days. Those only of the same application:
        another's sellers and destinations are not ours.
        """
        newest = self.current(fresh=True)
        if newest != refused:
            yield newest
        tried = {newest.client_secret, refused.client_secret}
        for stage in STAND_INS:
            other = self._stand_in(stage)
            if other is None or other.client_id != newest.client_id or other.client_secret in tried:
                continue
            tried.add(other.client_secret)
            yield other

    def keep(self, credentials: ClientCredentials) -> None:
        """Make what `instead_of` yielded the current ones for five minutes: they were taken."""
        with self._lock:
            self._kept = (self._clock(), credentials)
            as_written = credentials == self._newest
        if not as_written:
            self._notice(
                f"Login with Amazon refuses the client secret in {self._secret_id}. Another version of it "
                "stands in: the new one that waits to be proved, or the previous one, which is taken for "
                "seven days after a rotation at most. Where no rotation is under way, write the good one: "
                f"{self._mend}"
            )

    def _stand_in(self, stage: str) -> ClientCredentials | None:
        secret = self._value(stage)
        try:
            return parse(secret) if secret else None
        except ValueError:
            # What is of no use any more need not be mended.
            return None

    def _value(self, stage: str) -> str | None:
        try:
            answer = self._secrets.get_secret_value(SecretId=self._secret_id, VersionStage=stage)
        except self._secrets.exceptions.ResourceNotFoundException:
            return None
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise RetryableError(
                _OPERATION,
                f"the secret {self._secret_id} could not be read ({code})",
                hint="Where this lasts: may the function read it, and use the key that it is encrypted with?",
            ) from error
        value = answer.get("SecretString")
        return str(value) if value else None

    def _read(self) -> ClientCredentials:
        secret = self._value("AWSCURRENT")
        if not secret:
            raise CredentialsError(
                _OPERATION, f"the secret {self._secret_id} has no value yet", hint=f"Run: {self._mend}"
            )
        try:
            return parse(secret)
        except ValueError as error:
            raise CredentialsError(
                _OPERATION, f"the secret {self._secret_id} {error}", hint=f"Write it anew: {self._mend}"
            ) from error
