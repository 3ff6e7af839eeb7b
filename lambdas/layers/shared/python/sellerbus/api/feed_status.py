"""The processing statuses of feeds. A module of its own: who only reads of them calls nobody.

Source: Amazon's model feeds_2021-06-30.json.
"""

from typing import Final

IN_QUEUE: Final = "IN_QUEUE"
DONE: Final = "DONE"
FATAL: Final = "FATAL"
CANCELLED: Final = "CANCELLED"
ENDS: Final = frozenset({DONE, FATAL, CANCELLED})
"""The processing statuses after which a feed changes no more."""
