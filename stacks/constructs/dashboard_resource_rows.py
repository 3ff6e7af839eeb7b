"""Rows 5 to 7 of the dashboard: queues, compute, and what the logs say."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from stacks.constructs.alarm_topic import KnownAlarm, Severity
from stacks.constructs.dashboard_flow_rows import THIRD, WATCH, Lines
from stacks.constructs.dashboard_view import MINUTE, CellView, lines, watched_function
from stacks.constructs.dashboard_widgets import COLUMNS, graph, threshold
from stacks.constructs.saved_queries import SavedQuery

_HALF = COLUMNS // 2
_LOG_HEIGHT = 7


def queues(view: CellView) -> Lines:
    oldest, dead = view.take("oldest-message"), view.take("dead-letters", "undeliverable-events")
    late, still = view.take("seller-changes-late"), view.take("queue-standstill")
    sources = view.parts.queues
    patient = {each.watched.node.path for each in oldest if _is_patient(each, view)}
    at_once = [each for each in oldest if each.watched.node.path not in patient]
    on_purpose = [each for each in oldest if each.watched.node.path in patient]
    return [
        [
            graph(
                "Waiting messages",
                left=[
                    each.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", period=MINUTE, label=name
                    )
                    for name, each in sources.items()
                ],
                unit="messages",
                width=THIRD,
            ),
            graph(
                "Oldest message, where none should wait",
                left=lines(at_once),
                unit="seconds",
                alarms=at_once,
                width=THIRD,
            ),
            graph(
                "Oldest message, where some wait a turn",
                left=lines(on_purpose),
                unit="seconds",
                alarms=on_purpose,
                width=THIRD,
            ),
        ],
        [
            graph(
                "Time to drain, at the present pace",
                left=[
                    _time_to_drain(each, name, number) for number, (name, each) in enumerate(sources.items())
                ],
                unit="seconds",
                width=THIRD,
            ),
            graph(
                "Dead letters",
                left=[
                    each.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", period=MINUTE, label=name
                    )
                    for name, each in view.parts.dead_letter_queues.items()
                ],
                unit="messages",
                alarms=dead,
                width=THIRD,
            ),
            graph(
                "Sellers' changes waiting in the stream",
                left=lines(late),
                unit="milliseconds",
                alarms=late,
                width=THIRD,
            ),
        ],
        [
            graph(
                "Taken again and again, none done",
                left=lines(still),
                unit="receives",
                alarms=still,
                width=COLUMNS,
            )
        ],
    ]


def _is_patient(alarm: KnownAlarm, view: CellView) -> bool:
    """Whether the queue's messages wait for a reason of their own, so that it warns later than others."""
    limits = view.limits.oldest_message
    usual: Mapping[Severity, int] = {"warn": limits.warn_seconds, "page": limits.page_seconds}
    return float(alarm.alarm.to_annotation().value) > usual[alarm.severity]


def _time_to_drain(queue: sqs.IQueue, name: str, number: int) -> cloudwatch.IMetric:
    """While messages wait and none leaves there is a gap: CloudWatch leaves out what is divided by zero."""
    waiting, gone = f"waiting_{number}", f"gone_{number}"
    return cloudwatch.MathExpression(
        expression=f"{waiting} * PERIOD({gone}) / {gone}",
        using_metrics={
            waiting: queue.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            gone: queue.metric_number_of_messages_deleted(statistic="Sum"),
        },
        label=name,
    )


def compute(view: CellView) -> Lines:
    errors = view.take("function-errors")
    slow = view.take("function-slow")
    throttled = view.take("function-throttled")
    machine = view.take("feed-task-failed")
    tables, bus = view.take("table-throttled"), view.take("bus-failed")
    clock, unheard = view.take("schedule-stopped"), view.take("alarms-unheard")
    share = view.limits.function_duration.percent_of_timeout
    return [
        [
            graph(
                "Errors of functions",
                left=lines(errors),
                unit="percent of invocations",
                alarms=errors,
                width=THIRD,
            ),
            graph(
                "Duration p99, of the time-out",
                left=[_of_timeout(each, number) for number, each in enumerate(slow)],
                unit="percent",
                annotations=[threshold(share, {each.severity for each in slow}, "above")] if slow else [],
                width=THIRD,
            ),
            graph("Throttled", left=lines(throttled), unit="invocations", alarms=throttled, width=THIRD),
        ],
        [
            graph(
                "State machine of feeds",
                left=lines(machine),
                unit="executions",
                alarms=machine,
                width=THIRD,
            ),
            graph("Tables throttled", left=lines(tables), unit="requests", alarms=tables, width=THIRD),
            graph("Bus: failed invocations", left=lines(bus), unit="events", alarms=bus, width=THIRD),
        ],
        [
            graph(
                "Runs by the clock, in each interval",
                left=lines(clock),
                unit="invocations",
                alarms=clock,
                width=2 * THIRD,
            ),
            graph(
                "Addresses that hear of no alarm",
                left=lines(unheard)
                or [view.own("AlarmTopicUnconfirmed", "unconfirmed", statistic="Maximum", service=WATCH)],
                unit="addresses",
                alarms=unheard,
                width=THIRD,
            ),
        ],
    ]


def _of_timeout(alarm: KnownAlarm, number: int) -> cloudwatch.IMetric:
    """What the alarm watches, in percent of its function's time-out: those of 10 s and of 15 min compare."""
    function = watched_function(alarm)
    if function is None or function.timeout is None:
        raise TypeError(f"{alarm.alarm.node.path} is not made by a function: whose time-out is meant?")
    duration = f"duration_{number}"
    milliseconds = int(function.timeout.to_milliseconds())
    return cloudwatch.MathExpression(
        expression=f"100 * {duration} / {milliseconds}",
        using_metrics={duration: alarm.metric},
        label=function.service,
        period=MINUTE,
    )


def evidence(queries: Sequence[SavedQuery], log_groups: Sequence[str]) -> Lines:
    shown = [
        cloudwatch.LogQueryWidget(
            title=query.title,
            log_group_names=list(log_groups),
            query_lines=list(query.lines),
            view=cloudwatch.LogQueryVisualizationType.TABLE,
            width=_HALF,
            height=_LOG_HEIGHT,
        )
        for query in queries
        if query.on_dashboard
    ]
    return [list(shown[start : start + 2]) for start in range(0, len(shown), 2)]


def others(view: CellView) -> Lines:
    """Alarms that no row above has asked for: an alarm without a graph can't be."""
    left = view.left
    if not left:
        return []
    return [
        [graph("Other alarms", left=lines(left), unit="as each alarm has it", alarms=left, width=COLUMNS)]
    ]
