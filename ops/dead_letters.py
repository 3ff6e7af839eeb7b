"""`sellerbus dead-letters`: what could not be worked on, why, and putting it back."""

from __future__ import annotations

import typer

from ops import dead_letter_commands, dead_letter_export, dead_letter_redrive

app = typer.Typer(
    no_args_is_help=True,
    help="What could not be worked on: which messages, why, and putting them back. Looking takes nothing "
    "away, but hides a letter from others for a moment.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; on the dead-letter queues "
    "sqs:GetQueueAttributes, ReceiveMessage and ChangeMessageVisibility, and sqs:DeleteMessage (redrive, "
    "export --delete); on the queues they stand behind sqs:GetQueueUrl and SendMessage, "
    "for undeliverable events events:PutEvents on the bus (redrive); "
    "sqs:StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask on the dead-letter queues "
    "(redrive of a whole queue); kms:Decrypt on the stage's key through SQS, and kms:GenerateDataKey "
    "(redrive).",
)
app.command("list")(dead_letter_commands.list_letters)
app.command("show")(dead_letter_commands.show)
app.command("redrive")(dead_letter_redrive.redrive)
app.command("export")(dead_letter_export.export)
