"""Takes a stored secret on to its use, and puts the one before it away when Amazon takes that no more.

Done at every look, from what is stored: each step is found done, or done again, after a crash at any line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.rotation.proving import Prover
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.secret_events import rotated
from sellerbus.rotation.state import Rotation, Stage, Successor
from sellerbus.rotation.versions import SecretVersions, Version

_GONE: Final = "its version is not in Secrets Manager any more: look for its message in the dead-letter queue"


class Promoter:
    def __init__(
        self,
        *,
        store: RotationStore,
        versions: SecretVersions,
        prover: Prover,
        events: OperationalEvents,
        region: str,
        count: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._versions = versions
        self._prover = prover
        self._events = events
        self._region = region
        self._count = count
        self._now = now

    def carry_on(self, client_id: str) -> Rotation:
        """Do the next step that can be done, and return what is known then. Raises StoreUnavailableError."""
        rotation = self._store.read(client_id)
        successor = rotation.successor
        if successor is None:
            return rotation
        if successor.stage is Stage.STORED:
            return self._put_to_use(rotation, successor)
        if (
            successor.stage is Stage.PROMOTED
            and self._now() >= successor.old_ends_at
            and self._is_of_no_use(successor)
        ):
            for version_id in (successor.replaces, successor.earlier):
                self._versions.put_away_previous(version_id)
            return self._change(rotation, lambda before: before.settled(successor.notification_id))
        # ARRIVED is for its message: only that has the secret.
        return rotation

    def _is_of_no_use(self, successor: Successor) -> bool:
        """Whether the secret before can stand in no more.

        Its end is what the message said of whatever Amazon took for the old one: of a message that was late,
        that may have been another. While Login with Amazon takes it, it may yet be the only good one.
        """
        replaced = self._versions.find(successor.replaces)
        if replaced is None or replaced.credentials == self._versions.current().credentials:
            return True
        return self._prover.is_refused(replaced.credentials)

    def _put_to_use(self, rotation: Rotation, successor: Successor) -> Rotation:
        current = self._versions.current()
        new = self._versions.find(successor.version_id)
        if new is None:
            return self._tried(rotation, successor, _GONE)
        # The very secret may be in use already: promoted before a crash, or written by hand.
        if new.credentials != current.credentials:
            self._versions.mark_pending(successor.version_id)
            proof = self._prover.prove(new.credentials, beside=current.credentials)
            if not proof.holds:
                return self._tried(rotation, successor, proof.refusal)
            if (
                not self._is_replaced(current, successor)
                and self._prover.prove(current.credentials, beside=None).holds
            ):
                return self._tried(rotation, successor, "", by_hand=True)
            self._versions.promote(successor.version_id, instead_of=current.version_id)
        self._versions.end_pending(successor.version_id)
        self._events.publish([rotated(rotation.client_id, self._region, successor)])
        now = self._now()
        after = self._change(rotation, lambda before: before.promoted(successor.notification_id, now))
        self._count("SecretRotationsPromoted")
        return after

    def _is_replaced(self, current: Version, successor: Successor) -> bool:
        """Whether what is in use is what was in use when the new secret came, if under another version."""
        if current.version_id in (successor.replaces, successor.earlier):
            return True
        replaced = self._versions.find(successor.replaces)
        return replaced is not None and replaced.credentials == current.credentials

    def _tried(
        self, rotation: Rotation, successor: Successor, refusal: str, *, by_hand: bool = False
    ) -> Rotation:
        now = self._now()
        return self._change(
            rotation,
            lambda before: before.tried(successor.notification_id, refusal, by_hand=by_hand, now=now),
        )

    def _change(self, rotation: Rotation, change: Callable[[Rotation], Rotation]) -> Rotation:
        return self._store.change(rotation.client_id, change)
