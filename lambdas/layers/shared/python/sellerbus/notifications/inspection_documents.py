"""The inspector's answers as JSON objects: plans, subscriptions and destinations, in Amazon's words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sellerbus.api.notifications import Destination, Subscription
from sellerbus.notifications.drift import stands_in_place
from sellerbus.notifications.dry_run import Looked, PlannedType
from sellerbus.notifications.subscriptions import Create, Delete, Step
from sellerbus.notifications.wanted import EVENT_BRIDGE, KEEP, SQS, Wanted

MOST_ANSWER_BYTES: Final = 5_000_000
"""Lambda answers 6 MB at most."""

_KEPT_WHEN_CUT: Final = 20


def type_plan(planned: PlannedType, wanted: Wanted) -> dict[str, Any]:
    """Return one type's plan. blocked: also what a run tries again and Amazon is likely to refuse again."""
    plan = planned.plan
    return {
        "notificationType": plan.notification_type,
        "steps": [
            *(_step(step, wanted, planned) for step in plan.steps),
            *(_unlisted(known) for known in planned.unlisted),
        ],
        "kept": [subscription(item) for item in plan.kept],
        "foreign": [subscription(item) for item in plan.foreign],
        "blocked": [*(row.payload_version for row in plan.blocked), *sorted(planned.refused_before)],
    }


def unlistable_type(name: str, error: Exception) -> dict[str, Any]:
    """Return the plan of a type that Amazon refuses to list: it hides nothing of the others."""
    empty: dict[str, Any] = {key: [] for key in ("steps", "kept", "foreign", "blocked")}
    return {"notificationType": name, **empty, "error": str(error)}


def _step(step: Step, wanted: Wanted, planned: PlannedType) -> dict[str, Any]:
    """Return one step. refusedBecauseOf: another's subscription for which Amazon probably refuses it."""
    if isinstance(step, Delete):
        item = step.subscription
        return {
            "action": "delete",
            "payloadVersion": item.payload_version,
            "subscriptionId": item.subscription_id,
            "destinationId": item.destination_id,
            "reason": step.reason,
        }
    reason, there = _doubtful(step, wanted, planned)
    return {
        "action": "create",
        "payloadVersion": step.wanted.payload_version,
        "subscriptionId": None,
        "destinationId": wanted.destinations.of(step.wanted),
        "reason": reason,
        "refusedBecauseOf": there,
    }


def _doubtful(step: Create, wanted: Wanted, planned: PlannedType) -> tuple[str, str | None]:
    """Return a creation's reason with what speaks against it, and the subscription that does."""
    there = stands_in_place(planned.plan.foreign, step.wanted)
    if step.wanted.payload_version in planned.refused_before:
        known = there or next(
            item for item in planned.plan.foreign if item.payload_version == step.wanted.payload_version
        )
        because = f"{step.reason}; Amazon refused it the last time, because of {known.subscription_id}"
        return because, known.subscription_id
    if there is None or wanted.existing_subscriptions != KEEP:
        # Where others' are replaced, Amazon's refusal is what has the one in its place deleted.
        return step.reason, None
    because = f"{step.reason}; {there.subscription_id} stands in its place: Amazon will probably refuse"
    return because, there.subscription_id


def _unlisted(subscription_id: str) -> dict[str, Any]:
    return {
        "action": "delete",
        "payloadVersion": None,
        "subscriptionId": subscription_id,
        "destinationId": None,
        "reason": "is on record, though Amazon does not list it",
    }


def subscription(item: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": item.subscription_id,
        "payloadVersion": item.payload_version,
        "destinationId": item.destination_id,
        "processingDirective": dict(item.directive) if item.directive else None,
    }


def actual(looked: Looked, wanted: Wanted) -> list[dict[str, Any]]:
    """Return what Amazon has of every type that was looked at, ours and others'."""
    return [
        {
            "notificationType": name,
            "ours": item.destination_id in wanted.destinations.ids
            or item.subscription_id in looked.record.ids(name),
            **subscription(item),
        }
        for name, rows in looked.listed.items()
        for item in rows
    ]


def destination(found: Destination, own_ids: Sequence[str]) -> dict[str, Any]:
    resource: dict[str, Any] = {}
    if found.queue_arn is not None:
        resource[SQS] = {"arn": found.queue_arn}
    if found.event_bridge is not None:
        source = found.event_bridge
        resource[EVENT_BRIDGE] = {
            "name": source.name,
            "accountId": source.account_id,
            "region": source.region,
        }
    return {
        "destinationId": found.destination_id,
        "name": found.name,
        "kind": next(iter(resource), "unknown"),
        "resource": resource,
        "ours": found.destination_id in own_ids,
    }


def fitting(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer, with shorter lists where Lambda would refuse it."""
    if len(json.dumps(answer).encode()) <= MOST_ANSWER_BYTES:
        return answer
    return {**_shortened(answer), "cut": True}


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        # The types of a plan are few; it is what lies below them that can be many.
        return {
            name: [_shortened(item) for item in part] if name == "plan" else _shortened(part)
            for name, part in value.items()
        }
    return value[:_KEPT_WHEN_CUT] if isinstance(value, list) else value
