"""`sellerbus subscriptions`: what Amazon sends for, what it shall send for, and the steps between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ops import applying, cells, console, seller_input, seller_plans
from ops.amazon import AmazonRefusedError, ask_waiting
from ops.cells import RegionName
from ops.errors import WRONG_INPUT, CommandError
from ops.options import AsJson, StageName, opened
from ops.seller_plans import Asked
from ops.stage import Cell, Stage

app = typer.Typer(
    no_args_is_help=True,
    help="What Amazon sends for the sellers, what it shall send, and the steps between. Sellerbus takes "
    "those steps by itself: on deploy, on a seller's change, and daily.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; lambda:InvokeFunction on "
    "inspect_amazon (plan, list, test) and queue_every_seller (apply --all); sqs:SendMessage on the "
    "subscription queue (apply --seller); dynamodb:GetItem and Scan on the seller registry and the table "
    "SubscriptionState; on the stage's key kms:Decrypt and kms:GenerateDataKey, through DynamoDB and SQS.",
)
SellerIds = Annotated[
    list[str] | None,
    typer.Option(
        "--seller", help="Only this seller; may be given several times.", show_default=False, metavar="ID"
    ),
]


@app.command()
def plan(
    stage: StageName,
    seller: SellerIds = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every seller: the default.")] = False,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Show what the reconciler would do now, without doing it: a dry run of its own code against Amazon.

    Takes about a second per type and seller, eight sellers at once; where Amazon's quota is used up it waits
    and asks again.

    Exit code 5 where some sellers could not be looked at. One whose authorisation Amazon refuses is told, and
    counts as such where it is named with --seller. Printed with --json: {"stage", "sellers": [{"sellerId",
    "region", "status", "working" (whether a run is at work on it), "plan": [{"notificationType", "steps":
    [{"action" (create, delete), "payloadVersion", "subscriptionId" (null: to be made), "destinationId",
    "reason", "refusedBecauseOf" (another's subscription, for which Amazon probably refuses a creation)}],
    "kept", "foreign", "blocked", "error" (where Amazon refuses to list the type)}]}], "failures":
    [{"sellerId", "region", "kind", "message"}], "summary" (counts)}.
    """
    target = opened(stage)
    sellers = cells.whom(target, _ids(seller, everybody=everybody), region)
    asked = seller_plans.ask_for(sellers, "Looking at sellers")
    if as_json:
        console.show_json(seller_plans.plan_document(stage, asked))
    else:
        seller_plans.show_plan(stage, asked)
    seller_plans.tell_of_failures(asked, named=bool(seller))


app.command("apply")(applying.apply)


@app.command("list")
def list_subscriptions(
    stage: StageName,
    seller: SellerIds = None,
    region: RegionName = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            help="List this notification type too; may be given several times. Amazon lists one type at a "
            "time, so that only those are looked for that are configured or were, and these.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the subscriptions that Amazon has for the sellers, ours and others'.

    Exit code 5 where some sellers could not be looked at. One whose authorisation Amazon refuses is told, and
    counts as such where it is named with --seller. Printed with --json: {"stage", "subscriptions":
    [{"sellerId", "region", "notificationType", "subscriptionId", "payloadVersion", "destinationId", "ours",
    "processingDirective"}], "failures"}.
    """
    target = opened(stage)
    further = [_type(name) for name in seller_input.split(",".join(types or ()))]
    sellers = cells.whom(target, _ids(seller, everybody=False), region)
    asked = seller_plans.ask_for(sellers, "Looking at sellers", types=further)
    if as_json:
        console.show_json(seller_plans.subscriptions_document(stage, asked))
    else:
        seller_plans.show_subscriptions(stage, asked, _destination_names(asked))
    seller_plans.tell_of_failures(asked, named=bool(seller))


@app.command("test")
def send_test(
    notification_type: Annotated[
        str, typer.Argument(metavar="TYPE", help="The notification type.", show_default=False)
    ],
    stage: StageName,
    scenario: Annotated[
        str,
        typer.Option(
            help="Amazon's test scenario: Amazon's developer guide lists those of each type.",
            show_default=False,
        ),
    ],
    payload_version: Annotated[
        str | None,
        typer.Option(help="Without it, the configured one of the type.", show_default=False),
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option(help="A destination's id. Without it, the stage's own.", show_default=False),
    ] = None,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Have Amazon's sandbox send a test notification to the stage's destination.

    Only in stages with sp_api.sandbox: true; Amazon's production has no such operation.

    Printed with --json: {"stage", "region", "notificationType", "testScenario", "sent", "payloadVersion",
    "destinationId"}.
    """
    target = opened(stage)
    kind = _type(notification_type)
    cell = _only(target, region)
    if not cell.settings.sp_api.sandbox:
        raise CommandError(
            f"Stage {stage} calls Amazon's production, which sends no test notifications. Use a stage with "
            "`sp_api: {sandbox: true}`.",
            WRONG_INPUT,
        )
    given = {"payloadVersion": payload_version, "destinationId": destination}
    request: dict[str, object] = {
        "request": "test-notification",
        "notificationType": kind,
        "testScenario": scenario,
        **{name: value for name, value in given.items() if value},
    }
    answer = ask_waiting(cell, request)
    result = {
        "stage": stage,
        "region": cell.region,
        "notificationType": kind,
        "testScenario": scenario,
        **{name: answer.get(name) for name in ("sent", "payloadVersion", "destinationId")},
    }
    if as_json:
        console.show_json(result)
    else:
        console.show_line(
            f"Amazon's sandbox sends {kind} {result['payloadVersion']}, scenario {scenario}, to destination "
            f"{result['destinationId']}."
        )
    console.say(
        f"Within a minute or so it is on the stage's bus, as an event of detail-type {kind} "
        "(docs/events.md). If not: the log of process_notifications, then the dead-letter queue of the "
        "notification queue."
    )


def _destination_names(asked: Sequence[Asked]) -> dict[tuple[str, str], str]:
    """Return the names by region and id; where Amazon doesn't tell them, ids stand alone."""
    names: dict[tuple[str, str], str] = {}
    for region, cell in {row.cell.region: row.cell for row in asked if row.actual}.items():
        try:
            found = ask_waiting(cell, {"request": "destinations"})["destinations"]
        except AmazonRefusedError as error:
            console.say(f"The names of the destinations of {region} are not shown: {error}")
            continue
        names |= {(region, row["destinationId"]): row["name"] for row in found}
    return names


def _ids(given: Sequence[str] | None, *, everybody: bool) -> list[str]:
    if given and everybody:
        raise CommandError("--seller and --all exclude each other.", WRONG_INPUT)
    return [seller_input.seller_id(name) for name in given or ()]


def _type(text: str) -> str:
    name = text.strip().upper()
    if not name.replace("_", "").isalnum():
        raise CommandError(f"{seller_input.shown(text)} is no notification type.", WRONG_INPUT)
    return name


def _only(stage: Stage, region: str | None) -> Cell:
    chosen = cells.chosen(stage, region)
    if len(chosen) > 1:
        raise CommandError(
            f"Stage {stage.name} has several regions: {cells.named(chosen)}. Say which with --region.",
            WRONG_INPUT,
        )
    return chosen[0]
