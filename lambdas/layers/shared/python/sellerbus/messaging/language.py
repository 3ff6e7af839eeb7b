"""Whether a text is in the buyer's language, as far as its letters and its most usual words tell. Pure.

Says nothing where it can't be told: in short texts, and for languages whose words are not listed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from sellerbus.messaging.finding import WARNING, Finding

_LATIN: Final = "Latin"
_NAMES: Final[Mapping[str, str]] = {
    "ar": "Arabic",
    "bn": "Bengali",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "kn": "Kannada",
    "ko": "Korean",
    "ml": "Malayalam",
    "mr": "Marathi",
    "nb": "Norwegian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sv": "Swedish",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
_SCRIPTS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(scripts.split())
    for name, scripts in {
        "ar": "Arabic",
        "bn": "Bengali",
        "el": "Greek",
        "gu": "Gujarati",
        "he": "Hebrew",
        "hi": "Devanagari",
        "ja": "Kana Han",
        "kn": "Kannada",
        "ko": "Hangul",
        "ml": "Malayalam",
        "mr": "Devanagari",
        "ru": "Cyrillic",
        "ta": "Tamil",
        "te": "Telugu",
        "th": "Thai",
        "uk": "Cyrillic",
        "zh": "Han",
    }.items()
}
_RANGES: Final = (
    (0x0041, 0x024F, _LATIN),
    (0x0370, 0x03FF, "Greek"),
    (0x0400, 0x052F, "Cyrillic"),
    (0x0590, 0x05FF, "Hebrew"),
    (0x0600, 0x077F, "Arabic"),
    (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"),
    (0x0A80, 0x0AFF, "Gujarati"),
    (0x0B80, 0x0BFF, "Tamil"),
    (0x0C00, 0x0C7F, "Telugu"),
    (0x0C80, 0x0CFF, "Kannada"),
    (0x0D00, 0x0D7F, "Malayalam"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x1E00, 0x1EFF, _LATIN),
    (0x3040, 0x30FF, "Kana"),
    (0x3400, 0x9FFF, "Han"),
    (0xAC00, 0xD7AF, "Hangul"),
)
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in {
        "de": "der die das und ist nicht ihre ihr ihnen sie wir für mit von den dem ein eine haben bitte auf "
        "zu im werden wurde oder auch bei uns noch sind ich es bestellung vielen",
        "en": "the and you your is are for to of we have with this that please will our not be can if it on "
        "from as has been was a in by or order thank",
        "es": "el la los las de y es su usted para con una un que por no del en hemos se nos está gracias al "
        "sus como más le si pedido",
        "fr": "le la les de des et est vous votre vos nous pour avec une un dans pas que qui ce cette sur "
        "avons merci été sont au du ne en commande",
        "it": "il lo la gli di e è per con una un che non del della suo abbiamo grazie si le ci sono al ha "
        "dei nel sua vostro ordine",
        "nl": "de het een en is u uw wij we voor met van niet dat op te zijn hebben bij aan ook naar wordt "
        "om kunt bestelling dank",
        "pl": "i w na się nie jest do z że państwa prosimy dla za oraz został od po są czy to dziękujemy "
        "proszę zamówienie zamówienia",
        "pt": "o a os as de e é seu sua para com uma um que não do da em no na por se foi você obrigado ao "
        "mais pedido",
        "sv": "och är det att en ett du din ditt vi för med på av inte som har till om kan den tack er ni "
        "beställning",
        "tr": "ve bir bu için ile lütfen değil olarak sizin biz de da çok teşekkür edildi olan ederiz "
        "siparişiniz sipariş",
    }.items()
}
_WORD: Final = re.compile(r"[^\W\d_]+")
_NO_WORDS: Final = ("://", "www.", "@")

_FEWEST_LETTERS: Final = 12
_FEWEST_HITS: Final = 4
_FEWEST_DIFFERENT: Final = 3


def language_finding(text: str, locale: str | None) -> Finding | None:
    """Return a warning where the text can be told not to be in the language of `locale` ("de-DE").

    None where it is, where that can't be told, and where the locale is not known.
    """
    wanted = _language(locale or "")
    if wanted not in _NAMES:
        return None
    spoken = " ".join(part for part in text.split() if not any(mark in part for mark in _NO_WORDS))
    found = _by_script(spoken, wanted) or _by_words(spoken, wanted)
    if found is None:
        return None
    told = f"the buyer's language is {_NAMES[wanted]} ({locale}), and the text seems to be in {found}"
    advice = f"{told}: Amazon asks for the buyer's language"
    return Finding("language", "text", advice, WARNING, locale)


def _language(locale: str) -> str:
    return re.split(r"[-_]", locale.strip(), maxsplit=1)[0].lower()


def _by_script(text: str, wanted: str) -> str | None:
    """What the letters tell, in words; None where they don't."""
    counts = Counter(_script(sign) for sign in text if sign.isalpha())
    letters = counts.total()
    expected = _SCRIPTS.get(wanted, frozenset({_LATIN}))
    fitting = sum(counts[script] for script in expected)
    # Names of products and firms often stand in Latin letters, in texts of every language.
    if letters < _FEWEST_LETTERS or fitting * 10 > letters * (1 if counts[_LATIN] * 2 > letters else 5):
        return _chinese_or_japanese(counts, wanted)
    script = counts.most_common(1)[0][0]
    if script in expected or not script:
        return None
    if script == _LATIN:
        return _NAMES.get(_best(text)[0], "Latin letters")
    if script == "Han":
        return _NAMES["ja" if counts["Kana"] else "zh"]
    languages = [_NAMES[name] for name, scripts in _SCRIPTS.items() if script in scripts]
    return languages[0] if len(languages) == 1 else f"{script} letters"


def _chinese_or_japanese(counts: Counter[str], wanted: str) -> str | None:
    kana, han = counts["Kana"], counts["Han"]
    if wanted == "zh" and kana >= _FEWEST_HITS and kana * 4 > han:
        return _NAMES["ja"]
    if wanted == "ja" and kana == 0 and han >= _FEWEST_LETTERS:
        return _NAMES["zh"]
    return None


def _by_words(text: str, wanted: str) -> str | None:
    if wanted not in _WORDS:
        return None
    best, hits = _best(text)
    if not best or best == wanted:
        return None
    fitting = sum(word in _WORDS[wanted] for word in _words(text))
    return _NAMES[best] if fitting * 2 < hits else None


def _best(text: str) -> tuple[str, int]:
    """The language with the most usual words in the text, and how many; "" where they are too few."""
    words = _words(text)
    scores = {name: [word for word in words if word in usual] for name, usual in _WORDS.items()}
    best = max(scores, key=lambda name: len(scores[name]))
    hits = scores[best]
    enough = len(hits) >= _FEWEST_HITS and len(set(hits)) >= _FEWEST_DIFFERENT
    return (best, len(hits)) if enough and len(hits) * 6 >= len(words) else ("", 0)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _script(sign: str) -> str:
    code = ord(sign)
    return next((name for first, last, name in _RANGES if first <= code <= last), "")
