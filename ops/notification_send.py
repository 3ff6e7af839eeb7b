"""`sellerbus notifications send`: a made-up notification takes the way of Amazon's."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from ops import cells, console, guard, notification_examples, times
from ops.cells import RegionName
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.notification_events import archives
from ops.notification_examples import EXAMPLE_MARKETPLACE, EXAMPLE_SELLER, Wish
from ops.options import AsJson, NoInput, StageName, opened
from ops.stage import NOTIFICATIONS, Cell, Stage
from sellerbus.api import endpoints
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.ledger import event_id

_BATCH: Final = 10
_LOOK_SECONDS: Final = 1.0
_CLOCKS: Final = timedelta(minutes=5)


def send(
    notification_type: Annotated[
        str,
        typer.Argument(
            metavar="TYPE", help="The notification type, such as ORDER_CHANGE.", show_default=False
        ),
    ],
    stage: StageName,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="What of the example's payload shall be otherwise, such as Summary.OrderStatus=Unshipped; "
            "may be given several times.",
            show_default=False,
        ),
    ] = None,
    seller: Annotated[str, typer.Option(metavar="ID", help="Whose it is.")] = EXAMPLE_SELLER,
    marketplace: Annotated[
        str | None,
        typer.Option(help="Where: a country code or an id; else one of the region's.", show_default=False),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="When it happened, instead of now: a time in UTC, or how long ago.", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many, each with an id of its own.")] = 1,
    identity: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="An id of your own: again with the same --at and --set it is a copy, with others refused.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until they are published and archived.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="How many seconds --wait waits at the most.")] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be sent.")] = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Send an example of a notification type into a local or test stage, where it takes the way of Amazon's.

    Examples:
        bin/sellerbus notifications send ORDER_CHANGE --stage local --wait
        bin/sellerbus notifications send ORDER_CHANGE --stage local --set Summary.OrderStatus=Unshipped
        bin/sellerbus notifications send PRICING_HEALTH --stage local --dry-run

    The example is valid by Amazon's schema. Its event says origin "synthetic". It goes to stages with
    `emulator`, `sp_api.sandbox` or `test_events: true` only, for everybody who listens receives it. Exit code
    2 where the stage takes none, or the example has no such field; 5 where --wait saw not all of them.
    Printed with --json: {"region", "notificationType", "notifications": [{"notificationId", "eventId",
    "messageId", "archived" (with --wait)}]}; with --dry-run the notification itself.
    """
    del no_input
    known = notification_examples.known_type(notification_type)
    target = opened(stage)
    cell = _cell(target, region, marketplace)
    happened = times.since(at, datetime.now(UTC)) if at else None
    wishes = [
        Wish(
            identity=_identity(identity, number),
            seller_id=seller.strip(),
            marketplace_id=_marketplace(cell, marketplace),
            at=happened,
            changes=tuple(_pair(each) for each in changes or ()),
        )
        for number in range(count)
    ]
    documents = [notification_examples.notification(known, wish) for wish in wishes]
    if dry_run:
        console.show_json(documents[0])
        return
    _check(target)
    guard.allowed(target, confirm, "Sending made-up notifications")
    begun = datetime.now(UTC)
    url = cell.output("NotificationQueueUrl", NOTIFICATIONS)
    sent = _sent(cell.client("sqs"), url, documents)
    if wait:
        _await(target, cell, sent, begun, timeout)
    if as_json:
        console.show_json({"region": cell.region, "notificationType": known, "notifications": sent})
    else:
        for one in sent:
            done = ", published and archived" if one.get("archived") else ""
            console.show_line(f"{one['notificationId']}: sent, event {one['eventId']}{done}")
    lost = [one["notificationId"] for one in sent if wait and not one["archived"]]
    if lost:
        raise CommandError(
            f"Not seen within {timeout:.0f} s: {', '.join(lost)}. Look: bin/sellerbus dead-letters list "
            f"--stage {stage}, and bin/sellerbus status --stage {stage}",
            PARTLY,
        )
    follow = f"bin/sellerbus notifications show {sent[0]['notificationId']} --stage {stage}"
    console.say(f"What became of it: {follow}")


def _check(stage: Stage) -> None:
    """Raises CommandError where made-up notifications would reach somebody who takes them for real."""
    shared = stage.settings.shared
    if shared.emulator or shared.test_events or all(cell.settings.sp_api.sandbox for cell in stage.cells):
        return
    raise CommandError(
        f"Stage {stage.name} works for real sellers, and everybody on its bus would take this for Amazon's. "
        f"If it is for trying, say test_events: true in config/{stage.name}.yaml. Nothing was sent.",
        WRONG_INPUT,
    )


def _cell(stage: Stage, region: str | None, marketplace: str | None) -> Cell:
    if marketplace is None:
        return cells.chosen(stage, region)[0]
    found = _marketplace_id(marketplace)
    places = [cell for cell in cells.chosen(stage, region) if found in cell.settings.marketplaces]
    if not places:
        raise CommandError(f"--marketplace {marketplace!r} is none of stage {stage.name}.", WRONG_INPUT)
    return places[0]


def _marketplace(cell: Cell, given: str | None) -> str:
    if given is not None:
        return _marketplace_id(given)
    known = cell.settings.marketplaces
    return EXAMPLE_MARKETPLACE if EXAMPLE_MARKETPLACE in known else known[0]


def _marketplace_id(name: str) -> str:
    try:
        return endpoints.marketplace(name).marketplace_id
    except endpoints.UnknownMarketplaceError as error:
        raise CommandError(f"--marketplace: {error}.", WRONG_INPUT) from error


def _identity(given: str | None, number: int) -> str:
    if given is None:
        return str(uuid.uuid4())
    if not (0 < len(given) <= 150 and given.isascii() and given.isprintable()):
        raise CommandError("--id: 1 to 150 letters, digits and signs.", WRONG_INPUT)
    return given if number == 0 else f"{given}-{number}"


def _pair(text: str) -> tuple[str, str]:
    path, sign, value = text.partition("=")
    if not sign or not path.strip():
        raise CommandError(f"--set {text!r}: say PATH=VALUE.", WRONG_INPUT)
    return path.strip(), value


def _sent(sqs: Any, url: str, documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send them; raises CommandError where SQS did not take one, naming how many it took."""
    sent: list[dict[str, Any]] = []
    for start in range(0, len(documents), _BATCH):
        part = documents[start : start + _BATCH]
        answer = sqs.send_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(number), "MessageBody": json.dumps(each)} for number, each in enumerate(part)
            ],
        )
        sent += [_told(part[int(one["Id"])], one["MessageId"]) for one in answer.get("Successful", ())]
        failed = answer.get("Failed", ())
        if failed:
            raise CommandError(
                f"SQS took {len(sent)} of {len(documents)}, then refused: {failed[0]['Code']}.", FAILED
            )
    return sent


def _told(document: dict[str, Any], message_id: str) -> dict[str, Any]:
    fields = {name[0].lower() + name[1:]: value for name, value in document.items()}
    metadata = fields["notificationMetadata"]
    notification_id = str(metadata.get("notificationId") or metadata["NotificationId"])
    return {
        "notificationId": notification_id,
        "eventId": event_id(notification_id),
        "messageId": message_id,
    }


def _await(stage: Stage, cell: Cell, sent: Sequence[dict[str, Any]], begun: datetime, timeout: float) -> None:
    """Note with each whether its event is in the archive, waiting for that."""
    ((_, archive),) = archives(stage, cell.region)
    missing = {one["eventId"] for one in sent}
    seen: set[str] = set()
    deadline = time.monotonic() + timeout
    with console.progress(len(sent), "Published and archived") as bar:
        while missing and time.monotonic() < deadline:
            try:
                for key in archive.keys(begun - _CLOCKS, datetime.now(UTC) + _CLOCKS):
                    if key not in seen:
                        missing -= {event.event_id for event in archive.read(key)}
                        seen.add(key)
            except StoreUnavailableError as error:
                console.say(f"The archive can't be read now, and is asked again: {error}")
            bar.reached(len(sent) - len(missing))
            if missing:
                console.wait(_LOOK_SECONDS)
    for one in sent:
        one["archived"] = one["eventId"] not in missing
