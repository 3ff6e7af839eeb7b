"""Whether Amazon's destinations are this stage's queue and event source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.amazon import NOT_THERE, AmazonRefusedError
from ops.doctor.asking import ask
from ops.doctor.check import Finding, Looked, NotCheckedError
from ops.doctor.facts import Facts
from ops.stage import NOTIFICATIONS
from stacks.settings_model import needs_eventbridge


def queue(facts: Facts) -> Looked:
    """SB-DEST-001: the destination is there, and is the notification queue in this AWS region."""
    destination_id = facts.output("DestinationId", NOTIFICATIONS)
    arn = facts.output("NotificationQueueArn", NOTIFICATIONS)
    found = _find(facts, destination_id)
    if found is None:
        return Looked("not there", (_gone(facts, f"Amazon knows no destination {destination_id}"),))
    sends_to = str((found["resource"].get("sqs") or {}).get("arn"))
    if sends_to != arn:
        region = sends_to.split(":")[3:4]
        elsewhere = f" It is in the AWS region {region[0]}." if region and region[0] not in arn else ""
        evidence = f"destination {destination_id} sends to {sends_to}, the queue is {arn}"
        return Looked("another queue", (_gone(facts, evidence, f"sends elsewhere.{elsewhere}"),))
    return Looked(f"{destination_id}, to the notification queue in {facts.cell.settings.aws_region}")


def _find(facts: Facts, destination_id: str) -> Mapping[str, Any] | None:
    try:
        answer = ask(facts, {"request": "destination", "destinationId": destination_id})
    except AmazonRefusedError as error:
        if error.kind == NOT_THERE:
            return None
        raise
    found: Mapping[str, Any] = answer["destination"]
    return found


def _gone(facts: Facts, evidence: str, what: str = "is gone.") -> Finding:
    return Finding(
        what=f"Amazon's destination for the notification queue {what} Notifications are lost.",
        whom=facts.everybody,
        evidence=(evidence,),
        by_hand="CloudFormation takes it for being there. The command gives the stack's resource another "
        "revision, so that it looks again, makes the destination, and the subscriptions after it.",
        mend=(_revision(facts),),
    )


def _revision(facts: Facts) -> str:
    name = facts.cell.stack_name(NOTIFICATIONS)
    return facts.aws(
        f"cloudformation update-stack --stack-name {name} --use-previous-template "
        f"--capabilities CAPABILITY_IAM --parameters "
        f"ParameterKey=DestinationRevision,ParameterValue={facts.now:%Y%m%d%H%M}"
    )


def event_source(facts: Facts) -> Looked:
    """SB-DEST-002: Amazon's partner event source, for types that come by EventBridge only, is in use."""
    if not needs_eventbridge(facts.cell.settings):
        raise NotCheckedError("no configured type comes by EventBridge")
    name = facts.output("PartnerEventSourceName", NOTIFICATIONS)
    client = facts.client("events")
    try:
        state = str(client.describe_event_source(Name=name).get("State"))
    except client.exceptions.ResourceNotFoundException:
        state = "not there"
    if state == "ACTIVE":
        return Looked(name)
    pending = state == "PENDING"
    finding = Finding(
        what=f"Amazon's event source is {'not associated with its event bus' if pending else state}: what "
        "comes by EventBridge is lost.",
        whom=facts.everybody,
        evidence=(f"{name}: {state}",),
        by_hand="EventBridge deletes a source that stays so for two weeks."
        if pending
        else "Deploy once without the EventBridge types, and then with them again.",
        mend=(facts.deploying,),
    )
    return Looked(state, (finding,))
