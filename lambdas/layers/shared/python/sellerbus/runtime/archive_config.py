"""What the function of the archive reads from its environment. See config.py for how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sellerbus.runtime.config import FunctionConfig, variable


@dataclass(frozen=True, kw_only=True)
class ArchiveNotificationsConfig(FunctionConfig):
    function: ClassVar[str] = "archive_notifications"

    archive_bucket_name: str = field(metadata=variable("ARCHIVE_BUCKET_NAME"))
