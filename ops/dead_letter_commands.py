"""`sellerbus dead-letters list|show`: what lies in the dead-letter queues, and why. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from ops import console, dead_letter_queues, parallel, times
from ops.cells import RegionName
from ops.dead_letter_queues import DeadLetterQueue, Depth
from ops.dead_letter_reading import TOO_OFTEN, Letter, by_cause, look
from ops.options import AsJson, StageName, opened
from ops.parallel import Stop
from sellerbus.api.redaction import redact

LetterIds = Annotated[
    list[str] | None,
    typer.Option(
        "--id", metavar="ID", help="Only this letter; may be given several times.", show_default=False
    ),
]
QueueName = Annotated[
    str | None,
    typer.Option(
        "--queue",
        metavar="NAME",
        help=f"Only this queue's: {', '.join(dead_letter_queues.KINDS)}.",
        show_default=False,
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        "--reason",
        metavar="CODE",
        help=f"Only those with this reason, as `list` tells it ({TOO_OFTEN}: moved by SQS).",
        show_default=False,
    ),
]
_SHOWN_IDS: Final = 3
_MOST_LOOKED_AT: Final = 10_000
WITHHELD: Final = (
    "The body is withheld: what lies in this queue may be a client secret, and is never shown or exported."
)
PRIVATE: Final = "The body may hold a buyer's data. Treat it so, and don't put it into tickets or chats."


def list_letters(
    stage: StageName,
    queue: QueueName = None,
    reason: Reason = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many letters of a queue are looked at.")
    ] = 1000,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """List the dead letters of all queues, grouped by their cause.

    Examples:
        bin/sellerbus dead-letters list --stage production
        bin/sellerbus dead-letters list --stage production --queue notification --reason not-json

    Bodies are not read out: causes are what the functions wrote beside them. Printed with --json: a list of
    {"region", "queue", "holds", "messages", "hidden", "complete", "causes": [{"reason", "detail", "count",
    "oldest", "ids" (three of them)}]}; messages and hidden are SQS's own approximate counts, and complete
    says whether all of them were looked at.
    """
    queues = dead_letter_queues.deployed(opened(stage), region, queue)
    answers = dict(parallel.each(range(len(queues)), lambda at, _: _looked_at(queues[at], reason, limit)))
    looked = [answers[at] for at in range(len(queues))]
    now = datetime.now(UTC)
    if as_json:
        console.show_json([_document(each, depth, letters, found) for each, depth, letters, found in looked])
        return
    shown = [one for one in looked if one[3]]
    if not shown:
        console.show_line("There are no such dead letters." if reason else "There are no dead letters.")
    for each, depth, letters, found in shown:
        _show(each, depth, letters, found, now)
    hidden = sum(depth.hidden for _, depth, _, _ in looked)
    if hidden:
        console.say(
            f"{console.counted(hidden, 'letter')} could not be looked at: somebody works on them now."
        )
    first = next((found[0] for _, _, _, found in shown), None)
    if first:
        console.say(
            f"One of them in full: bin/sellerbus dead-letters show {first[0].message_id} --stage {stage}"
        )


def show(
    message_id: Annotated[
        str, typer.Argument(metavar="ID", help="The letter's id, or its first one.", show_default=False)
    ],
    stage: StageName,
    body: Annotated[
        bool, typer.Option("--body", help="The body as well. It may hold a buyer's data.")
    ] = False,
    queue: QueueName = None,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: why it lies there, since when, and with --body what it says.

    Examples:
        bin/sellerbus dead-letters show 5f0c2f31-2c0e-4e8d-9a06-0c1b1f6a8d11 --stage production
        bin/sellerbus dead-letters show 5f0c2f31-2c0e-4e8d-9a06-0c1b1f6a8d11 --stage production --body

    Tokens in a body are taken out; client secrets' queue never shows one. Exit code 3 where the letter is
    not there. Printed with --json: {"region", "queue", "messageId", "originalMessageId", "reason", "detail",
    "sentAt", "receives", "bytes", "withheld", "body"}; body is null without --body and where it is withheld.
    """
    target = opened(stage)
    found = _find(dead_letter_queues.deployed(target, region, queue), message_id)
    if found is None:
        raise dead_letter_queues.not_there([message_id], target)
    place, letter = found
    if as_json:
        console.show_json(letter_document(place, letter, with_body=body))
    else:
        console.show_facts(f"Dead letter {letter.message_id}", _facts(place, letter, datetime.now(UTC)))
        if body and not place.kind.secret:
            console.show_line(redact(letter.body))
    if body and place.kind.secret:
        console.say(WITHHELD)
    elif body and place.kind.private:
        console.say(PRIVATE)
    elif not body:
        console.say("The body: --body")
    console.say(_advice(letter, stage))


def _find(queues: Sequence[DeadLetterQueue], message_id: str) -> tuple[DeadLetterQueue, Letter] | None:
    def looked(queue: DeadLetterQueue, stop: Stop) -> Letter | None:
        letters = [] if stop.is_set() else look(queue.sqs, queue.url, _MOST_LOOKED_AT)
        return next((letter for letter in letters if letter.is_called(message_id)), None)

    found = parallel.each(queues, looked)
    return next(((queue, letter) for queue, letter in found if letter is not None), None)


def letter_document(queue: DeadLetterQueue, letter: Letter, *, with_body: bool) -> dict[str, Any]:
    """Return a letter as --json has it. Tokens are taken out of the body; a secret's is never there."""
    shown = with_body and not queue.kind.secret
    return {
        "region": queue.cell.region,
        "queue": queue.name,
        "messageId": letter.message_id,
        "originalMessageId": letter.original_id,
        "reason": letter.reason,
        "detail": redact(letter.detail),
        "sentAt": letter.sent_at.isoformat() if letter.sent_at else None,
        "receives": letter.receives,
        "bytes": len(letter.body.encode()),
        "withheld": queue.kind.secret,
        "body": redact(letter.body) if shown else None,
    }


def explained(queue: DeadLetterQueue, letter: Letter) -> str:
    """Return in words why a letter lies there."""
    if letter.detail:
        return redact(letter.detail)
    if letter.reason != TOO_OFTEN:
        return letter.reason
    worker = queue.kind.function or "its consumer"
    return f"{worker} did not finish with it at any of its receives; its log says why"


_Looked = tuple[DeadLetterQueue, Depth, list[Letter], list[list[Letter]]]


def _looked_at(queue: DeadLetterQueue, reason: str | None, most: int) -> _Looked:
    depth = queue.depth()
    letters = look(queue.sqs, queue.url, most) if depth.visible else []
    chosen = [letter for letter in letters if reason is None or letter.reason == reason]
    return queue, depth, letters, by_cause(chosen)


def _document(
    queue: DeadLetterQueue, depth: Depth, letters: Sequence[Letter], causes: Sequence[Sequence[Letter]]
) -> dict[str, Any]:
    return {
        "region": queue.cell.region,
        "queue": queue.name,
        "holds": queue.kind.holds,
        "messages": depth.visible,
        "hidden": depth.hidden,
        "complete": len(letters) >= depth.visible and not depth.hidden,
        "causes": [
            {
                "reason": group[0].reason,
                "detail": redact(group[0].detail),
                "count": len(group),
                "oldest": group[0].sent_at.isoformat() if group[0].sent_at else None,
                "ids": [letter.message_id for letter in group[:_SHOWN_IDS]],
            }
            for group in causes
        ],
    }


def _show(
    queue: DeadLetterQueue,
    depth: Depth,
    letters: Sequence[Letter],
    causes: Sequence[Sequence[Letter]],
    now: datetime,
) -> None:
    total = max(depth.visible, len(letters))
    looked = "" if len(letters) >= total else f", {len(letters)} looked at"
    console.show_table(
        f"{queue.title}, {queue.kind.holds}: {total}{looked}",
        ("Reason", "How many", "Oldest", "Why", "Ids"),
        [
            (
                group[0].reason,
                str(len(group)),
                times.relative(group[0].sent_at, now) if group[0].sent_at else "-",
                explained(queue, group[0]),
                "\n".join(letter.message_id for letter in group[:_SHOWN_IDS]),
            )
            for group in causes
        ],
        prose=("Why",),
        worded=("Oldest",),
    )


def _facts(queue: DeadLetterQueue, letter: Letter, now: datetime) -> dict[str, str]:
    return {
        "Queue": f"{queue.title}: {queue.kind.holds}",
        "Reason": letter.reason,
        "Why": explained(queue, letter),
        "Sent": times.both(letter.sent_at.isoformat() if letter.sent_at else None, now),
        "First id": letter.original_id,
        "Bytes": f"{len(letter.body.encode()):,}",
    }


def _advice(letter: Letter, stage: str) -> str:
    command = f"bin/sellerbus dead-letters redrive --id {letter.message_id} --stage {stage}"
    if letter.text("reason"):
        return (
            "A function put it here because no retry helps. Mend the cause first, else it is back at once; "
            f"then: {command}. What can never be worked on goes with a copy kept: bin/sellerbus dead-letters "
            f"export --id {letter.message_id} --output letters.jsonl --delete --stage {stage}"
        )
    return f"Once the cause is mended, put it back: {command}"
