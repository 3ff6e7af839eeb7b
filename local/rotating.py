"""What goes on while the client secret is rotated: notifications, and looks at the new secret."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from local.demo_stage import EUROPE
from local.deployment import Deployment
from local.functions import invoke
from local.shipped_orders import shipped

BETWEEN_SECONDS = 1.5
REGIONS = ("na", EUROPE)
ROTATE = "RotateSecret"


@dataclass
class Meanwhile:
    """Goes on in a thread of its own."""

    deployment: Deployment
    enough: threading.Event = field(default_factory=threading.Event)
    published: list[str] = field(default_factory=list)
    """The notificationIds."""
    promoted: dict[str, float] = field(default_factory=dict)
    """By region, when the new secret was in use (time.monotonic)."""

    def go_on(self) -> None:
        """Publishes and looks until it is enough; what a function refuses is raised."""
        while not self.enough.is_set():
            self._publish()
            for region in REGIONS:
                if region not in self.promoted and _look(self.deployment, region) == "promoted":
                    self.promoted[region] = time.monotonic()
            self.enough.wait(BETWEEN_SECONDS)

    def _publish(self) -> None:
        order = f"904-0000000-{len(self.published) + 1:07}"
        request = {
            "notification": shipped(order),
            "copies": 2,
            "via": "destination",
            "destinationId": self.deployment.outputs["DestinationId"],
        }
        (answer,) = self.deployment.simulator.publish([request])
        self.published.append(str(answer["notificationId"]))


def _look(deployment: Deployment, region: str) -> str | None:
    stage = invoke(deployment, f"{ROTATE}FunctionName", {"request": "look"}, region=region)["stage"]
    return None if stage is None else str(stage)
