"""`sellerbus doctor --bundle FILE`: what was found, for somebody who may not see whose it is.

Tokens, account, sellers, e-mail addresses and application are taken out of every text; the same seller has
the same stand-in everywhere, so that what belongs together is seen.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from ops.doctor import showing
from ops.doctor.check import Report
from ops.doctor.facts import Facts
from ops.doctor.resources import PARTS
from ops.doctor.seller_checks import sellers
from ops.errors import WRONG_INPUT, CommandError
from sellerbus.api.redaction import redact
from stacks import settings_digest

_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_AMAZON: Final = "437568002678"
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_APPLICATION: Final = re.compile(r"amzn1\.[a-z0-9.-]+")
_SELLER: Final = re.compile(r"(?<![A-Za-z0-9])A[A-Z0-9]{11,20}(?![A-Za-z0-9])")
_PACKAGES: Final = ("boto3", "botocore", "aws-cdk-lib", "pydantic", "typer")


class Masking:
    """Takes out whose it is. known: the sellers' ids, whatever they look like."""

    def __init__(self, known: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        for seller_id in sorted(known):
            self._stand_in(seller_id)
        # The longest first: one id may be the beginning of another.
        self._known = sorted(self._names, key=len, reverse=True)

    def text(self, text: str) -> str:
        text = redact(text)
        for seller_id in self._known:
            text = text.replace(seller_id, self._stand_in(seller_id))
        text = _SELLER.sub(lambda found: self._stand_in(found[0]), text)
        text = _EMAIL.sub("[address]", text)
        text = _APPLICATION.sub("[application]", text)
        return _ACCOUNT.sub(lambda found: found[0] if found[0] == _AMAZON else "[account]", text)

    def value(self, value: Any) -> Any:
        """Return a JSON value with every text in it masked, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return value

    def _stand_in(self, seller_id: str) -> str:
        return self._names.setdefault(seller_id, f"seller-{len(self._names) + 1}")


def write(
    path: Path,
    whole: Facts,
    cells: Iterable[Facts],
    reports: Sequence[Report],
    *,
    seconds: float,
    at: datetime,
) -> None:
    """Write the file for its owner alone (mode 600). Raises CommandError where one is there already."""
    cells = list(cells)
    document = {
        "doctor": showing.document(whole.name, reports, seconds=seconds, at=at),
        "machine": _machine(whole),
        "cells": {facts.region: _cell(facts) for facts in cells},
    }
    masked = Masking(name for facts in cells for name in _seller_ids(facts)).value(document)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{path} is there already: name a new file.", WRONG_INPUT) from None
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}.", WRONG_INPUT) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(masked, indent=2, sort_keys=True) + "\n")


def _machine(whole: Facts) -> dict[str, Any]:
    return {
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "code": settings_digest.of_code(whole.root),
    }


def _cell(facts: Facts) -> dict[str, Any]:
    """Return the settings and the state of the stacks; what can't be read is left out, and said."""
    settings = facts.cell.settings
    found: dict[str, Any] = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings_digest.of_settings(settings),
    }
    try:
        found["stacks"] = {
            part: {
                "status": stack["StackStatus"],
                "outputs": {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", ())},
            }
            for part in PARTS
            if (stack := facts.stack(part)) is not None
        }
    except (ClientError, BotoCoreError) as error:
        found["stacks"] = f"could not be read: {type(error).__name__}"
    return found


def _seller_ids(facts: Facts) -> list[str]:
    try:
        return list(sellers(facts))
    except (ClientError, BotoCoreError, CommandError):
        # Without the registry the ids are known by their looks alone.
        return []
