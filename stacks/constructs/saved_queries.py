"""Questions to the logs that an operator has at night, saved in Logs Insights.

The keys they name are those of docs/metrics.md, section logs.
"""

import re
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
            "fields @timestamp, service, level, message, reason, operation, status, outcome",
            # Not by the key alone: the line of a batch lists the ids of all events that it published.
            f'filter @message like "{ID_TO_REPLACE}"',
            "sort @timestamp asc",
            "limit 1000",
        ),
        on_dashboard=False,
    ),
    SavedQuery(
        "top causes",
        (
            # A function that is cut off writes no line of its own: Lambda's says "Task timed out".
            'filter level in ["ERROR", "CRITICAL"] or @message like /Task timed out|Runtime.ExitError/',
            "fields coalesce(reason, error, message, @message) as cause",
            "stats count(*) as times, max(@timestamp) as last by service, cause",
            "sort times desc",
            "limit 20",
        ),
    ),
    SavedQuery(
        "last failures",
        (
            "fields @timestamp, service, message, reason, correlation_id",
            'filter level in ["WARNING", "ERROR", "CRITICAL"] or @message like /Task timed out/',
            "sort @timestamp desc",
            "limit 30",
        ),
    ),
    SavedQuery(
        "quietest sellers",
        (
            "fields @timestamp, silent",
            "fields longest.0.seller_id as quietest, longest.0.notification_type as type",
            "fields longest.0.quiet_seconds as seconds",
            "fields longest.1.seller_id as second, longest.2.seller_id as third",
            'filter service = "watch_stage" and ispresent(silent)',
            "sort @timestamp desc",
            "limit 20",
        ),
    ),
    SavedQuery(
        "Amazon's refusals, by operation",
        (
            'filter ispresent(operation) and (status >= 400 or status = "no answer")',
            "stats count(*) as times, max(@timestamp) as last by operation, status, code",
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
                "".join(re.findall("[A-Za-z]+", query.title.title())),
                name=f"{folder}/{query.title}",
                query_string="\n| ".join(query.lines),
                log_group_names=list(log_group_names),
            )
