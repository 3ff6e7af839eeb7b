"""`sellerbus messages`: messages to buyers, handed over as tasks and followed to what became of them."""

from __future__ import annotations

import typer

from ops import (
    compose,
    message_actions,
    message_decisions,
    message_looking,
    message_many,
    message_send,
    message_template_commands,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Messages to buyers about their orders, each a task that is sent at most once.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; on the table Messages "
    "dynamodb:GetItem (show, send), BatchGetItem (send-many), and Scan (list without --seller), on its index "
    "bySeller dynamodb:Query (list --seller); on the seller registry dynamodb:GetItem (send, send-many, list "
    "--seller; without it the stage alone checks the seller); on the queue of message tasks sqs:SendMessage "
    "(send, send-many); on attachments/* of the message bucket s3:PutObject (send, send-many), on "
    "templates/* of it s3:GetObject (where a template is named; without it the stage alone checks it); "
    "lambda:InvokeFunction on operate_message (settle, cancel) and look_up_orders (actions, compose); on the "
    "stage's key kms:Decrypt, and kms:GenerateDataKey (send, send-many), through DynamoDB, SQS and S3.",
)
app.command("compose")(compose.compose)
app.command("send")(message_send.send)
app.command("send-many")(message_many.send_many)
app.command("actions")(message_actions.actions)
app.command("list")(message_looking.list_tasks)
app.command("show")(message_looking.show)
app.command("settle")(message_decisions.settle)
app.command("cancel")(message_decisions.cancel)
app.add_typer(message_template_commands.app, name="templates")
