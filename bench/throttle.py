"""What the shared quota costs: calls of DynamoDB per turn, by how many contend for it.

The callers and the table are simulated, with a simulated clock: the figures are counts, not times.
"""

from bench.processing import Row
from tests.unit.api.quota_fleet import AHEAD_SECONDS, Fleet

RATE, BURST = 20.0, 10
SECONDS = 120.0
CALLERS = 8
BATCH = 8
BOOKED_AHEAD_SECONDS = 10.0


def calls() -> list[Row]:
    """Count for one caller, for several at once, and for several that book turns together."""
    one, several = _calls_per_turn(1), _calls_per_turn(CALLERS)
    together = _calls_per_turn(CALLERS, BATCH, ahead=BOOKED_AHEAD_SECONDS)
    ideal = "one update a turn"
    return [
        Row("DynamoDB calls per turn, 1 caller", one, "calls", one, ideal, most=1.05),
        Row(f"DynamoDB calls per turn, {CALLERS} callers", several, "calls", several, ideal, most=1.1),
        Row(
            f"DynamoDB calls per turn, {CALLERS} callers, booking {BATCH}",
            together,
            "calls",
            together / several,
            "turn by turn",
            most=1.5 / BATCH,
        ),
    ]


def _calls_per_turn(callers: int, count: int = 1, *, ahead: float = AHEAD_SECONDS) -> float:
    fleet = Fleet(RATE, BURST, [0.0] * callers, count, seed=7, seconds=SECONDS, ahead=ahead)
    fleet.run()
    return fleet.calls / fleet.grants
