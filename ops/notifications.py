"""`sellerbus notifications`: what was published, again if need be, and made-up ones to try things with."""

from __future__ import annotations

import typer

from ops import notification_replay, notification_send, notification_show, notification_tail

app = typer.Typer(
    no_args_is_help=True,
    help="Amazon's notifications as they were published: follow them, look one up, publish them again, or "
    "send made-up ones to a stage for trying.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; on the archive bucket s3:ListBucket "
    "and GetObject (tail, show, replay, send --wait); on the table Ledger dynamodb:GetItem (show); on the "
    "event bus events:PutEvents (replay), or sqs:SendMessage on the queue that --to names; on the "
    "notification queue sqs:SendMessage (send); on the stage's key kms:Decrypt, and kms:GenerateDataKey "
    "(send), through S3, DynamoDB and SQS.",
)
app.command("tail")(notification_tail.tail)
app.command("show")(notification_show.show)
app.command("replay")(notification_replay.replay)
app.command("send")(notification_send.send)
