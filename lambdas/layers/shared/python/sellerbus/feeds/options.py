"""The feedOptions of a feed held against what its type knows and needs.

Source: the model's FeedOptions, a map of texts; for the types' own options see catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sellerbus.feeds.catalogue import FeedType, OptionRules
from sellerbus.feeds.findings import WARNING, Finding, quote

_MOST_OPTIONS: Final = 100
_WHERE: Final = "feedOptions"


def option_findings(kind: FeedType, options: object) -> Iterator[Finding]:
    """Yield what is wrong with the options; None stands for none given."""
    if options is None or options == {}:
        options = {}
    if not isinstance(options, Mapping):
        yield Finding("feed-options", "feedOptions must be names with a text each", where=_WHERE)
        return
    if len(options) > _MOST_OPTIONS:
        text = f"there are {len(options)} feedOptions: no feed type takes so many"
        yield Finding("feed-options", text, where=_WHERE, limit=str(_MOST_OPTIONS))
        return
    faults = list(_text_faults(options))
    yield from faults
    if faults:
        return
    if kind.options is not None:
        yield from _by_rules(kind, kind.options, options)
    elif options:
        text = f"Amazon documents no feedOptions for {kind.name}; they are passed on as they are"
        yield Finding("feed-options", text, WARNING, _WHERE)


def _text_faults(options: Mapping[object, object]) -> Iterator[Finding]:
    for name, value in options.items():
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            yield Finding("feed-options", f"{quote(name)} is no name of an option", where=_WHERE)
        elif not isinstance(value, str):
            text = f"the option {quote(name)} is {quote(value)}: it must be a text, in quotes"
            yield Finding("feed-options", text, where=f"{_WHERE}.{name}")
        elif not value.strip() or not value.isprintable():
            text = f"the option {quote(name)} is empty, or has signs that can't be printed"
            yield Finding("feed-options", text, where=f"{_WHERE}.{name}")


def _by_rules(kind: FeedType, rules: OptionRules, options: Mapping[str, str]) -> Iterator[Finding]:
    if not options and rules.optional:
        return
    names = {name.lower(): name for name in rules.values}
    given: dict[str, str] = {}
    for name, value in options.items():
        bare = name[len(rules.prefix) :] if name.lower().startswith(rules.prefix) else name
        known = names.get(bare.lower())
        where = f"{_WHERE}.{name}"
        if known is None:
            listed = ", ".join(f"{rules.prefix}{each}" for each in rules.values)
            text = f"{kind.name} has no option {quote(name)}; it has {listed}"
            yield Finding("feed-options", text, where=where)
        elif not name.lower().startswith(rules.prefix):
            text = f"Amazon overlooks the option {quote(name)}: write it {rules.prefix}{known}"
            yield Finding("feed-options", text, where=where)
        elif known in given:
            yield Finding("feed-options", f"the option {known} is given twice", where=where)
        elif rules.values[known] and value not in rules.values[known]:
            listed = ", ".join(rules.values[known])
            text = f"the option {known} is {quote(value)}: it must be one of {listed}"
            yield Finding("feed-options", text, where=where, limit=listed)
        if known is not None:
            given[known] = value
    yield from _missing(kind, rules, given)


def _missing(kind: FeedType, rules: OptionRules, given: Mapping[str, str]) -> Iterator[Finding]:
    for group in rules.needed:
        if not any(name in given for name in group):
            listed = " or ".join(f"{rules.prefix}{name}" for name in group)
            yield Finding("feed-options", f"{kind.name} needs the option {listed}", where=_WHERE)
    for name, value, other in rules.needed_with:
        if given.get(name) == value and other not in given:
            text = f"{kind.name} needs the option {rules.prefix}{other} where {name} is {value}"
            yield Finding("feed-options", text, where=_WHERE)
