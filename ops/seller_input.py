"""Checks what is given for a seller: by hand or in a file, before anything is called.

What is not as it should be is repeated only where it can't be a token: files and histories get shifted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ops.errors import WRONG_INPUT, CommandError
from ops.stage import Cell, Stage
from sellerbus.api import endpoints
from sellerbus.api.endpoints import UnknownMarketplaceError
from sellerbus.sellers.registry import checked_seller_id
from sellerbus.sellers.rows import Seller
from stacks.settings_rules import removed

ALL_TYPES: Final = "ALL"
"""In place of a list of types: whatever is configured, also what is configured later."""

_SEPARATORS = re.compile(r"[\s,;]+")
# Tokens and secrets are longer, and tokens have a bar in them.
_HARMLESS = re.compile(r"[\w .-]{0,40}")


def shown(text: str) -> str:
    """Return `text` for a message, or what stands for it where it may be a secret."""
    return repr(text) if _HARMLESS.fullmatch(text) else "the text (not shown, it may be a token)"


def seller_id(text: str) -> str:
    """Return the seller id; raises CommandError."""
    try:
        return checked_seller_id(text)
    except ValueError as error:
        raise CommandError(str(error).replace(repr(text), shown(text)), WRONG_INPUT) from None


def split(text: str) -> list[str]:
    """Return the names in a text that has commas, semicolons or spaces between them."""
    return [name for name in _SEPARATORS.split(text) if name]


def marketplaces(stage: Stage, names: Iterable[str]) -> tuple[Cell, tuple[str, ...]]:
    """Return the cell of the marketplaces and their ids; raises CommandError where they have no such cell."""
    given = list(names)
    for name in given:
        try:
            endpoints.marketplace(name)
        except UnknownMarketplaceError as error:
            raise CommandError(str(error).replace(repr(name), shown(name)), WRONG_INPUT) from None
    try:
        region, chosen = endpoints.one_region(given)
    except UnknownMarketplaceError as error:
        raise CommandError(str(error), WRONG_INPUT) from None
    countries = ", ".join(row.country for row in chosen)
    cell = next((row for row in stage.cells if row.region == region), None)
    if cell is None:
        configured = ", ".join(row.region for row in stage.cells)
        raise CommandError(
            f"{countries}: of region {region}, but stage {stage.name} has only {configured}. Add the region "
            f"to `regions` in config/{stage.name}.yaml and deploy it, or use a stage that has it.",
            WRONG_INPUT,
        )
    strange = [row.country for row in chosen if row.marketplace_id not in cell.settings.marketplaces]
    if strange:
        raise CommandError(
            f"{', '.join(strange)} is not among the marketplaces of region {region} of stage {stage.name}. "
            f"Add it to `regions.{region}.marketplaces` in config/{stage.name}.yaml if this stage shall work "
            "for it.",
            WRONG_INPUT,
        )
    return cell, tuple(row.marketplace_id for row in chosen)


def types(cells: Sequence[Cell], names: Iterable[str]) -> tuple[str, ...] | None:
    """Return the types that are named: None for no name, () for ALL_TYPES; raises CommandError.

    cells: the seller's cell; all of the stage where the seller's is not known.
    """
    given = tuple(dict.fromkeys(name.upper() for name in names))
    if ALL_TYPES in given:
        if len(given) > 1:
            raise CommandError(f"{ALL_TYPES.lower()} stands alone: it means every type.", WRONG_INPUT)
        return ()
    configured = {row.type for cell in cells for row in cell.settings.notifications}
    strange = [name for name in given if name not in configured]
    if strange:
        stage = cells[0].stage_name
        where = f"region {cells[0].region} of stage {stage}" if len(cells) == 1 else f"stage {stage}"
        raise CommandError(
            f"not configured for {where}: {', '.join(map(_strange_type, strange))}. Configured are "
            f"{', '.join(sorted(configured))}. Others are added under `notifications` in "
            f"config/{stage}.yaml, then deployed.",
            WRONG_INPUT,
        )
    return given or None


def _strange_type(name: str) -> str:
    became = removed(name)
    return f"{shown(name)} ({became})" if became else shown(name)


def own_types(given: tuple[str, ...] | None, present: Seller | None) -> tuple[str, ...] | None:
    """Return the list to write: where none was given a seller that is there keeps its own."""
    if given is None:
        return present.notification_types if present is not None else None
    return given or None


def printable(text: str) -> bool:
    """Whether a text is such as tokens and secrets are: ASCII, nothing invisible."""
    return text.isascii() and text.isprintable()


def token(text: str) -> str:
    """Return a refresh token that can be one; raises CommandError, which never repeats it."""
    found = text.strip()
    if not found:
        raise CommandError("The refresh token is empty.", WRONG_INPUT)
    if len(found.split()) != 1 or len(found) < 8:
        raise CommandError(
            "The refresh token is too short or has spaces or lines in it: give the token alone.", WRONG_INPUT
        )
    if not printable(found):
        raise CommandError(
            "The refresh token has characters in it that no token has: copy it again, as plain text.",
            WRONG_INPUT,
        )
    if found.startswith(("Atza|", "Atc|")):
        raise CommandError(
            "This is an access token; it lasts an hour. Give the refresh token: it begins with Atzr|",
            WRONG_INPUT,
        )
    if found.startswith(("amzn1.", "{")):
        raise CommandError(
            "This is a client id, a client secret or JSON. Give the refresh token: it begins with Atzr|",
            WRONG_INPUT,
        )
    return found
