"""Asks Amazon for a new client secret, once.

Written down before the call: after a crash, or a lost answer, a secret may be on its way, and a second call
would make a second one. Such a request stays open until its secret comes, or until a person gives it up.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sellerbus.api.errors import OutcomeUnknownError, PermanentError, RetryableError, ThrottledError
from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.secret_events import requested
from sellerbus.rotation.state import Answer, Because, Request, Rotation
from sellerbus.rotation.versions import SecretVersions


class RotatingApi(Protocol):
    def rotate_client_secret(self) -> str | None: ...


@dataclass(frozen=True)
class Asked:
    """The last request. is_new: it was made by this call; else it was open already, or a secret waits."""

    rotation: Rotation
    is_new: bool


class Asker:
    """new_id: of a request."""

    def __init__(
        self,
        *,
        store: RotationStore,
        versions: SecretVersions,
        api: RotatingApi,
        events: OperationalEvents,
        region: str,
        count: Callable[[str], None],
        now: Callable[[], float],
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._store = store
        self._versions = versions
        self._api = api
        self._events = events
        self._region = region
        self._count = count
        self._now = now
        self._new_id = new_id

    def ask(self, because: Because, *, again: bool = False) -> Asked:
        """Call Amazon, unless a request is open or a new secret waits to be put to use.

        again: a person says that nothing comes of those any more. Raises NoCredentialsError,
        StoreUnavailableError, ThrottledError and RetryableError: Amazon has made no secret then.
        """
        client_id = self._versions.current().credentials.client_id
        mine = Request(request_id=self._new_id(), at=self._now(), because=because)

        def begin(before: Rotation) -> Rotation:
            if again:
                return before.given_up().begun(mine)
            return before if before.waits else before.begun(mine)

        begun = self._store.change(client_id, begin)
        if begun.request is None or begun.request.request_id != mine.request_id:
            return Asked(begun, is_new=False)
        answer, reason = self._call(client_id, mine)
        after = self._store.change(client_id, lambda before: before.answered(mine.request_id, answer, reason))
        if answer is not Answer.REFUSED:
            self._count("SecretRotationsRequested")
            after = self.tell(after)
        return Asked(after, is_new=True)

    def tell(self, rotation: Rotation) -> Rotation:
        """Tell of the last request on the bus, where that has not been done."""
        request = rotation.request
        if request is None or request.is_told or request.answer in (Answer.REFUSED, Answer.NOTHING):
            return rotation
        self._events.publish([requested(rotation.client_id, self._region, request)])
        return self._store.change(
            rotation.client_id,
            lambda before: before.told() if before.request == request else before,
        )

    def _call(self, client_id: str, mine: Request) -> tuple[Answer, str]:
        try:
            self._api.rotate_client_secret()
        except OutcomeUnknownError as error:
            return Answer.UNKNOWN, str(error)
        except (ThrottledError, RetryableError) as error:
            reason = str(error)
            self._store.change(
                client_id, lambda before: before.answered(mine.request_id, Answer.NOTHING, reason)
            )
            raise
        except PermanentError as error:
            return Answer.REFUSED, str(error)
        return Answer.ACCEPTED, ""
