"""AWS, Amazon and a cell's function in memory, where any call may be the last one that a function makes.

Every call of a collaborator passes the wire. It can kill the function before or after the call is carried
out, or lose the answer. What is stored stays; the next invocation begins with new objects.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ReadTimeoutError

from sellerbus.api.credentials import ClientCredentials, SecretCredentials
from sellerbus.api.errors import (
    CredentialsError,
    OutcomeUnknownError,
    PermanentError,
    RetryableError,
    SellingPartnerError,
)
from sellerbus.api.lwa import Grant, SellerGrant
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.task_table import TaskTable
from sellerbus.rotation.asking import Asker
from sellerbus.rotation.keeping import Keeper, Kept
from sellerbus.rotation.looking import Look, Looker, LookSettings
from sellerbus.rotation.promoting import Promoter
from sellerbus.rotation.proving import Prover
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.state import Because, Rotation
from sellerbus.rotation.versions import SecretVersions
from tests.fake_table import FakeTable
from tests.fakes import client_error

APPLICATION = "amzn1.application-oa2-client.1"
FIRST = "amzn1.oa2-cs.v1.first-secret"
START = 1_900_000_000.0
DAY = 86_400.0
BEFORE, AFTER, LOST = "before", "after", "lost"


class Killed(BaseException):
    """The function is gone; no `except Exception` sees it."""


@dataclass
class Wire:
    """kill: the number of the call (from 1), and how it ends."""

    kill: tuple[int, str] | None = None
    calls: list[str] = field(default_factory=list)

    def through(self, name: str, carry_out: Callable[[], Any]) -> Any:
        self.calls.append(name)
        number, mode = self.kill or (0, "")
        if len(self.calls) != number:
            return carry_out()
        if mode == BEFORE:
            raise Killed(name)
        # Whatever was answered, a refusal too, nobody gets to know.
        with suppress(Exception):
            carry_out()
        if mode == AFTER:
            raise Killed(name)
        if name == "rotate_client_secret":
            raise OutcomeUnknownError("rotateApplicationClientSecret", "no complete answer")
        if name == "lwa":
            raise RetryableError("LWA token", "no answer")
        if name == "forward":
            raise StoreUnavailableError(name, "ReadTimeoutError")
        raise ReadTimeoutError(endpoint_url="https://aws")


class Wired:
    """A client whose calls pass the wire."""

    def __init__(self, wire: Wire, client: Any) -> None:
        self._wire = wire
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            return self._wire.through(name, lambda: getattr(self._client, name)(**request))

        return call


class FakeSecretsManager:
    """One secret, as Secrets Manager documents PutSecretValue and UpdateSecretVersionStage."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class ResourceNotFoundException(Exception): ...  # noqa: N818 - as boto3 names it

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.versions: dict[str, tuple[str, datetime]] = {}
        self.labels: dict[str, str] = {}

    @property
    def client(self) -> Any:
        """Itself, as boto3's client."""
        return self

    def value(self, label: str) -> str | None:
        """The client secret under a label."""
        if label not in self.labels:
            return None
        return str(json.loads(self.versions[self.labels[label]][0])["clientSecret"])

    def secrets(self) -> set[str]:
        """All client secrets that are kept, with a label or within a day of losing it."""
        return {str(json.loads(text)["clientSecret"]) for text, _ in self.versions.values()}

    def get_secret_value(
        self,
        *,
        SecretId: str,
        VersionId: str = "",
        VersionStage: str = "AWSCURRENT",
    ) -> dict[str, Any]:
        del SecretId
        found = VersionId or self.labels.get(VersionStage, "")
        if found not in self.versions:
            raise client_error("GetSecretValue", "ResourceNotFoundException")
        text, created = self.versions[found]
        return {"VersionId": found, "SecretString": text, "CreatedDate": created}

    def list_secret_version_ids(self, *, SecretId: str, NextToken: str = "") -> dict[str, Any]:
        """One version a page, so that pages are asked for."""
        del SecretId
        labelled = [
            {
                "VersionId": version,
                "VersionStages": [label for label, held in self.labels.items() if held == version],
                "CreatedDate": created,
            }
            for version, (_, created) in self.versions.items()
            if version in self.labels.values()
        ]
        place = int(NextToken or 0)
        more = {"NextToken": str(place + 1)} if place + 1 < len(labelled) else {}
        return {"Versions": labelled[place : place + 1], **more}

    def put_secret_value(
        self,
        *,
        SecretId: str,
        SecretString: str,
        ClientRequestToken: str = "",
        VersionStages: Any = (),
    ) -> dict[str, Any]:
        del SecretId
        version = ClientRequestToken or str(uuid.uuid4())
        if version in self.versions:
            if self.versions[version][0] != SecretString:
                raise client_error("PutSecretValue", "ResourceExistsException")
            return {"VersionId": version}
        self.versions[version] = (SecretString, datetime.fromtimestamp(self._now(), UTC))
        labels = list(VersionStages) or ["AWSCURRENT"]
        if len(self.versions) == 1:
            labels.append("AWSCURRENT")
        for label in labels:
            self._attach(label, version)
        return {"VersionId": version}

    def update_secret_version_stage(
        self,
        *,
        SecretId: str,
        VersionStage: str,
        MoveToVersionId: str = "",
        RemoveFromVersionId: str = "",
    ) -> dict[str, Any]:
        del SecretId
        holder = self.labels.get(VersionStage, "")
        if {MoveToVersionId, RemoveFromVersionId} - {""} - self.versions.keys():
            raise client_error("UpdateSecretVersionStage", "ResourceNotFoundException")
        if holder != RemoveFromVersionId and holder != MoveToVersionId:
            raise client_error("UpdateSecretVersionStage", "InvalidParameterException")
        if MoveToVersionId:
            self._attach(VersionStage, MoveToVersionId)
        else:
            del self.labels[VersionStage]
        return {}

    def _attach(self, label: str, version: str) -> None:
        holder = self.labels.get(label)
        if label == "AWSCURRENT" and holder not in (None, version):
            self.labels["AWSPREVIOUS"] = str(holder)
        self.labels[label] = version


@dataclass
class FakeBus:
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Mapping[str, Any]:
        self.events += [(entry["DetailType"], json.loads(entry["Detail"])) for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}

    def kinds(self) -> list[str]:
        """What was told, each event once, however often it was published."""
        return [kind for kind, _ in {detail["eventId"]: (kind, 0) for kind, detail in self.events}.values()]


@dataclass
class Issued:
    """A secret of Amazon's, and when it works."""

    value: str
    works_from: float
    ends_at: float


@dataclass
class Amazon:
    """Makes secrets, and judges them. enrolled: the owner has registered the queue."""

    now: Callable[[], float]
    works_after: float = 0.0
    enrolled: bool = True
    refused_scopes: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    issued: list[Issued] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def rotate_client_secret(self) -> str:
        if not self.enrolled:
            raise PermanentError("rotateApplicationClientSecret", "not enrolled", status=400)
        now = self.now()
        for each in self.issued:
            each.ends_at = min(each.ends_at, now + 7 * DAY)
        value = f"amzn1.oa2-cs.v1.secret-{len(self.issued)}"
        self.issued.append(Issued(value, now + self.works_after, now + 180 * DAY))
        self.messages.append(new_secret(value, f"notification-{len(self.issued)}", now))
        return "request-id"

    def works(self, secret: str) -> bool:
        return any(
            each.value == secret and each.works_from <= self.now() < each.ends_at for each in self.issued
        )

    def ask(self, credentials: ClientCredentials, grant: Grant) -> None:
        if credentials.client_id != APPLICATION or not self.works(credentials.client_secret):
            raise CredentialsError("LWA token", "Client authentication failed", status=401)
        if isinstance(grant, SellerGrant):
            if grant.seller_id in self.revoked:
                raise PermanentError("LWA token", "revoked", status=400)
        elif grant in self.refused_scopes:
            raise PermanentError("LWA token", "scope", status=400)


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_secret(value: str, notification_id: str, at: float, client_id: str = APPLICATION) -> str:
    return json.dumps(
        {
            "notificationVersion": "1.0",
            "notificationType": "APPLICATION_OAUTH_CLIENT_NEW_SECRET",
            "payloadVersion": "2023-11-30",
            "eventTime": iso(at),
            "payload": {
                "applicationOAuthClientNewSecret": {
                    "clientId": client_id,
                    "newClientSecret": value,
                    "newClientSecretExpiryTime": iso(at + 180 * DAY),
                    "oldClientSecretExpiryTime": iso(at + 7 * DAY),
                }
            },
            "notificationMetadata": {"applicationId": "a", "notificationId": notification_id},
        }
    )


def notice(ends_at: float, notification_id: str = "notice", client_id: str = APPLICATION) -> str:
    return json.dumps(
        {
            "notificationType": "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY",
            "eventTime": iso(ends_at - 90 * DAY),
            "payload": {
                "applicationOAuthClientSecretExpiry": {
                    "clientId": client_id,
                    "clientSecretExpiryTime": iso(ends_at),
                    "clientSecretExpiryReason": "PERIODIC_ROTATION",
                }
            },
            "notificationMetadata": {"notificationId": notification_id},
        }
    )


@dataclass
class Cell:
    """The application queue of another cell."""

    name: str
    wire: Wire
    received: list[str] = field(default_factory=list)

    def send(self, body: str) -> None:
        self.wire.through("forward", lambda: self.received.append(body))


class World:
    """A cell with its secret FIRST, and what the function does in it; `now` moves only when told."""

    def __init__(self, kill: tuple[int, str] | None = None, *, asks: bool = True) -> None:
        self.now = START
        self.wire = Wire(kill)
        self.amazon = Amazon(lambda: self.now)
        self.amazon.issued.append(Issued(FIRST, 0.0, START + 180 * DAY))
        self.secrets = FakeSecretsManager(lambda: self.now)
        self.secrets.put_secret_value(
            SecretId="arn", SecretString=json.dumps({"clientId": APPLICATION, "clientSecret": FIRST})
        )
        self.table = FakeTable()
        self.bus = FakeBus()
        self.other = Cell("eu", self.wire)
        self.sellers = ["A1SELLER", "A2SELLER"]
        self.counted: list[str] = []
        self.asks = asks
        self._ids = (f"request-{number}" for number in range(1, 100))
        self.settings = LookSettings(region="na", asks=asks, days_before=30, answer_seconds=3600.0)

    def _clock(self) -> float:
        return self.now

    @property
    def _versions(self) -> SecretVersions:
        return SecretVersions(Wired(self.wire, self.secrets), "arn")

    @property
    def store(self) -> RotationStore:
        return RotationStore(TaskTable(Wired(self.wire, self.table), "t", sleep=lambda _: None))

    @property
    def _events(self) -> OperationalEvents:
        return OperationalEvents(Wired(self.wire, self.bus), "bus", now=self._clock)

    @property
    def prover(self) -> Prover:
        def ask(credentials: ClientCredentials, grant: Grant) -> None:
            self.wire.through("lwa", lambda: self.amazon.ask(credentials, grant))

        return Prover(ask, scopes=(NOTIFICATIONS_SCOPE, ROTATION_SCOPE), sellers=self._grants)

    def _grants(self) -> Iterator[SellerGrant]:
        return (SellerGrant(seller, lambda: "Atzr|x") for seller in self.sellers)

    @property
    def asker(self) -> Asker:
        return Asker(
            store=self.store,
            versions=self._versions,
            api=Wired(self.wire, self.amazon),
            events=self._events,
            region="na",
            count=self.counted.append,
            now=self._clock,
            new_id=lambda: next(self._ids),
        )

    @property
    def keeper(self) -> Keeper:
        return Keeper(
            store=self.store,
            versions=self._versions,
            asker=self.asker,
            others=[self.other],
            asks=self.asks,
            count=self.counted.append,
            now=self._clock,
        )

    @property
    def looker(self) -> Looker:
        return Looker(
            store=self.store,
            versions=self._versions,
            promoter=Promoter(
                store=self.store,
                versions=self._versions,
                prover=self.prover,
                events=self._events,
                region="na",
                count=self.counted.append,
                now=self._clock,
            ),
            asker=self.asker,
            prover=self.prover,
            events=self._events,
            check=self.check,
            settings=self.settings,
            now=self._clock,
        )

    def check(self) -> None:
        """What every function does: the secret in use, and what stands in for it. Raises CredentialsError."""
        credentials = SecretCredentials(
            secrets=_Answering(self.secrets),
            secret_id="arn",
            mend="",
            clock=self._clock,
            notice=lambda _: None,
        )
        current = credentials.current()
        for each in (current, *credentials.instead_of(current)):
            try:
                self.amazon.ask(each, NOTIFICATIONS_SCOPE)
            except SellingPartnerError:
                continue
            return
        raise CredentialsError("LWA token", "all are refused", status=401)

    def take(self, body: str, *, is_forwarded: bool = False) -> Kept:
        return self.keeper.take(body, is_forwarded=is_forwarded)

    def look(self) -> Look:
        return self.looker.look()

    def ask(self, because: Because = Because.OPERATOR, *, again: bool = False) -> bool:
        return self.asker.ask(because, again=again).is_new

    @property
    def rotation(self) -> Rotation:
        return RotationStore(TaskTable(self.table.client, "t", sleep=lambda _: None)).read(APPLICATION)

    def pass_days(self, days: float) -> None:
        self.now += days * DAY


class _Answering:
    """Secrets Manager as SecretCredentials has it: its own kind of error for what is not there."""

    def __init__(self, secrets: FakeSecretsManager) -> None:
        self._secrets = secrets
        self.exceptions = secrets.exceptions

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Any:
        if VersionStage not in self._secrets.labels:
            raise self.exceptions.ResourceNotFoundException
        return self._secrets.get_secret_value(SecretId=SecretId, VersionStage=VersionStage)
