"""The names of an object's user metadata: which are read, and which look like these and are not.

Tools put names of their own there, so that what is unknown can't be refused as in a side file. It is told of
in the task's notes; what can only be meant for a known name is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sellerbus.feeds.findings import quote

KNOWN_METADATA: Final = ("marketplace-ids", "feed-options", "task-id", "origin", "resubmission-of")
_OUR_OWN: Final = frozenset({"content-sha256"})
_MOST_NAMED: Final = 10
_OF_TOOLS: Final = re.compile(
    # s3cmd, AWS DataSync (file-), rclone, s3fs, AWS Transfer Family, and what the clouds' own tools add.
    r"(s3cmd-|s3b-|aws-|amz-|x-|goog-|hdi_|file-).*"
    r"|mtime|ctime|atime|mode|uid|gid|xattr|md5|md5chksum|md5-hash|sha256|user-agent|user-agent-id"
)


def misspelt(names: Iterable[str]) -> list[str]:
    """What is wrong with names that differ from a known one in signs, capitals or a plural alone."""
    meant = {_letters(name): name for name in KNOWN_METADATA}
    return [
        f"the metadata {quote(name)} is unknown: is {meant[_letters(name)]} meant? "
        f"Known are {', '.join(KNOWN_METADATA)}"
        for name in _unknown(names)
        if _letters(name) in meant
    ][:_MOST_NAMED]


def unused(names: Iterable[str]) -> tuple[str, ...]:
    """The note on names that nobody knows; () where there are none."""
    others = [quote(name) for name in _unknown(names) if not _OF_TOOLS.fullmatch(name.lower())]
    if not others:
        return ()
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    listed = ", ".join(others[:_MOST_NAMED])
    return (
        f"the object's metadata {listed}{more} is unknown and was not used; known are "
        f"{', '.join(KNOWN_METADATA)}",
    )


def _unknown(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name not in KNOWN_METADATA and name not in _OUR_OWN)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower()).removesuffix("s")
