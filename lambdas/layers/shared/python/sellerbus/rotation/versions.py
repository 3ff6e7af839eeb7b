"""The versions of the secret in Secrets Manager, by their ids and staging labels.

AWSCURRENT is what the functions use, AWSPENDING the new secret until it is proved, AWSPREVIOUS the old one.
Every step looks first and changes only what is not yet so: it may be repeated after a crash at any point.

Source: Secrets Manager API, GetSecretValue, ListSecretVersionIds, PutSecretValue, UpdateSecretVersionStage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sellerbus.api.credentials import ClientCredentials, parse
from sellerbus.aws.errors import StoreUnavailableError, aws_call

CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"
PREVIOUS: Final = "AWSPREVIOUS"


class SecretsManagerClient(Protocol):
    """The part of boto3's client used here; each method is the API operation of its name."""

    def get_secret_value(self, **request: Any) -> Mapping[str, Any]: ...

    def list_secret_version_ids(self, **request: Any) -> Mapping[str, Any]: ...

    def put_secret_value(self, **request: Any) -> Mapping[str, Any]: ...

    def update_secret_version_stage(self, **request: Any) -> Mapping[str, Any]: ...


class NoCredentialsError(Exception):
    """The secret has no usable value under AWSCURRENT: nobody has written one, or a garbled one."""


class OtherValueError(Exception):
    """The version is there with another value: two messages of one id carried two secrets."""


@dataclass(frozen=True)
class Version:
    """One version. created_at: seconds since 1970, when it was written here."""

    version_id: str
    credentials: ClientCredentials
    created_at: float


@dataclass(frozen=True)
class Labelled:
    """One version without its value."""

    version_id: str
    labels: frozenset[str]
    created_at: float


class SecretVersions:
    """Of one secret. Raises StoreUnavailableError where Secrets Manager does not do it now."""

    def __init__(self, client: SecretsManagerClient, secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id

    def current(self) -> Version:
        """Return the version in use. Raises NoCredentialsError."""
        found = self._read(VersionStage=CURRENT)
        if found is None:
            raise NoCredentialsError("the secret has no value yet, or none that holds credentials")
        return found

    def find(self, version_id: str) -> Version | None:
        """Return a version; None where there is none with usable credentials."""
        return self._read(VersionId=version_id)

    def labelled(self) -> tuple[Labelled, ...]:
        """Return all versions that have a label."""
        found: list[Labelled] = []
        request: dict[str, Any] = {"SecretId": self._secret_id}
        while True:
            with aws_call("ListSecretVersionIds"):
                answer = self._client.list_secret_version_ids(**request)
            found += [
                Labelled(row["VersionId"], frozenset(row["VersionStages"]), _seconds(row["CreatedDate"]))
                for row in answer.get("Versions", [])
                if row.get("VersionStages")
            ]
            if not answer.get("NextToken"):
                return tuple(found)
            request["NextToken"] = answer["NextToken"]

    def store(self, version_id: str, credentials: ClientCredentials) -> None:
        """Keep credentials as AWSPENDING, and read them back; does nothing where they are there.

        Raises OtherValueError where the version has others.
        """
        if self._holds(version_id, credentials):
            return
        with aws_call("PutSecretValue"):
            self._client.put_secret_value(
                SecretId=self._secret_id,
                ClientRequestToken=version_id,
                SecretString=json.dumps(
                    {"clientId": credentials.client_id, "clientSecret": credentials.client_secret}
                ),
                VersionStages=[PENDING],
            )
        if not self._holds(version_id, credentials):
            raise StoreUnavailableError("GetSecretValue", "the version that was written isn't there")

    def mark_pending(self, version_id: str) -> None:
        """Put AWSPENDING on the version, wherever it is."""
        self._move(PENDING, to=version_id, away_from=self._holder(PENDING))

    def promote(self, version_id: str, *, instead_of: str) -> None:
        """Put AWSCURRENT on the version, away from `instead_of` alone; that becomes AWSPREVIOUS by itself.

        Refused, as StoreUnavailableError, where another version has the label by now.
        """
        self._move(CURRENT, to=version_id, away_from=instead_of)

    def end_pending(self, version_id: str) -> None:
        """Take AWSPENDING off the version, where it has it."""
        if self._holder(PENDING) == version_id:
            self._move(PENDING, away_from=version_id)

    def put_away_previous(self, version_id: str) -> None:
        """Take AWSPREVIOUS off the version, where it has it: Secrets Manager may delete it then."""
        if self._holder(PREVIOUS) == version_id:
            self._move(PREVIOUS, away_from=version_id)

    def _holds(self, version_id: str, credentials: ClientCredentials) -> bool:
        found = self._read(VersionId=version_id)
        if found is not None and found.credentials != credentials:
            raise OtherValueError(f"the version {version_id} has another value")
        return found is not None

    def _holder(self, label: str) -> str | None:
        return next((each.version_id for each in self.labelled() if label in each.labels), None)

    def _move(self, label: str, *, to: str | None = None, away_from: str | None = None) -> None:
        if to == away_from:
            return
        request = {"MoveToVersionId": to, "RemoveFromVersionId": away_from}
        with aws_call("UpdateSecretVersionStage"):
            self._client.update_secret_version_stage(
                SecretId=self._secret_id,
                VersionStage=label,
                **{name: value for name, value in request.items() if value is not None},
            )

    def _read(self, **which: str) -> Version | None:
        try:
            with aws_call("GetSecretValue"):
                answer = self._client.get_secret_value(SecretId=self._secret_id, **which)
        except StoreUnavailableError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        try:
            credentials = parse(str(answer.get("SecretString") or ""))
        except ValueError:
            return None
        return Version(str(answer["VersionId"]), credentials, _seconds(answer["CreatedDate"]))


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
