"""What orders of a marketplace have of it. Pure.

Source: "Marketplace IDs"; the language is the country's, of several the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Marketplace:
    """`channel` is how orders call it; `locale` is that of its usual buyer."""

    country: str
    channel: str
    currency: str
    locale: str


MARKETPLACE: Final = {
    "A2EUQ1WTGCTBG2": Marketplace("CA", "Amazon.ca", "CAD", "en-CA"),
    "ATVPDKIKX0DER": Marketplace("US", "Amazon.com", "USD", "en-US"),
    "A1AM78C64UM0Y8": Marketplace("MX", "Amazon.com.mx", "MXN", "es-MX"),
    "A2Q3Y263D00KWC": Marketplace("BR", "Amazon.com.br", "BRL", "pt-BR"),
    "A28R8C7NBKEWEA": Marketplace("IE", "Amazon.ie", "EUR", "en-IE"),
    "A1RKKUPIHCS9HS": Marketplace("ES", "Amazon.es", "EUR", "es-ES"),
    "A1F83G8C2ARO7P": Marketplace("GB", "Amazon.co.uk", "GBP", "en-GB"),
    "A13V1IB3VIYZZH": Marketplace("FR", "Amazon.fr", "EUR", "fr-FR"),
    "AMEN7PMS3EDWL": Marketplace("BE", "Amazon.com.be", "EUR", "fr-BE"),
    "A1805IZSGTT6HS": Marketplace("NL", "Amazon.nl", "EUR", "nl-NL"),
    "A1PA6795UKMFR9": Marketplace("DE", "Amazon.de", "EUR", "de-DE"),
    "APJ6JRA9NG5V4": Marketplace("IT", "Amazon.it", "EUR", "it-IT"),
    "A2NODRKZP88ZB9": Marketplace("SE", "Amazon.se", "SEK", "sv-SE"),
    "AE08WJ6YKNBMC": Marketplace("ZA", "Amazon.co.za", "ZAR", "en-ZA"),
    "A1C3SOZRARQ6R3": Marketplace("PL", "Amazon.pl", "PLN", "pl-PL"),
    "ARBP9OOSHTCHU": Marketplace("EG", "Amazon.eg", "EGP", "ar-EG"),
    "A33AVAJ2PDY3EV": Marketplace("TR", "Amazon.com.tr", "TRY", "tr-TR"),
    "A17E79C6D8DWNP": Marketplace("SA", "Amazon.sa", "SAR", "ar-SA"),
    "A2VIGQ35RCS4UG": Marketplace("AE", "Amazon.ae", "AED", "en-AE"),
    "A21TJRUUN4KGV": Marketplace("IN", "Amazon.in", "INR", "en-IN"),
    "A19VAU5U5O7RUS": Marketplace("SG", "Amazon.sg", "SGD", "en-SG"),
    "A39IBJ37TRP1C6": Marketplace("AU", "Amazon.com.au", "AUD", "en-AU"),
    "A1VC38T7YXB528": Marketplace("JP", "Amazon.co.jp", "JPY", "ja-JP"),
}
