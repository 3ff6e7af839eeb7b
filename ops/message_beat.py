"""Says now and then how far many messages are, where no terminal shows a bar."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console

from ops import console
from ops.message_words import waits_for
from sellerbus.messaging.task import MessageTask

_EVERY_SECONDS: Final = 10.0


class Beat:
    """done: how many are, counted by whoever follows them. clock: seconds that only grow."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = 0
        self._total = total
        self._clock = clock
        self._told_at = clock()
        self._silent = Console(stderr=True).is_terminal

    def looked(self, left: Sequence[MessageTask]) -> None:
        """Say how far it is, and what most wait for, where that was not said a moment ago."""
        if self._silent or self._clock() - self._told_at < _EVERY_SECONDS:
            return
        self._told_at = self._clock()
        reasons = Counter(waits_for(task) or str(task.state) for task in left)
        reasons["to be taken up"] = self._total - self.done - len(left)
        told = "; ".join(f"{count} wait: {why}" for why, count in reasons.most_common(3) if count > 0)
        console.say(f"{self.done} of {self._total} done{f'; {told}' if told else ''}")
