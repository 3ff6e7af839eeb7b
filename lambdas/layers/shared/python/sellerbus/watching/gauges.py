"""Measures the stage: every part for itself, so that one that can't be seen hides no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.results import defect

COUNT: Final = "Count"
SECONDS: Final = "Seconds"


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a metric stands at now. unit: CloudWatch's name of it. docs/metrics.md has what each means."""

    name: str
    value: float
    unit: str = COUNT


@dataclass
class Measured:
    """failures: why a part could not be measured, by its name; its gauges are missing then."""

    gauges: list[Gauge] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def measure(parts: Mapping[str, Callable[[], Sequence[Gauge]]]) -> Measured:
    """Measure each part, in their order. Never raises: a part that fails is among the failures."""
    measured = Measured()
    for name, part in parts.items():
        try:
            measured.gauges += part()
        except StoreUnavailableError as error:
            measured.failures[name] = str(error)
        except Exception as error:  # noqa: BLE001 - the others are still to be measured, and this one is told
            measured.failures[name] = defect(error)
    return measured
