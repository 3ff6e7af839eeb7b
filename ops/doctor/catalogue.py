"""All checks, from the outside in. The ids are stable: they are anchors of docs/doctor.md."""

from __future__ import annotations

from typing import Final

from ops.doctor import (
    alarm_checks,
    arrival_checks,
    aws_checks,
    backlog_checks,
    destination_checks,
    key_checks,
    local_checks,
    mapping_checks,
    queue_checks,
    quota_checks,
    secret_checks,
    seller_checks,
    stack_checks,
    subscription_checks,
)
from ops.doctor.check import Check, Scope

CHECKS: Final = (
    Check(
        "SB-LOCAL-001",
        "Python and its packages are as this version pins them",
        local_checks.python_and_packages,
        scope=Scope.STAGE,
    ),
    Check("SB-LOCAL-002", "the CDK that deploys is installed", local_checks.cdk, scope=Scope.STAGE),
    Check("SB-LOCAL-003", "the configuration is valid", local_checks.configuration, scope=Scope.STAGE),
    Check("SB-AWS-001", "AWS accepts your credentials", aws_checks.credentials, scope=Scope.STAGE),
    Check(
        "SB-AWS-002",
        "your credentials are of the stage's account",
        aws_checks.account,
        needs=("SB-LOCAL-003", "SB-AWS-001"),
        scope=Scope.STAGE,
    ),
    Check("SB-AWS-003", "the AWS region answers and clocks agree", aws_checks.region, needs=("SB-AWS-002",)),
    Check(
        "SB-STACK-001", "the stacks are deployed and ended well", stack_checks.deployed, needs=("SB-AWS-003",)
    ),
    Check(
        "SB-STACK-002",
        "what is deployed is this configuration and this code",
        stack_checks.as_configured,
        needs=("SB-STACK-001",),
    ),
    Check("SB-FUNC-001", "every function can run", stack_checks.functions_run, needs=("SB-STACK-001",)),
    Check("SB-KEY-001", "the key can be used", key_checks.usable, needs=("SB-STACK-001",)),
    Check(
        "SB-KEY-002",
        "the key's policy lets Amazon encrypt",
        key_checks.lets_amazon_encrypt,
        needs=("SB-KEY-001",),
    ),
    Check(
        "SB-SECRET-001", "client id and client secret are stored", secret_checks.stored, needs=("SB-KEY-001",)
    ),
    Check(
        "SB-SECRET-002",
        "the client secret is good for a month at least",
        secret_checks.age,
        needs=("SB-SECRET-001",),
    ),
    Check(
        "SB-SECRET-003",
        "no rotation of the client secret is stuck",
        secret_checks.rotation,
        needs=("SB-SECRET-001",),
    ),
    Check(
        "SB-LWA-001",
        "Login with Amazon gives a token for each grant of the application",
        secret_checks.grants,
        needs=("SB-FUNC-001", "SB-SECRET-001"),
    ),
    Check(
        "SB-SELLER-001",
        "the registry has sellers, and can be read",
        seller_checks.registry,
        needs=("SB-KEY-001",),
    ),
    Check(
        "SB-SELLER-002",
        "each active seller's authorisation stands",
        seller_checks.authorisations,
        needs=("SB-LWA-001", "SB-SELLER-001"),
    ),
    Check(
        "SB-QUEUE-001",
        "the notification queue is there, encrypted as meant",
        queue_checks.as_meant,
        needs=("SB-KEY-001",),
    ),
    Check(
        "SB-QUEUE-002",
        "the notification queue's policy lets Amazon send",
        queue_checks.lets_amazon_send,
        needs=("SB-QUEUE-001",),
    ),
    Check(
        "SB-QUEUE-003",
        "the application queue's policy lets Amazon send",
        queue_checks.application_queue,
        needs=("SB-KEY-001",),
    ),
    Check(
        "SB-DEST-001",
        "Amazon's destination is this queue",
        destination_checks.queue,
        needs=("SB-LWA-001", "SB-QUEUE-001"),
    ),
    Check(
        "SB-DEST-002",
        "Amazon's event source is in use",
        destination_checks.event_source,
        needs=("SB-LWA-001",),
    ),
    Check(
        "SB-SUBS-001",
        "each seller's subscriptions at Amazon are as wanted",
        subscription_checks.as_wanted,
        needs=("SB-SELLER-002", "SB-DEST-001"),
    ),
    Check(
        "SB-SUBS-002",
        "the reconciler's last runs succeeded",
        subscription_checks.runs,
        needs=("SB-SELLER-002", "SB-SUBS-001"),
    ),
    Check(
        "SB-MAP-001", "what feeds the functions is enabled", mapping_checks.sources, needs=("SB-FUNC-001",)
    ),
    Check("SB-MAP-002", "rules and schedules are enabled", mapping_checks.rules, needs=("SB-STACK-001",)),
    Check(
        "SB-BACKLOG-001",
        "the queues are worked off",
        backlog_checks.worked_off,
        needs=("SB-MAP-001", "SB-FUNC-001"),
    ),
    Check(
        "SB-DLQ-001", "the dead-letter queues are empty", backlog_checks.none_dead, needs=("SB-STACK-001",)
    ),
    Check(
        "SB-ARRIVE-001",
        "each seller's notifications come in their usual rhythm",
        arrival_checks.rhythm,
        needs=("SB-QUEUE-002", "SB-KEY-002", "SB-MAP-001", "SB-SELLER-002", "SB-SUBS-001"),
    ),
    Check(
        "SB-ARRIVE-002", "the canary comes back", arrival_checks.canary, needs=("SB-MAP-001", "SB-MAP-002")
    ),
    Check("SB-ALARM-001", "alarms reach a person", alarm_checks.reach_somebody, needs=("SB-STACK-001",)),
    Check("SB-ALARM-002", "the alarms are there and armed", alarm_checks.armed, needs=("SB-STACK-001",)),
    Check("SB-ALARM-003", "no alarm rings", alarm_checks.quiet, needs=("SB-ALARM-002",)),
    Check("SB-QUOTA-001", "Amazon's rate limits are kept", quota_checks.throttled, needs=("SB-STACK-001",)),
    Check(
        "SB-QUOTA-002",
        "the account lets enough functions run at once",
        quota_checks.concurrency,
        needs=("SB-AWS-003",),
    ),
)
