"""The alarms that page name those of other stacks, of which CloudFormation knows nothing by that."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.page_alarm import PageAlarms
from stacks.settings_alarms import Alarms
from tests.template.synthesis import make_app


def test_the_stacks_whose_alarms_are_named_are_deployed_before(tmp_path: Path) -> None:
    """CloudWatch refuses a composite alarm that names one that isn't there."""
    app = make_app(tmp_path)
    env = cdk.Environment(region="us-east-1")
    own, first, second = (cdk.Stack(app, name, env=env) for name in ("Own", "First", "Second"))
    key = CustomerManagedKey(own, "Key", prefix="p", removal_policy=cdk.RemovalPolicy.DESTROY)
    topic = AlarmTopic(own, "Topic", stage="s", region="na", key=key, limits=Alarms(), email=None)
    PageAlarms(own, "Pages", prefix="p", stacks=[first, second], topic=topic, key=key)
    assert {stack.node.id for stack in own.dependencies} == {"First", "Second"}
