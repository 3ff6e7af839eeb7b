"""`sellerbus destinations`: where Amazon sends to, and what is left to a person there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ops import cells, console
from ops.amazon import AmazonRefusedError, ask_waiting
from ops.cells import RegionName
from ops.errors import NOT_FOUND, PARTLY, CommandError
from ops.options import AsJson, StageName, opened
from ops.stage import NOTIFICATIONS, Cell

EVENT_BRIDGE = "eventBridge"

app = typer.Typer(
    no_args_is_help=True,
    help="Where Amazon sends to: the destinations of the application in each region.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; lambda:InvokeFunction on "
    "inspect_amazon; events:DescribeEventSource (show, of an EventBridge destination).",
)


@app.command("list")
def list_destinations(stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """List the application's destinations at Amazon, this stage's and others.

    Printed with --json: a list of {"region", "destinationId", "name", "kind" (sqs, eventBridge), "resource",
    "ours"}.
    """
    target = opened(stage)
    rows = [
        {"region": cell.region, **row}
        for cell in _places(cells.chosen(target, region))
        for row in ask_waiting(cell, {"request": "destinations"})["destinations"]
    ]
    if as_json:
        console.show_json(rows)
        return
    console.show_table(
        f"Destinations of stage {stage}: {len(rows)}",
        ("Region", "Name, id", "Whose", "Kind, where"),
        [
            (
                row["region"],
                f"{row['name']}\n{row['destinationId']}",
                "ours" if row["ours"] else "another's",
                f"{row['kind']}\n{_where(row['resource'])}",
            )
            for row in rows
        ],
        prose=("Kind, where",),
        worded=("Name, id",),
    )


@app.command()
def show(
    destination_id: Annotated[
        str, typer.Argument(metavar="ID", help="The destination's id.", show_default=False)
    ],
    stage: StageName,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Show one destination; of an EventBridge one also its event source, and what a person has to do.

    Exit code 5 where a person has to do something. Printed with --json: what `list` prints of one, and for an
    EventBridge destination "eventSourceState" (ACTIVE, PENDING, DELETED, or null: not there) and "toDo".
    """
    target = opened(stage)
    found = next(
        (row for cell in _places(cells.chosen(target, region)) if (row := _one(cell, destination_id))), None
    )
    if found is None:
        raise CommandError(
            f"Amazon knows no destination {destination_id} of this application: "
            f"bin/sellerbus destinations list --stage {stage}",
            NOT_FOUND,
        )
    to_do: list[str] = []
    if found["kind"] == EVENT_BRIDGE:
        cell = target.cell(found["region"])
        found["eventSourceState"] = _source_state(cell, found["resource"])
        to_do = found["toDo"] = _left_to_do(cell, found)
    if as_json:
        console.show_json(found)
    else:
        facts = {
            "Region": found["region"],
            "Name": found["name"],
            "Kind": found["kind"],
            "Where": _where(found["resource"]),
            "Whose": "this stage's" if found["ours"] else "another's",
        }
        if "eventSourceState" in found:
            facts["Event source"] = found["eventSourceState"] or "not there"
            facts["Left to do"] = "nothing" if not to_do else " ".join(to_do)
        console.show_facts(f"Destination {destination_id}", facts)
    if to_do:
        raise CommandError(" ".join(to_do), PARTLY)


def _places(chosen: tuple[Cell, ...]) -> list[Cell]:
    """Return the cells that can ask Amazon; raises CommandError where there is none."""
    found = [cell for cell in chosen if cell.outputs(NOTIFICATIONS) is not None]
    if not found:
        # Says which stack is missing and how it is deployed.
        chosen[0].output("InspectAmazonFunctionName", NOTIFICATIONS)
    return found


def _one(cell: Cell, destination_id: str) -> dict[str, Any] | None:
    try:
        answer = ask_waiting(cell, {"request": "destination", "destinationId": destination_id})
    except AmazonRefusedError as error:
        if error.exit_code == NOT_FOUND:
            return None
        raise
    return {"region": cell.region, **answer["destination"]}


def _where(resource: Mapping[str, Any]) -> str:
    sqs = resource.get("sqs")
    if sqs:
        return str(sqs.get("arn"))
    event_bridge = resource.get(EVENT_BRIDGE) or {}
    return str(event_bridge.get("name") or "unknown")


def _source_state(cell: Cell, resource: Mapping[str, Any]) -> str | None:
    """Return the partner event source's state in the stage's account; None where it is not there."""
    events = cell.client("events")
    try:
        return str(events.describe_event_source(Name=_where(resource)).get("State") or "") or None
    except events.exceptions.ResourceNotFoundException:
        return None


def _left_to_do(cell: Cell, found: Mapping[str, Any]) -> list[str]:
    state = found["eventSourceState"]
    name = _where(found["resource"])
    if not found["ours"]:
        return []
    if state == "ACTIVE":
        return []
    if state == "PENDING":
        return [
            f"The event source {name} is not associated with an event bus: deploy the stage, which does it "
            f"(make deploy STAGE={cell.stage_name}). EventBridge deletes it when it stays so for two weeks."
        ]
    return [
        f"The event source {name} is {'deleted' if state == 'DELETED' else 'not there'}: Amazon sends to "
        "nobody. Delete the destination and its event bus by deploying the stage without its EventBridge "
        "types, then deploy it with them again."
    ]
