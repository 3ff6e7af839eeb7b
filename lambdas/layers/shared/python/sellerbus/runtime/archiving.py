"""Puts together the function of the archive, from the clients of bootstrap."""

from __future__ import annotations

import time
import uuid
from functools import cache

from sellerbus.notifications.archiving import ArchiveWriter
from sellerbus.runtime import bootstrap
from sellerbus.runtime.archive_config import ArchiveNotificationsConfig


@cache
def archive_writer(config: ArchiveNotificationsConfig) -> ArchiveWriter:
    """Return what writes batches of events."""
    return ArchiveWriter(
        bootstrap.aws("s3"), config.archive_bucket_name, now=time.time, unique=lambda: str(uuid.uuid4())
    )
