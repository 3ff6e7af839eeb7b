"""The look every five minutes, and what operators ask.

A look takes a rotation on, asks Amazon where the present secret ends soon, sees that the secret in use works,
and tells of what goes wrong: once on the bus, and in a metric for as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.api.errors import CredentialsError, RetryableError, SellingPartnerError, ThrottledError
from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.rotation.asking import Asked, Asker
from sellerbus.rotation.promoting import Promoter
from sellerbus.rotation.proving import Prover
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.secret_events import failed, iso
from sellerbus.rotation.state import DAY_SECONDS, Answer, Because, Rotation, Trouble
from sellerbus.rotation.versions import CURRENT, PENDING, PREVIOUS, SecretVersions, Version

LABELS: Final = (CURRENT, PENDING, PREVIOUS)
_TELL_AFTER_SECONDS: Final = 300.0
"""A request whose function may still be at it is left to that."""


@dataclass(frozen=True)
class LookSettings:
    """asks: whether this cell calls Amazon for a new secret, by itself `days_before` the present one ends.

    answer_seconds: how long a new secret, and its taking effect, may take before that is a trouble.
    """

    region: str
    asks: bool
    days_before: int
    answer_seconds: float


@dataclass(frozen=True)
class Look:
    """What a look found. is_refused: no credentials that are here were accepted by Login with Amazon."""

    rotation: Rotation
    expires_at: float
    is_refused: bool
    troubles: tuple[Trouble, ...]
    asked: Asked | None = None


class Looker:
    """check: asks for a token as all functions do, with what stands in for a refused secret."""

    def __init__(
        self,
        *,
        store: RotationStore,
        versions: SecretVersions,
        promoter: Promoter,
        asker: Asker,
        prover: Prover,
        events: OperationalEvents,
        check: Callable[[], None],
        settings: LookSettings,
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._versions = versions
        self._promoter = promoter
        self._asker = asker
        self._prover = prover
        self._events = events
        self._check = check
        self._settings = settings
        self._now = now

    def look(self) -> Look:
        """Raises NoCredentialsError and StoreUnavailableError."""
        is_refused = self._is_refused()
        client_id = self._versions.current().credentials.client_id
        rotation = self._promoter.carry_on(client_id)
        current = self._versions.current()
        expires_at = rotation.expires_at(current.version_id, current.created_at)
        asked = self._ask_where_due(rotation, expires_at)
        rotation = asked.rotation if asked else rotation
        request = rotation.request
        if request is not None and self._now() - request.at > _TELL_AFTER_SECONDS:
            rotation = self._asker.tell(rotation)
        rotation, troubles = self._told(rotation)
        return Look(rotation, expires_at, is_refused, troubles, asked)

    def status(self) -> dict[str, Any]:
        """Return what operators are shown, without anything secret: `sellerbus secrets status`."""
        current = self._versions.current()
        client_id = current.credentials.client_id
        rotation = self._store.read(client_id)
        held = {label: each for each in self._versions.labelled() for label in each.labels}
        return {
            "clientId": client_id,
            "asks": self._settings.asks,
            "versions": [
                {
                    "stage": label,
                    "versionId": held[label].version_id,
                    "createdAt": iso(held[label].created_at),
                    "ageDays": int((self._now() - held[label].created_at) // DAY_SECONDS),
                    "expiresAt": iso(self._ends_at(rotation, label, held[label].version_id, current)),
                }
                for label in LABELS
                if label in held
            ],
            "rotation": self._shown(rotation),
        }

    def verify(self) -> dict[str, Any]:
        """Ask for tokens with each secret that is kept: `sellerbus secrets verify`. Changes nothing."""
        current = self._versions.current()
        held = {label: each for each in self._versions.labelled() for label in each.labels}
        proofs: list[dict[str, Any]] = []
        for label in (name for name in LABELS if name in held):
            version = self._versions.find(held[label].version_id)
            if version is None:
                proofs.append({"stage": label, "works": False, "grants": [], "reason": "it can't be read"})
                continue
            proof = self._prover.prove(version.credentials, beside=current.credentials)
            proofs.append(
                {
                    "stage": label,
                    "works": proof.holds,
                    "reason": proof.refusal,
                    "grants": [
                        {"grant": each.grant, "works": each.works, "reason": each.reason}
                        for each in proof.grants
                    ],
                }
            )
        return {"clientId": current.credentials.client_id, "versions": proofs}

    def _is_refused(self) -> bool:
        try:
            self._check()
        except CredentialsError:
            return True
        except SellingPartnerError:
            # Not the secret's fault, or not known: those who work tell of it.
            return False
        return False

    def _ask_where_due(self, rotation: Rotation, expires_at: float) -> Asked | None:
        settings = self._settings
        due = rotation.is_due(expires_at=expires_at, days_before=settings.days_before, now=self._now())
        if not (settings.asks and due):
            return None
        try:
            return self._asker.ask(Because.AGE)
        except (ThrottledError, RetryableError):
            # Nothing was carried out; the next look comes in five minutes.
            return None

    def _told(self, rotation: Rotation) -> tuple[Rotation, tuple[Trouble, ...]]:
        troubles = self._troubles(rotation)
        codes = tuple(trouble.code for trouble in troubles)
        if codes == rotation.told_troubles:
            return rotation, troubles
        new = [trouble for trouble in troubles if trouble.code not in rotation.told_troubles]
        if new:
            self._events.publish(
                [failed(rotation.client_id, self._settings.region, trouble) for trouble in new]
            )
        return self._store.change(rotation.client_id, lambda before: before.having_told(codes)), troubles

    def _troubles(self, rotation: Rotation) -> tuple[Trouble, ...]:
        return rotation.troubles(answer_seconds=self._settings.answer_seconds, now=self._now())

    def _ends_at(self, rotation: Rotation, label: str, version_id: str, current: Version) -> float | None:
        successor = rotation.successor
        if successor is not None and version_id == successor.replaces != current.version_id:
            return successor.old_ends_at
        if successor is not None and version_id == successor.version_id:
            return successor.expires_at
        return rotation.expires_at(version_id, current.created_at) if label == CURRENT else None

    def _shown(self, rotation: Rotation) -> dict[str, Any]:
        request, successor = rotation.request, rotation.successor
        return {
            "state": _state(rotation),
            "request": None
            if request is None
            else {
                "requestId": request.request_id,
                "requestedAt": iso(request.at),
                "because": request.because.value,
                "answer": request.answer.value,
                "isOpen": request.is_open,
                "reason": request.reason or None,
            },
            "newSecret": None
            if successor is None
            else {
                "notificationId": successor.notification_id,
                "versionId": successor.version_id,
                "stage": successor.stage.value,
                "arrivedAt": iso(successor.arrived_at),
                "promotedAt": iso(successor.promoted_at),
                "tries": successor.tries,
                "refusal": successor.refusal or None,
                "oldEndsAt": iso(successor.old_ends_at),
            },
            "troubles": [
                {"problem": trouble.problem, "text": trouble.text} for trouble in self._troubles(rotation)
            ],
        }


def _state(rotation: Rotation) -> str:
    """`none`, `requested`, `refused`, `arrived`, `stored`, `promoted` or `settled`."""
    request, successor = rotation.request, rotation.successor
    if request is not None and request.is_open:
        return "requested"
    refused = request is not None and request.answer is Answer.REFUSED
    if request is not None and refused and (successor is None or request.at > successor.arrived_at):
        return "refused"
    return successor.stage.value if successor is not None else "none"
