"""Takes a message of the application queue as far as its content is safe: only then may the message go.

What a crash leaves, at any line, the next delivery of the same message completes: the version in Secrets
Manager has an id that follows from the notification, and every step looks before it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api.credentials import ClientCredentials
from sellerbus.rotation.asking import Asker
from sellerbus.rotation.messages import ExpiryNotice, NewSecret, UnusableMessageError, parse
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.state import IN_USE, Because, Stage
from sellerbus.rotation.versions import NoCredentialsError, OtherValueError, SecretVersions, Version

WAIT_SECONDS: Final = 900


class WaitError(Exception):
    """Nothing can be done with the message yet, and it must not be lost: it comes again."""


class OtherCell(Protocol):
    """The application queue of another cell of the stage, which has a secret of its own."""

    @property
    def name(self) -> str: ...

    def send(self, body: str) -> None:
        """Hand a message over, marked as forwarded. Raises StoreUnavailableError."""


@dataclass(frozen=True)
class Kept:
    """What became of a message: kind is `stored`, `known`, `superseded`, `asked`, `noted` or `old`."""

    kind: str
    notification_id: str
    forwarded_to: tuple[str, ...] = ()


class Keeper:
    """asks: whether this cell calls Amazon for a new secret when a notice comes."""

    def __init__(
        self,
        *,
        store: RotationStore,
        versions: SecretVersions,
        asker: Asker,
        others: Sequence[OtherCell],
        asks: bool,
        count: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._versions = versions
        self._asker = asker
        self._others = others
        self._asks = asks
        self._count = count
        self._now = now

    def take(self, body: str, *, is_forwarded: bool) -> Kept:
        """Do what a message says; when this returns, the message may be deleted.

        Raises UnusableMessageError (a person must look: dead letter), WaitError, StoreUnavailableError, and
        what asking Amazon raises: then the message must come again.
        """
        told = parse(body)
        try:
            current = self._versions.current()
        except NoCredentialsError as error:
            raise WaitError(str(error)) from None
        if told.client_id != current.credentials.client_id:
            raise UnusableMessageError(
                "another-application",
                f"it is about the application {told.client_id}, and the secret holds the credentials of "
                f"{current.credentials.client_id}",
            )
        if isinstance(told, ExpiryNotice):
            return self._notice(told, current)
        kind = self._keep(told, current)
        forwarded = () if is_forwarded else tuple(self._forward(body))
        return Kept(kind, told.notification_id, forwarded)

    def _keep(self, new: NewSecret, current: Version) -> str:
        after = self._store.change(
            new.client_id,
            lambda before: before.arrived(new, replaces=current.version_id, now=self._now()),
        )
        newest = after.successor
        if newest is None or newest.notification_id != new.notification_id:
            if newest is not None and newest.stage in IN_USE:
                return "superseded"
            raise WaitError("a later secret has come before this one, and isn't proved yet")
        if newest.stage in IN_USE:
            return "known"
        try:
            self._versions.store(new.version_id, ClientCredentials(new.client_id, new.client_secret))
        except OtherValueError as error:
            raise UnusableMessageError("other-value", str(error)) from None
        if newest.stage is not Stage.ARRIVED:
            return "known"
        self._store.change(new.client_id, lambda before: before.stored(new.notification_id))
        self._count("SecretRotationsStored")
        return "stored"

    def _forward(self, body: str) -> list[str]:
        for cell in self._others:
            cell.send(body)
        return [cell.name for cell in self._others]

    def _notice(self, notice: ExpiryNotice, current: Version) -> Kept:
        rotation = self._store.read(notice.client_id)
        if not rotation.concerns_present(notice, current.version_id, current.created_at):
            return Kept("old", notice.notification_id)
        self._store.change(
            notice.client_id, lambda before: before.noticed(current.version_id, notice.expires_at)
        )
        if self._asks and self._asker.ask(Because.NOTICE).is_new:
            return Kept("asked", notice.notification_id)
        return Kept("noted", notice.notification_id)
