"""`sellerbus feeds`: feeds handed over, and what Amazon did with each message of them."""

from __future__ import annotations

import typer

from ops import feed_decisions, feed_looking, feed_resubmit, feed_submit

app = typer.Typer(
    no_args_is_help=True,
    help="Feeds, each a task from its file to what Amazon did with each of its messages. docs/feeds.md has "
    "the states, the outcomes and the other ways to hand feeds over.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; on the table Tasks "
    "dynamodb:GetItem, Query (show) and Scan (list without --seller), on its index bySeller "
    "dynamodb:Query (list --seller; show and resubmit, which say so without it); on the seller "
    "registry dynamodb:GetItem (submit, resubmit, list --seller; without it the seller is checked by "
    "the stage alone); on the inbox bucket s3:PutObject and s3:AbortMultipartUpload (submit, "
    "resubmit), and s3:GetObject and s3:GetObjectVersion (resubmit); on the result bucket "
    "s3:GetObject (errors, report, resubmit, --wait); on both s3:ListBucket, without which S3 "
    "refuses access to what is not kept any more; lambda:InvokeFunction on operate_feed (cancel, "
    "settle); on the stage's key kms:Decrypt, and kms:GenerateDataKey (submit, resubmit), through "
    "DynamoDB and S3. The execution in the console: states:DescribeExecution and "
    "GetExecutionHistory, and the key's kms:Decrypt through Step Functions.",
)
app.command("submit")(feed_submit.submit)
app.command("list")(feed_looking.list_tasks)
app.command("show")(feed_looking.show)
app.command("errors")(feed_looking.errors)
app.command("report")(feed_looking.report)
app.command("resubmit")(feed_resubmit.resubmit)
app.command("cancel")(feed_decisions.cancel)
app.command("settle")(feed_decisions.settle)
