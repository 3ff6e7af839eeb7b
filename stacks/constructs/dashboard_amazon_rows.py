"""Rows 3 and 4 of the dashboard: what goes out, and Amazon's API."""

from stacks.constructs.dashboard_flow_rows import QUARTER, THIRD, WATCH, Lines
from stacks.constructs.dashboard_view import CellView, lines
from stacks.constructs.dashboard_widgets import graph


def outgoing(view: CellView) -> Lines:
    own = view.own
    stuck = view.take("feed-stuck")
    uncertain = view.take("feed-uncertain", "message-uncertain")
    return [
        [
            graph(
                "Feeds submitted, and ended by outcome",
                left=[
                    own("FeedsSubmitted", "submitted", service="submit_feed"),
                    view.by("FeedsEnded", "outcome"),
                ],
                unit="feeds",
                width=THIRD,
            ),
            graph(
                "Messages in feeds, by Amazon's answer",
                left=[
                    view.over("FeedMessagesAccepted", "accepted", "service"),
                    view.over("FeedMessagesRefused", "refused", "service"),
                ],
                unit="messages",
                width=THIRD,
            ),
            graph(
                "Feeds: submitted to done",
                left=[
                    view.by("FeedDuration", "service", statistic=each, label=each) for each in ("p50", "p90")
                ],
                unit="seconds",
                width=THIRD,
            ),
        ],
        [
            graph(
                "Oldest open feed",
                left=lines(stuck)
                or [own("OldestOpenFeed", "oldest open feed", statistic="Maximum", service=WATCH)],
                unit="seconds",
                alarms=stuck,
                right=[own("OpenFeeds", "open feeds", statistic="Maximum", service=WATCH)],
                right_unit="feeds",
                width=THIRD,
            ),
            graph(
                "Messages to buyers, by outcome",
                left=[view.by("MessagesEnded", "outcome")],
                unit="messages",
                right=[own("OpenMessages", "open", statistic="Maximum", service=WATCH)],
                right_unit="open messages",
                width=THIRD,
            ),
            graph(
                "Uncertain: a person decides",
                left=lines(uncertain)
                or [
                    own(f"Uncertain{each}", each.lower(), statistic="Maximum", service=WATCH)
                    for each in ("Feeds", "Messages")
                ],
                unit="tasks",
                alarms=uncertain,
                width=THIRD,
            ),
        ],
    ]


def amazon(view: CellView) -> Lines:
    throttled = view.take("amazon-throttles")
    tokens = view.take("token-failures")
    secret = view.take("client-secret-expiring")
    rotation = view.take("client-secret-refused", "secret-rotation-failed")
    calls = ("operation",)
    return [
        [
            graph(
                "Calls, by operation",
                left=[view.by("ApiCalls", *calls)],
                unit="calls",
                stacked=True,
                width=THIRD,
            ),
            graph("429, by operation", left=[view.by("ApiThrottled", *calls)], unit="calls", width=THIRD),
            graph(
                "Share of 429",
                left=lines(throttled) or [view.over("ApiThrottled", "429", "operation")],
                unit="percent of calls",
                alarms=throttled,
                width=THIRD,
            ),
        ],
        [
            graph(
                "4xx but 429",
                left=[view.by("ApiClientErrors", *calls)],
                unit="calls",
                width=QUARTER,
            ),
            graph(
                "5xx, lost answers",
                left=[view.by("ApiServerErrors", *calls)],
                unit="calls",
                width=QUARTER,
            ),
            graph(
                "Latency p99",
                left=[view.by("ApiLatency", *calls, statistic="p99")],
                unit="milliseconds",
                width=QUARTER,
            ),
            graph(
                "Quota used",
                left=[view.by("QuotaUsed", *calls, statistic="Maximum")],
                unit="percent",
                width=QUARTER,
            ),
        ],
        [
            graph(
                "Token failures",
                left=lines(tokens) or [view.over("TokenFailures", "token failures", "service")],
                unit="failures",
                alarms=tokens,
                width=THIRD,
            ),
            graph(
                "Client secret: days to expiry",
                left=lines(secret)
                or [view.own("ClientSecretDays", "days", statistic="Minimum", service=WATCH)],
                unit="days",
                alarms=secret,
                width=THIRD,
            ),
            graph(
                "Secret rotation",
                left=[
                    *lines(rotation),
                    *(
                        view.own(f"SecretRotations{each}", each.lower(), service="rotate_secret")
                        for each in ("Requested", "Stored", "Promoted")
                    ),
                ],
                unit="rotations",
                alarms=rotation,
                width=THIRD,
            ),
        ],
    ]
