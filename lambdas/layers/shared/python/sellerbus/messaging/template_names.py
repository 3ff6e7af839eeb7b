"""Which names placeholders may have: none that means what is known of a buyer. Pure.

Amazon's Acceptable Use Policy and Data Protection Policy keep buyers' data to what carrying out an order
needs; a template's values pass through files and queues that are not made for it.
"""

from __future__ import annotations

import re
from typing import Final

PLACEHOLDER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_BUYERS: Final = _set("buyer customer recipient addressee consignee")
_PERSONAL: Final = _set(
    "name names firstname lastname fullname surname forename nickname address addresses street city zip "
    "zipcode postcode postalcode postal phone telephone mobile cell fax email emails mail birthday birthdate "
    "gender iban"
)
_OF_OTHERS: Final = _set(
    "product item article brand model carrier courier shop store seller company warehouse return returns "
    "support service file app key licence license account pickup marketplace"
)
_RUN_TOGETHER: Final = re.compile(
    r"(?:buyer|customer|recipient|first|last|full|sur|nick|user)_?name|e_?mail|phone|postcode|zip_?code|"
    r"(?:buyer|customer|recipient|home|street|shipping|delivery|billing|postal)_?address",
    re.IGNORECASE,
)


def personal(name: str) -> bool:
    """Whether a placeholder's name means a buyer's name, address, phone, e-mail address or the like.

    productName, carrierPhone or returnAddress do not: another word says whose it is.
    """
    words = {word.lower() for word in _WORDS.findall(name)}
    if not words.isdisjoint(_BUYERS):
        return True
    if not words.isdisjoint(_OF_OTHERS):
        return False
    return not words.isdisjoint(_PERSONAL) or _RUN_TOGETHER.search(name) is not None
