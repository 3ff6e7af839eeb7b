"""`sellerbus subscriptions apply`: have the reconciler work on sellers now."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops import cells, console, following, seller_input
from ops.amazon import invoke
from ops.cells import RegionName
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError, aws_not_reached, aws_refusal
from ops.following import Followed, Place
from ops.options import AsJson, StageName, opened
from ops.seller_states import States
from ops.stage import NOTIFICATIONS, Cell
from sellerbus.api.redaction import redact
from sellerbus.notifications.jobs import QueueError, SellerJob, SubscriptionQueue
from sellerbus.sellers.advice import REFUSED_BY_AMAZON
from sellerbus.sellers.rows import REVOKED

_LISTED: Final = 20
_MOST_LOOKUPS: Final = 25


def apply(
    stage: StageName,
    seller: Annotated[
        list[str] | None,
        typer.Option(
            "--seller", help="This seller; may be given several times.", show_default=False, metavar="ID"
        ),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every seller of the stage.")] = False,
    region: RegionName = None,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", help="Wait until the run asked for here has ended for each seller, and say how."
        ),
    ] = False,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1, help="How many seconds --wait waits at the most.")
    ] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Put sellers on the subscription queue: each is brought to what the configuration and its row say.

    What would be done shows `plan`. Sellers whose authorisation Amazon refuses are left out and told.

    Exit code 5 where such a seller is named with --seller; with --wait also where a run failed, met such a
    refusal or something kept out by others, or the time was over; what failed is tried again by itself.
    Printed with --json: {"stage", "queued", "revoked": [{"sellerId", "region"}], and with --wait "done",
    "failed": [{"sellerId", "region", "lastError"}], "blocked": [{"sellerId", "region", "subscriptions"}],
    "open": [{"sellerId", "region"}]}.
    """
    if bool(seller) == everybody:
        raise CommandError("Say whom: --seller ID (several times), or --all.", WRONG_INPUT)
    named = [seller_input.seller_id(name) for name in seller or ()]
    target = opened(stage)
    found = cells.whom(target, named, region)
    revoked = [(each.cell.region, each.seller_id) for each in found if each.status == REVOKED]
    work = [each for each in found if each.status != REVOKED]
    if not work and named:
        raise CommandError(
            f"{REFUSED_BY_AMAZON}: {_listed(revoked)}. What to do tells: "
            f"bin/sellerbus sellers show {revoked[0][1]} --stage {stage}",
            PARTLY,
        )
    places = [(each.cell.region, each.seller_id) for each in work]
    here = {each.cell.region: each.cell for each in work}
    regions = {name: following.Region(States(cell), _statuses(cell)) for name, cell in here.items()}
    request_id = uuid.uuid4().hex if wait else ""
    _queue_all(here, None if everybody else places, request_id)
    result: dict[str, Any] = {"stage": stage, "queued": len(places), "revoked": _documents(revoked)}
    followed = None
    if wait:
        with console.progress(len(places), "Waiting for the runs") as bar:
            followed = following.follow(
                regions,
                request_id,
                places,
                limit_seconds=time_limit,
                reached=bar.reached,
                sleep=console.wait,
            )
        result |= _outcome(followed) | {"revoked": _documents([*revoked, *followed.revoked])}
    if as_json:
        console.show_json(result)
    else:
        _show(result, followed)
    if revoked:
        console.say(f"Left out, because Amazon refuses their authorisation: {_listed(revoked)}.")
    if followed is None and places:
        console.say(f"They are worked on within minutes: bin/sellerbus sellers list --stage {stage}")
    unfinished = _unfinished(followed) if followed is not None else ""
    if unfinished or (revoked and named):
        raise CommandError(unfinished or "The others are done." if wait else "The others are queued.", PARTLY)


def _statuses(cell: Cell) -> Callable[[Sequence[str]], Mapping[str, str]]:
    registry = cells.registry(cell)

    def statuses(seller_ids: Sequence[str]) -> Mapping[str, str]:
        if len(seller_ids) > _MOST_LOOKUPS:
            return dict(registry.ids())
        found = map(registry.find, seller_ids)
        return {seller.seller_id: seller.status for seller in found if seller is not None}

    return statuses


def _queue_all(here: Mapping[str, Cell], places: Sequence[Place] | None, request_id: str) -> None:
    """Queue these sellers in their cells; None for every one, which the stages' own functions do.

    Raises CommandError where a cell refused, saying what is queued by then.
    """
    name = "SubscriptionQueueUrl" if places is not None else "QueueEverySellerFunctionName"
    # Of all cells before anything is queued: a stack that is missing shall leave nothing half done.
    targets = {region: cell.output(name, NOTIFICATIONS) for region, cell in here.items()}
    refused: dict[str, str] = {}
    partly = False
    for region, cell in here.items():
        try:
            if places is None:
                invoke(
                    cell.client("lambda"), targets[region], {"requestId": request_id} if request_id else {}
                )
            else:
                queue = SubscriptionQueue(cell.client("sqs"), targets[region])
                queue.put(
                    SellerJob(known, request_id=request_id) for place, known in places if place == region
                )
        except QueueError as error:
            names = [job.seller_id for job in error.refused]
            partly = partly or len(names) < sum(place == region for place, _ in places or ())
            refused[region] = f"{error}: {', '.join(names)}"
        except CommandError as error:
            refused[region] = str(error)
        except ClientError as error:
            refused[region] = aws_refusal(error)
        except BotoCoreError as error:
            refused[region] = aws_not_reached(error)
    if not refused:
        return
    done = [region for region in here if region not in refused]
    lines = [f"{region}: {reason}" for region, reason in refused.items()]
    if done:
        lines.append(f"Queued are the sellers of {', '.join(done)}. Queue the others again with --region.")
    raise CommandError("\n".join(lines), PARTLY if done or partly else FAILED)


def _outcome(followed: Followed) -> dict[str, Any]:
    return {
        "done": len(followed.ended) - len(followed.failed) + len(followed.gone),
        "failed": [
            {"sellerId": seller_id, "region": region, "lastError": redact(error)}
            for (region, seller_id), error in sorted(followed.failed.items())
        ],
        "blocked": [
            {"sellerId": seller_id, "region": region, "subscriptions": list(blocked)}
            for (region, seller_id), blocked in sorted(followed.blocked.items())
        ],
        "open": _documents(followed.open),
    }


def _show(result: Mapping[str, Any], followed: Followed | None) -> None:
    facts = {"Queued": str(result["queued"])}
    if followed is not None:
        facts |= {
            "Done": str(result["done"]),
            "Failed": str(len(followed.failed)),
            "Not ended": str(len(followed.open)),
        }
    console.show_facts(f"Sellers of stage {result['stage']}", facts)


def _unfinished(followed: Followed) -> str:
    lines = []
    if followed.failed:
        sellers = console.counted(len(followed.failed), "seller")
        lines.append(f"The last run of {sellers} failed; it is tried again by itself:")
        lines += console.shortened(
            [
                f"  {seller_id} ({region}): {error}"
                for (region, seller_id), error in sorted(followed.failed.items())
            ]
        )
    if followed.blocked:
        lines.append("Kept out by others' subscriptions (`subscriptions list` shows whose):")
        lines += console.shortened(
            [
                f"  {seller_id} ({region}): {', '.join(blocked)}"
                for (region, seller_id), blocked in sorted(followed.blocked.items())
            ]
        )
    if followed.revoked:
        lines.append(
            f"Amazon refuses the authorisation, as turned out: {_listed(followed.revoked)}. `sellers show` "
            "tells what to do."
        )
    if followed.open:
        lines.append(
            "The time was over before these had their run, which waits for another run, for Amazon's quota "
            "or in the queue (`sellers show` of each tells which): "
            f"{_listed(followed.open)}."
        )
    return "\n".join(lines)


def _listed(places: Sequence[Place]) -> str:
    names = [f"{seller_id} ({region})" for region, seller_id in sorted(places)]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _documents(places: Sequence[Place]) -> list[dict[str, str]]:
    return [{"sellerId": seller_id, "region": region} for region, seller_id in sorted(places)]
