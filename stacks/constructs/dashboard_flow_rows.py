"""Rows 0 to 2 of the dashboard: alarms, outcome, and what comes in."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarm_topic import Severity
from stacks.constructs.dashboard_view import CellView, lines
from stacks.constructs.dashboard_widgets import COLUMNS, graph, number

Lines = list[list[cloudwatch.IWidget]]
"""Widgets that stand beside each other, and below each other."""

_PROCESSOR = "process_notifications"
WATCH = "watch_stage"
_CANARY = "run_canary"
_MISSED = "find_missed_events"
FAILED_OUTCOMES = ("FATAL", "REFUSED", "FAILED")
"""Of a feed: nothing of it came through. CANCELLED was a person's wish."""
_MOST_ALARMS = 100
"""In one widget. Source: CloudWatch, dashboard body structure, alarm widget."""
THIRD = COLUMNS // 3
QUARTER = COLUMNS // 4


def alarm_states(view: CellView, *, pages: Sequence[cloudwatch.IAlarm]) -> Lines:
    """pages: the alarms that wake somebody; none where there are none, and none on expressions either."""
    shown = [each for each in view.alarms if pages or not each.is_math]

    def of(severity: Severity) -> list[cloudwatch.IAlarm]:
        return [each.alarm for each in shown if each.severity == severity]

    not_ok = [cloudwatch.AlarmState.ALARM, cloudwatch.AlarmState.INSUFFICIENT_DATA]
    return [
        *([_wakers(pages)] if pages else []),
        *_states("These page: something doesn't work now", of("page"), None),
        *_states("These page: something waits for a person, be it for days", of("decide"), None),
        *_states("These warn, only those that are not OK", of("warn"), not_ok),
    ]


def _wakers(pages: Sequence[cloudwatch.IAlarm]) -> list[cloudwatch.IWidget]:
    title = "What pages: doesn't work now; waits for a person"
    return [cloudwatch.AlarmStatusWidget(title=title, alarms=list(pages), width=COLUMNS, height=3)]


def _states(
    title: str, alarms: Sequence[cloudwatch.IAlarm], states: list[cloudwatch.AlarmState] | None
) -> Lines:
    chunks = [alarms[start : start + _MOST_ALARMS] for start in range(0, len(alarms), _MOST_ALARMS)]
    return [
        [
            cloudwatch.AlarmStatusWidget(
                title=title if number == 0 else f"{title} ({number + 1})",
                alarms=list(chunk),
                states=states,
                sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
                width=COLUMNS,
                height=4 if states is None else 3,
            )
        ]
        for number, chunk in enumerate(chunks)
    ]


def outcome(view: CellView) -> Lines:
    parts, own = view.parts, view.own
    dead_letters = [
        each.metric_approximate_number_of_messages_visible(statistic="Maximum")
        for each in parts.dead_letter_queues.values()
    ]
    used = {f"queue_{place}": each for place, each in enumerate(dead_letters)}
    return [
        [
            number(
                "Delivered to the bus",
                [own("NotificationsPublished", "notifications", service=_PROCESSOR)],
                width=QUARTER,
                whole=True,
            ),
            number(
                "Oldest undelivered",
                [
                    parts.queues["Notification"].metric_approximate_age_of_oldest_message(
                        statistic="Maximum", label="seconds"
                    )
                ],
                width=QUARTER,
                whole=False,
            ),
            number(
                "Feeds failed",
                [
                    cloudwatch.MathExpression(
                        expression=f"SUM([{','.join(each.lower() for each in FAILED_OUTCOMES)}])",
                        using_metrics={
                            each.lower(): own("FeedsEnded", each, outcome=each) for each in FAILED_OUTCOMES
                        },
                        label="feeds",
                    )
                ],
                width=QUARTER,
                whole=True,
            ),
            number(
                "Dead letters now",
                [
                    cloudwatch.MathExpression(
                        expression=f"SUM([{','.join(used)}])", using_metrics=used, label="messages"
                    )
                ],
                width=QUARTER,
                whole=False,
            ),
        ]
    ]


def incoming(view: CellView) -> Lines:
    own, by_type = view.own, ("service", "notificationType")
    of_processor = f'service="{_PROCESSOR}"'
    canary, silent = view.take("canary-lost"), view.take("sellers-silent")
    changed = view.take("subscriptions-drifted", "authorization-revoked")
    lost = view.take("notifications-abandoned", "missed-events")
    failed = view.take("notifications-failed")
    return [
        [
            graph(
                "Received, by type",
                left=[view.by("NotificationsReceived", *by_type, where=of_processor)],
                unit="notifications",
                stacked=True,
                width=THIRD,
            ),
            graph(
                "Published, by type",
                left=[view.by("NotificationsPublished", *by_type, where=of_processor)],
                unit="notifications",
                stacked=True,
                width=THIRD,
            ),
            graph(
                "Failed, rejected; copies, stale, held",
                left=[
                    view.by(
                        f"Notifications{each}",
                        *by_type,
                        where=of_processor,
                        label=f"{each.lower()} ${{PROP('Dim.notificationType')}}",
                    )
                    for each in ("Failed", "Rejected")
                ]
                + [
                    own(name, label, service=_PROCESSOR)
                    for name, label in (
                        ("NotificationCopies", "copies"),
                        ("NotificationsStale", "stale"),
                        ("NotificationsHeld", "held"),
                    )
                ]
                + lines(failed),
                unit="notifications",
                alarms=failed,
                width=THIRD,
            ),
        ],
        [
            graph(
                "Amazon's delay: event to our queue",
                left=[
                    own("AmazonDelay", f"all types, {each}", statistic=each, service=_PROCESSOR)
                    for each in ("p50", "p99")
                ]
                + [view.by("AmazonDelay", *by_type, statistic="p50", where=of_processor)],
                unit="milliseconds",
                width=THIRD,
            ),
            graph(
                "Our delay: queue to bus",
                left=[
                    own("OwnDelay", f"all types, {each}", statistic=each, service=_PROCESSOR)
                    for each in ("p50", "p99")
                ],
                unit="milliseconds",
                width=THIRD,
            ),
            graph(
                "Canary: round trips, and their time",
                left=lines(canary) or [own("CanaryRoundTrips", "round trips", service=_CANARY)],
                unit="round trips",
                alarms=canary,
                right=[own("CanaryRoundTripTime", "time, p99", statistic="p99", service=_CANARY)],
                right_unit="milliseconds",
                width=THIRD,
            ),
        ],
        [
            graph(
                "Sellers silent, by their own rhythm",
                left=[
                    own("SellersSilent", "silent", statistic="Maximum", service=WATCH, minutes=15),
                    own("SellersLearning", "rhythm not known yet", statistic="Maximum", service=WATCH),
                ],
                unit="sellers",
                alarms=silent,
                width=THIRD,
            ),
            graph(
                "Drifted, authorisations revoked",
                left=lines(changed)
                or [own("SubscriptionsDrifted", "drifted", service="reconcile_subscriptions")],
                unit="in the period",
                alarms=changed,
                width=THIRD,
            ),
            graph(
                "Abandoned; missed and found",
                left=[
                    *lines(lost),
                    own("MissedEventsFound", "missed, published later", service=_MISSED),
                    own("ClaimsAbandoned", "claims taken over", service=_PROCESSOR),
                ],
                unit="notifications",
                alarms=lost,
                width=THIRD,
            ),
        ],
    ]
