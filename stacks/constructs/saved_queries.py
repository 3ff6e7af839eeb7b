"""Questions to the logs that an operator has at night, saved in Logs Insights.

The keys they name are those of docs/metrics.md, section logs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

ID_TO_REPLACE = "PUT-THE-ID-HERE"
_MOST_LOG_GROUPS = 50
"""Of one query. Source: CloudWatch Logs, StartQuery, logGroupNames."""


@dataclass(frozen=True)
class SavedQuery:
    """A query in Logs Insights' language, a line a command."""

    title: str
    lines: tuple[str, ...]
    on_dashboard: bool = True


QUERIES = (
    SavedQuery(
        "way of one id",
        (
            "fields @timestamp, service, level, message, operation, status, notificationType, sellerId",
            f'filter correlation_id = "{ID_TO_REPLACE}"',
            "sort @timestamp asc",
            "limit 1000",
        ),
        on_dashboard=False,
    ),
    SavedQuery(
        "top causes",
        (
            # A function that is cut off writes no line of its own: Lambda's says "Task timed out".
            'filter level in ["ERROR", "CRITICAL"] or @message like /Task timed out|Runtime\\.ExitError/',
            "fields coalesce(exception_name, reason, message, @message) as cause",
            "stats count(*) as times, max(@timestamp) as last by service, cause",
            "sort times desc",
            "limit 20",
        ),
    ),
    SavedQuery(
        "last failures",
        (
            "fields @timestamp, service, message, exception_name, correlation_id",
            'filter level in ["WARNING", "ERROR", "CRITICAL"] or @message like /Task timed out/',
            "sort @timestamp desc",
            "limit 30",
        ),
    ),
    SavedQuery(
        "quietest sellers",
        (
            'filter service = "process_notifications" and ispresent(sellerId)',
            "stats max(@timestamp) as lastArrival, count(*) as lines by sellerId, notificationType",
            "sort lastArrival asc",
            "limit 30",
        ),
    ),
    SavedQuery(
        "refusals of Amazon, by operation",
        (
            "filter ispresent(operation) and status >= 400",
            "stats count(*) as times, max(@timestamp) as last by operation, status",
            "sort times desc",
            "limit 30",
        ),
    ),
)


class SavedQueries(Construct):
    """`queries`, over the logs of all functions, in a folder named as the cell's stacks begin."""

    def __init__(
        self, scope: Construct, construct_id: str, *, folder: str, log_group_names: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        if len(log_group_names) > _MOST_LOG_GROUPS:
            raise ValueError(
                f"{len(log_group_names)} functions write logs; a query takes {_MOST_LOG_GROUPS} log groups."
            )
        for query in QUERIES:
            logs.CfnQueryDefinition(
                self,
                "".join(word.strip(",").capitalize() for word in query.title.split()),
                name=f"{folder}/{query.title}",
                query_string="\n| ".join(query.lines),
                log_group_names=list(log_group_names),
            )
