"""Whether the sellers' rows can be used and Amazon stands by their authorisations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ops import cells
from ops.doctor.asking import ask
from ops.doctor.check import Finding, Level, Looked
from ops.doctor.facts import Facts
from ops.doctor.resources import each
from sellerbus.sellers.advice import REFUSED_BY_AMAZON, add_again
from sellerbus.sellers.rows import ACTIVE, REVOKED, STATUSES, Seller

_A_QUESTION: Final = 10
"""Sellers asked for at once by one invocation: a thread each there."""

_AUTHORISE: Final = "Let the seller authorise the application again in Seller Central; the command asks for "
_REASONS: Final = {
    "revoked": REFUSED_BY_AMAZON,
    "unreadable": "Its refresh token can't be decrypted",
    "permanent": "Amazon gives no token for it",
    "credentials": "Amazon refuses the application for it",
}


def sellers(facts: Facts) -> dict[str, Seller]:
    """Return the rows of the registry by seller id."""

    def look() -> dict[str, Seller]:
        return {row.seller_id: row for row in cells.registry(facts.cell).sellers()}

    return facts.once("sellers", look)


def registry(facts: Facts) -> Looked:
    """SB-SELLER-001: the registry has sellers, and every row is one that the functions can use."""
    rows = sellers(facts)
    counts = Counter(row.status for row in rows.values())
    fact = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nobody"
    if not rows:
        finding = Finding(
            what="Nobody is in the registry: Amazon sends for nobody.",
            whom=f"{facts.region}",
            mend=(f"bin/sellerbus sellers add <seller id> --stage {facts.name} --marketplaces <codes>",),
            level=Level.WARNING,
        )
        return Looked(fact, (finding,))
    return Looked(fact, tuple(_unusable(facts, row) for row in rows.values() if _wrong(facts, row)))


def _wrong(facts: Facts, row: Seller) -> str:
    if row.status not in STATUSES:
        return f"status {row.status!r}: {', '.join(STATUSES)} are known"
    if row.region != facts.region:
        return f"region {row.region}, in the registry of {facts.region}"
    return ""


def _unusable(facts: Facts, row: Seller) -> Finding:
    return Finding(
        what=f"The row of seller {row.seller_id} can't be used.",
        whom=f"seller {row.seller_id}: nothing is done for it",
        evidence=(_wrong(facts, row),),
        by_hand=_AUTHORISE + "the refresh token.",
        mend=(_again(facts, row),),
        since=row.updated_at,
        subjects=frozenset({row.seller_id}),
    )


def authorisations(facts: Facts) -> Looked:
    """SB-SELLER-002: Login with Amazon gives a token for each active seller, now."""
    left_out = facts.broken("SB-SELLER-001")
    rows = {name: row for name, row in sellers(facts).items() if name not in left_out}
    asked = [name for name, row in rows.items() if row.status == ACTIVE]
    parts = [asked[start : start + _A_QUESTION] for start in range(0, len(asked), _A_QUESTION)]
    answers = [
        answer
        for part in each(parts, lambda part: ask(facts, {"request": "authorisations", "sellerIds": part}))
        for answer in part["sellers"]
    ]
    refused: dict[str, list[tuple[Seller, str]]] = {}
    for answer in answers:
        if not answer["given"] and answer["kind"] != "unknown-seller":
            row = rows[answer["sellerId"]]
            refused.setdefault(answer["kind"], []).append((row, answer["message"]))
    marked = [(row, f"marked as revoked {row.updated_at}") for row in rows.values() if row.status == REVOKED]
    if marked:
        refused.setdefault("revoked", []).extend(marked)
    bad = sum(map(len, refused.values()))
    findings = tuple(_refused(facts, kind, found) for kind, found in refused.items())
    return Looked(_fact(answers, bad, rows), findings)


def _fact(answers: Sequence[Mapping[str, Any]], bad: int, rows: Mapping[str, Seller]) -> str:
    still = sum(1 for row in rows.values() if row.status not in (ACTIVE, REVOKED))
    others = f"; {still} paused or being removed, not asked" if still else ""
    given = sum(1 for row in answers if row["given"])
    refused = f", {bad} refused" if bad else ""
    return f"{given} of {len(answers)} active sellers' tokens given{refused}{others}"


def _refused(facts: Facts, kind: str, found: list[tuple[Seller, str]]) -> Finding:
    rows = [row for row, _ in found]
    who = whom(facts, [row.seller_id for row in rows])
    if kind == "retryable":
        return Finding(
            what="Login with Amazon doesn't answer for some sellers.",
            whom=who,
            evidence=tuple(f"{row.seller_id}: {message}" for row, message in found),
            by_hand="Nothing of yours: wait a minute.",
            mend=(facts.again("SB-SELLER-002"),),
            level=Level.WARNING,
        )
    since = sorted(row.updated_at for row in rows if row.status == REVOKED)
    reason = _REASONS.get(kind, "Amazon gives no token for it")
    return Finding(
        what=f"Nothing can be done for {who}: {reason[0].lower() if kind == 'unreadable' else reason[0]}"
        f"{reason[1:]}.",
        whom=f"{who}: no notifications, feeds or messages",
        evidence=tuple(f"{row.seller_id}: {message}" for row, message in found),
        by_hand=_AUTHORISE + "the new refresh token.",
        mend=tuple(_again(facts, row) for row in rows),
        since=since[0] if since else "",
        subjects=frozenset(row.seller_id for row in rows),
    )


def _again(facts: Facts, row: Seller) -> str:
    return add_again(row.seller_id, facts.name, row.marketplace_ids)


def whom(facts: Facts, seller_ids: Sequence[str]) -> str:
    """Return "seller A1 (na)", "3 sellers (na): A1, A2, A3"; of many the first few."""
    if len(seller_ids) == 1:
        return f"seller {seller_ids[0]} ({facts.region})"
    first = ", ".join(seller_ids[:_NAMED])
    more = f" and {len(seller_ids) - _NAMED} more" if len(seller_ids) > _NAMED else ""
    return f"{len(seller_ids)} sellers ({facts.region}): {first}{more}"


_NAMED: Final = 5
