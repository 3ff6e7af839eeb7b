"""One look at the whole stage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sellerbus.notifications.arrivals import ArrivalRow
from sellerbus.sellers.rows import SellerOverview
from sellerbus.watching.alarm_topics import SnsClient, topic_gauges
from sellerbus.watching.client_secret import SecretsManagerClient, client_secret_gauges
from sellerbus.watching.gauges import Gauge, Measured, measure
from sellerbus.watching.open_tasks import TaskStates, feed_gauges, message_gauges
from sellerbus.watching.silence import Heard, SilenceTeller, listen


class Sellers(Protocol):
    """sellers.rows.SellerRows."""

    def overviews(self) -> Iterable[SellerOverview]: ...


class Arrivals(Protocol):
    """notifications.arrivals.ArrivalRows."""

    def all(self) -> Iterable[ArrivalRow]: ...


class UnseenError(Exception):
    """Parts of the stage could not be seen; the message says which, and why."""


@dataclass
class Watched:
    """heard: None where that could not be judged. told: silences that were told now."""

    measured: Measured
    heard: Heard | None = None
    told: int = 0

    def check(self) -> None:
        """Raise UnseenError where something could not be seen."""
        if self.measured.failures:
            failures = "; ".join(f"{part}: {reason}" for part, reason in self.measured.failures.items())
            raise UnseenError(f"the stage could not be watched whole: {failures}")


class Watcher:
    """types: what is configured to be notified of. now: seconds since 1970."""

    def __init__(
        self,
        *,
        sellers: Sellers,
        arrivals: Arrivals,
        types: Collection[str],
        teller: SilenceTeller,
        feeds: TaskStates,
        messages: TaskStates,
        secrets: SecretsManagerClient,
        secret_id: str,
        sns: SnsClient,
        topic_arns: Sequence[str],
        now: Callable[[], float],
    ) -> None:
        self._sellers = sellers
        self._arrivals = arrivals
        self._types = types
        self._teller = teller
        self._feeds = feeds
        self._messages = messages
        self._secrets = secrets
        self._secret_id = secret_id
        self._sns = sns
        self._topic_arns = topic_arns
        self._now = now

    def watch(self) -> Watched:
        """Measure everything, then tell what is new. Never raises: what failed is among the failures."""
        watched = Watched(Measured())
        watched.measured = measure(
            {
                "feeds": lambda: feed_gauges(self._feeds, self._now),
                "messages": lambda: message_gauges(self._messages),
                "client secret": lambda: client_secret_gauges(self._secrets, self._secret_id, self._now),
                "alarm topics": lambda: topic_gauges(self._sns, self._topic_arns),
                "sellers": lambda: self._listen(watched),
                # The last: what is told can't keep the rest from being measured.
                "silences": lambda: self._tell(watched),
            }
        )
        return watched

    def _listen(self, watched: Watched) -> list[Gauge]:
        now = datetime.fromtimestamp(self._now(), UTC)
        watched.heard = listen(self._sellers.overviews(), self._arrivals.all(), self._types, now)
        return watched.heard.gauges

    def _tell(self, watched: Watched) -> list[Gauge]:
        if watched.heard is not None:
            watched.told = self._teller.tell(watched.heard.silences)
        return []
