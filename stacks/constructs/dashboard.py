"""One dashboard for a cell: what is wrong, since when, and what to run, from the top down."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct, IConstruct

from stacks.constructs import dashboard_amazon_rows as outward
from stacks.constructs import dashboard_flow_rows as flows
from stacks.constructs import dashboard_resource_rows as resources
from stacks.constructs import dashboard_texts as texts
from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.dashboard_parts import find_parts
from stacks.constructs.dashboard_view import CellView
from stacks.constructs.dashboard_widgets import panel
from stacks.constructs.python_function import FunctionDefaults
from stacks.constructs.saved_queries import QUERIES, SavedQueries

SHOWN_HOURS = 8
_LONG = 3
_SHORT = 2
_SHORT_TEXT = 300
"""Characters that two rows of the grid hold, under a heading, on a narrow screen."""


class OperationsDashboard(Construct):
    """To be made last: it shows what the stacks hold by then, and every alarm that the topic knows.

    It holds no function and no alarm back: their names come by weak references, so that a new version can
    leave one out while the dashboard of the old one still shows it. (CloudFormation removes no export that
    another stack imports, and the stack that imports is deployed last.)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stacks: Sequence[cdk.Stack],
        topic: AlarmTopic,
        pages: Sequence[cloudwatch.IAlarm],
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = defaults.settings
        parts = find_parts(stacks)
        for function in parts.functions.values():
            _refer_weakly(function)
            _refer_weakly(function.log_group)
        for known in topic.alarms:
            _refer_weakly(known.alarm)
        view = CellView(
            namespace=defaults.metrics_namespace, parts=parts, alarms=topic.alarms, limits=topic.limits
        )
        log_groups = [each.log_group.log_group_name for each in parts.functions.values()]
        SavedQueries(self, "Queries", folder=defaults.prefix, log_group_names=log_groups)
        rows = [
            flows.outcome(view),
            flows.incoming(view),
            outward.outgoing(view),
            outward.amazon(view),
            resources.queues(view),
            resources.compute(view),
            resources.evidence(QUERIES, log_groups),
        ]
        where = (defaults.stage, settings.region, defaults.prefix)
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            # A plain name, as the bus has: people keep it in their bookmarks. Nothing is lost with it.
            dashboard_name=defaults.prefix,
            default_interval=cdk.Duration.hours(SHOWN_HOURS),
        )
        dashboard.add_widgets(
            panel(texts.opening(*where, runbook_url=topic.limits.runbook_url), height=_LONG)
        )
        # The emulator has neither composite alarms nor such on expressions.
        for line in flows.alarm_states(view, pages=() if settings.emulator else pages):
            dashboard.add_widgets(*line)
        for text, row in zip(texts.rows(*where), rows, strict=True):
            dashboard.add_widgets(panel(text, height=_LONG if len(text) > _SHORT_TEXT else _SHORT))
            for line in row:
                dashboard.add_widgets(*line)
        for line in resources.others(view):
            dashboard.add_widgets(*line)
        stack = cdk.Stack.of(self)
        self.name = defaults.prefix
        self.url = (
            f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home?region={stack.region}"
            f"#dashboards/dashboard/{self.name}"
        )


def _refer_weakly(construct: IConstruct) -> None:
    cdk.CrossStackReferences.of(construct).produce(cdk.ReferenceStrength.WEAK)
