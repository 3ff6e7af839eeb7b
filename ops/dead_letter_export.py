"""`sellerbus dead-letters export`: letters with their bodies, one a line, for whoever mends them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from ops import console, dead_letter_queues, guard
from ops.cells import RegionName
from ops.dead_letter_commands import LetterIds, QueueName, Reason
from ops.dead_letter_moving import remove
from ops.dead_letter_queues import DeadLetterQueue
from ops.dead_letter_reading import Letter, look
from ops.errors import EXISTS, NOT_FOUND, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.options import AsJson, NoInput, StageName, Yes, opened

_MOST: Final = 10_000


def export(
    stage: StageName,
    queue: QueueName = None,
    ids: LetterIds = None,
    reason: Reason = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A new file, which only you may read. Without it stdout.",
            show_default=False,
        ),
    ] = None,
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Delete them from the queue once the file is written; needs --output."),
    ] = False,
    yes: Yes = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Write dead letters with their bodies as JSON lines. They stay in their queue, but for --delete.

    Examples:
        bin/sellerbus dead-letters export --stage production --queue notification -o letters.jsonl
        bin/sellerbus dead-letters export --stage production --reason not-json -o letters.jsonl --delete

    Bodies are written as they are and may hold a buyer's data: keep the file where such data may lie, and
    delete it when it has served. Letters that may be a client secret are left out. --delete is for what can
    never be worked on, so that its alarm ends. A line: {"region", "queue", "messageId", "originalMessageId",
    "reason", "detail", "sentAt", "receives", "body", "attributes"}. Exit code 3 where there is no such
    letter; 4 where the file is there already. Printed with --json, which needs --output: {"output",
    "letters", "withheld", "deleted"}.
    """
    del no_input
    target = opened(stage)
    if output is None and (delete or as_json):
        raise CommandError("--delete and --json need --output FILE.", WRONG_INPUT)
    queues = dead_letter_queues.deployed(target, region, queue)
    if delete:
        guard.allowed(target, confirm, "Deleting dead letters")
    wanted = {each.strip() for each in ids or ()}
    found, withheld = _found(queues, wanted, reason)
    if not found:
        kept = (
            f" {console.counted(withheld, 'letter')} that may be a secret {console.was(withheld)} left out."
        )
        raise CommandError(f"There is no such dead letter.{kept if withheld else ''}", NOT_FOUND)
    if delete:
        count = console.counted(len(found), "letter")
        console.confirmed(f"Delete {count} once written to {output}?", yes=yes or confirm is not None)
    with _opened(output) as stream:
        for each, letter in found:
            stream.write(json.dumps(_line(each, letter), ensure_ascii=True, sort_keys=True) + "\n")
    deleted = _delete(queues, {letter.message_id for _, letter in found}) if delete else 0
    if as_json:
        document = {"output": str(output), "letters": len(found), "withheld": withheld, "deleted": deleted}
        console.show_json(document)
    elif output is not None:
        gone = ", and deleted from the queue" if delete else ""
        console.show_line(f"{output}: {console.counted(len(found), 'letter')}{gone}")
    console.say(
        "The bodies may hold buyers' data: keep them where such data may lie, and no longer than needed."
    )
    if withheld:
        secrets = console.counted(withheld, "letter")
        console.say(f"{secrets} that may be a client secret {console.was(withheld)} left out.")


def _found(
    queues: Sequence[DeadLetterQueue], ids: set[str], reason: str | None
) -> tuple[list[tuple[DeadLetterQueue, Letter]], int]:
    """Return the letters that are wanted and may be shown, and how many may not."""
    found = [
        (queue, letter)
        for queue in queues
        if queue.depth().visible
        for letter in look(queue.sqs, queue.url, _MOST)
        if (not ids or ids & {letter.message_id, letter.original_id}) and reason in (None, letter.reason)
    ]
    shown = [(queue, letter) for queue, letter in found if not queue.kind.secret]
    return shown, len(found) - len(shown)


def _line(queue: DeadLetterQueue, letter: Letter) -> dict[str, Any]:
    return {
        "region": queue.cell.region,
        "queue": queue.name,
        "messageId": letter.message_id,
        "originalMessageId": letter.original_id,
        "reason": letter.reason,
        "detail": letter.detail,
        "sentAt": letter.sent_at.isoformat() if letter.sent_at else None,
        "receives": letter.receives,
        "body": letter.body,
        "attributes": {name: letter.text(name) for name in letter.attributes if letter.text(name)},
    }


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    """Yield a stream to write to; a file is on the disk when the block ends well."""
    if output is None:
        yield sys.stdout
        return
    try:
        # Its rights from the first byte on: set afterwards, somebody could have opened it in between.
        number = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{output} is there already: name a new file.", EXISTS) from None
    except OSError as error:
        raise CommandError(f"{output} can't be written: {error.strerror}.", WRONG_INPUT) from None
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _delete(queues: Sequence[DeadLetterQueue], written: set[str]) -> int:
    """Delete what was written, and nothing that came since."""
    return sum(remove(queue.sqs, queue.url, written) for queue in queues if queue.depth().visible)
