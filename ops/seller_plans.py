"""What Amazon has for sellers and what would be changed, asked seller by seller; and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops import console, parallel
from ops.amazon import REVOKED, Amazon, AmazonRefusedError
from ops.cells import Found
from ops.errors import FAILED, PARTLY, CommandError
from ops.stage import Cell
from sellerbus.sellers.advice import REFUSED_BY_AMAZON, add_again


@dataclass(frozen=True)
class Asked:
    """One seller's answer of `inspect_amazon`, or why there is none."""

    cell: Cell
    seller_id: str
    answer: dict[str, Any] = field(default_factory=dict)
    refused: AmazonRefusedError | None = None

    @property
    def plan(self) -> list[dict[str, Any]]:
        return list(self.answer.get("plan", ()))

    @property
    def actual(self) -> list[dict[str, Any]]:
        return list(self.answer.get("actual", ()))

    def failure(self) -> dict[str, str] | None:
        if self.refused is None:
            return None
        return {
            "sellerId": self.seller_id,
            "region": self.cell.region,
            "kind": self.refused.kind,
            "message": self.refused.message,
        }


def ask_for(sellers: Sequence[Found], what: str, *, types: Sequence[str] = ()) -> list[Asked]:
    """Ask for each seller with a few threads, waiting where Amazon's quota says so; in the order given.

    Who has revoked is not asked for. types: further notification types to list. Raises CommandError where
    the function itself fails.
    """
    cells = {each.cell.region: each.cell for each in sellers}
    places = {region: Amazon(cell) for region, cell in cells.items()}
    with console.progress(len(sellers), what) as bar:

        def one(seller: Found, stop: parallel.Stop) -> Asked:
            if seller.status == REVOKED:
                return Asked(seller.cell, seller.seller_id, refused=_revoked(seller))
            request: dict[str, object] = {"request": "subscriptions", "sellerId": seller.seller_id}
            if types:
                request["notificationTypes"] = list(types)

            def told(seconds: float) -> None:
                bar.describe(f"{what}: {seller.seller_id} waits {seconds:.0f} s for quota")

            try:
                answer = places[seller.cell.region].ask(request, wait=stop.wait, told=told)
            except AmazonRefusedError as error:
                return Asked(seller.cell, seller.seller_id, refused=error)
            return Asked(seller.cell, seller.seller_id, answer)

        answers: dict[tuple[str, str], Asked] = {}
        for seller, asked in parallel.each(sellers, one):
            answers[seller.cell.region, seller.seller_id] = asked
            bar.advance()
    return [answers[each.cell.region, each.seller_id] for each in sellers]


def _revoked(seller: Found) -> AmazonRefusedError:
    return AmazonRefusedError(
        REVOKED,
        f"nothing can be listed: {REFUSED_BY_AMAZON}. {_mend(seller)}",
    )


def _mend(seller: Found) -> str:
    stage = seller.cell.stage_name
    if not seller.marketplace_ids:
        return f"What to do tells: bin/sellerbus sellers show {seller.seller_id} --stage {stage}"
    return (
        "Let the seller authorise the application again, then: "
        f"{add_again(seller.seller_id, stage, seller.marketplace_ids)}"
    )


def plan_document(stage: str, asked: Sequence[Asked]) -> dict[str, object]:
    """Return what `subscriptions plan --json` prints."""
    return {
        "stage": stage,
        "sellers": [
            {key: row.answer.get(key) for key in ("sellerId", "region", "status", "working", "plan")}
            for row in asked
            if row.refused is None
        ],
        "failures": [failure for row in asked if (failure := row.failure())],
        "summary": summary(asked),
    }


def summary(asked: Sequence[Asked]) -> dict[str, int]:
    plans = [(row, plan) for row in asked for plan in row.plan]
    steps = [step for _, plan in plans for step in plan["steps"]]
    return {
        "sellers": len(asked),
        "sellersToChange": len({id(row) for row, plan in plans if plan["steps"]}),
        "create": sum(1 for step in steps if step["action"] == "create"),
        "probablyRefused": sum(1 for step in steps if step.get("refusedBecauseOf")),
        "delete": sum(1 for step in steps if step["action"] == "delete"),
        "kept": sum(len(plan["kept"]) for _, plan in plans),
        "foreign": sum(len(plan["foreign"]) for _, plan in plans),
        "blocked": sum(len(plan["blocked"]) for _, plan in plans),
        "refusedTypes": sum(1 for _, plan in plans if plan.get("error")),
        "failed": sum(1 for row in asked if row.refused is not None),
    }


def show_plan(stage: str, asked: Sequence[Asked]) -> None:
    lines = [line for row in asked for line in _lines(row)]
    if lines:
        console.show_table(
            f"What would be changed in stage {stage}",
            ("Seller", "Type", "Step", "Why"),
            lines,
            prose=("Type", "Why"),
            worded=("Seller", "Step"),
        )
    counts = summary(asked)
    refused = counts["probablyRefused"]
    doubt = f" ({refused} of them probably refused)" if refused else ""
    console.show_line(
        f"{console.counted(counts['sellers'], 'seller')}, {counts['sellersToChange']} to change: "
        f"{counts['create']} to create{doubt}, {counts['delete']} to delete, {counts['kept']} as wanted, "
        f"{counts['foreign']} of others left alone, {counts['blocked']} kept out by those."
    )
    working = [row.seller_id for row in asked if row.answer.get("working")]
    if working:
        console.say(f"A run is at work on {', '.join(working)}: look again in a minute.")


def _lines(row: Asked) -> Iterator[tuple[str, ...]]:
    for plan in row.plan:
        begin = (f"{row.seller_id} ({row.cell.region})", plan["notificationType"])
        for step in plan["steps"]:
            what = step["subscriptionId"] if step["action"] == "delete" else step["payloadVersion"]
            yield (*begin, f"{step['action']} {what}", step["reason"])
        for other in plan["foreign"]:
            yield (*begin, f"leave {other['subscriptionId']}", "is another's")
        if plan.get("error"):
            yield (*begin, "cannot be listed", plan["error"])


def subscriptions_document(stage: str, asked: Sequence[Asked]) -> dict[str, object]:
    """Return what `subscriptions list --json` prints."""
    return {
        "stage": stage,
        "subscriptions": [
            {"sellerId": row.seller_id, "region": row.cell.region, **subscription}
            for row in asked
            for subscription in row.actual
        ],
        "failures": [failure for row in asked if (failure := row.failure())],
    }


def show_subscriptions(
    stage: str, asked: Sequence[Asked], destination_names: Mapping[tuple[str, str], str]
) -> None:
    """Print what Amazon has. destination_names: by region and destination id, as far as they are known."""
    lines = [
        (
            f"{row.seller_id}\n{row.cell.region}",
            f"{item['notificationType']}\n{item['payloadVersion']}",
            "ours" if item["ours"] else "another's",
            _ids(item, destination_names.get((row.cell.region, item["destinationId"]))),
        )
        for row in asked
        for item in row.actual
    ]
    console.show_table(
        f"Subscriptions at Amazon for stage {stage}: {len(lines)}",
        ("Seller", "Type, version", "Whose", "Subscription, destination"),
        lines,
        prose=("Type, version",),
        worded=("Subscription, destination",),
    )


def _ids(item: Mapping[str, Any], name: str | None) -> str:
    """Return both ids below each other, so that neither is broken; with the destination's name."""
    return "\n".join((item["subscriptionId"], f"to {name or 'destination'}", item["destinationId"]))


def tell_of_failures(asked: Sequence[Asked], *, named: bool) -> None:
    """Tell of answers that were cut; raise CommandError where something was refused, a line per seller.

    named: whether these sellers were asked for. Among all of them one that Amazon refuses is told and fails
    nothing: it is left out everywhere, and nothing that the command does could mend it.
    """
    cut = [row.seller_id for row in asked if row.answer.get("cut")]
    if cut:
        console.say(f"Too large for one answer, so that lists are cut short: {', '.join(cut)}.")
    refused = [row for row in asked if row.refused is not None]
    revoked = [row for row in refused if row.refused is not None and row.refused.kind == REVOKED]
    if revoked and not named:
        lines = [f"  {row.seller_id} ({row.cell.region}): {row.refused}" for row in revoked]
        left_out = console.counted(len(revoked), "seller")
        console.say("\n".join([f"{left_out} could not be looked at:", *console.shortened(lines)]))
        refused = [row for row in refused if row not in revoked]
    if refused:
        lines = [f"  {row.seller_id} ({row.cell.region}): {row.refused}" for row in refused]
        listed = "\n".join(console.shortened(lines))
        raise CommandError(
            f"{len(refused)} of {console.counted(len(asked), 'seller')} could not be looked at:\n{listed}",
            PARTLY if revoked or len(refused) < len(asked) else FAILED,
        )
    types = sorted({plan["notificationType"] for row in asked for plan in row.plan if plan.get("error")})
    if types:
        raise CommandError(
            f"Amazon refuses to list {', '.join(types)}: most often the application lacks the role for it, "
            "or the seller has authorised it before the role was added.",
            PARTLY,
        )
