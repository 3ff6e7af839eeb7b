"""One problem of the settings, before it is put into words for a reader."""

from dataclasses import dataclass
from typing import Any

from stacks.marked_yaml import Path


@dataclass(frozen=True)
class Finding:
    """One problem at a path of the settings; `value` None where there is none to show."""

    path: Path
    value: Any
    fault: str
    allowed: str
