"""A standard queue and its dead-letter queue, both under the customer managed key."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic, Severity
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.customer_managed_key import READ_ACTIONS, WRITE_ACTIONS, CustomerManagedKey
from stacks.emulator import queue_actions
from stacks.removal import keep_policy
from stacks.settings_sections import DEAD_LETTER_RETENTION_DAYS
from stacks.unique_name import unique_name

# One data key serves this long: fewer calls to KMS (they cost money), same key.
_DATA_KEY_REUSE = cdk.Duration.hours(1)


class QueueWithDeadLetters(Construct):
    """`queue` and `dead_letter_queue`. Plain transport is denied on both; each has its alarms.

    carries: what the messages hold, in the alarms' words, such as "notifications". oldest_message: how long a
    message may wait for a reason of its own before that is worth a warning, where the settings' warn_seconds
    are too few. only_kept: nobody takes from the queue, so that age is no fault. name: where others write the
    queue down, a plain one; it stands in the way of the next stack where the queue is kept.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: CustomerManagedKey,
        visibility_timeout: cdk.Duration,
        retention: cdk.Duration,
        maximum_receives: int,
        removal_policy: cdk.RemovalPolicy,
        alarm_topic: AlarmTopic,
        carries: str = "messages",
        oldest_message: cdk.Duration | None = None,
        only_kept: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        # Each of the two names the other.
        name = name or unique_name(self, construct_id)
        source_arn = cdk.Stack.of(self).format_arn(service="sqs", resource=name)
        self.dead_letter_queue = sqs.Queue(
            self,
            "DeadLetterQueue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            data_key_reuse=_DATA_KEY_REUSE,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(DEAD_LETTER_RETENTION_DAYS),
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE,
                source_queues=[sqs.Queue.from_queue_arn(self, "Source", source_arn)],
            ),
            removal_policy=removal_policy,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            data_key_reuse=_DATA_KEY_REUSE,
            enforce_ssl=True,
            retention_period=retention,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=maximum_receives
            ),
            removal_policy=removal_policy,
        )
        # A queue that is kept goes on to be sent to: without its policy Amazon's sends would fail unseen.
        for queue in (self.queue, self.dead_letter_queue):
            keep_policy(queue, removal_policy)
        self._watch_dead_letters(alarm_topic, carries, "warn" if only_kept else "decide")
        if not only_kept:
            self._watch_age(alarm_topic, carries, oldest_message)
            self._watch_standstill(alarm_topic, carries)

    def _watch_dead_letters(self, topic: AlarmTopic, carries: str, severity: Severity) -> None:
        limit = topic.limits.dead_letters
        # Not NumberOfMessagesSent: SQS doesn't count there what it moves itself.
        alarm(
            self,
            "DeadLettersAlarm",
            metric=self.dead_letter_queue.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.seconds(limit.period_seconds), statistic=cloudwatch.Stats.MAXIMUM
            ),
            threshold=limit.more_than,
            text=AlarmText(
                symptom=f"Messages lie in the dead-letter queue of {self.node.id}.",
                impact=f"Nothing came of these {carries}; SQS deletes them after "
                f"{DEAD_LETTER_RETENTION_DAYS} days.",
                command="bin/sellerbus dead-letters list",
                anchor="dead-letters",
            ),
            topic=topic,
            severity=severity,
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _watch_age(self, topic: AlarmTopic, carries: str, own: cdk.Duration | None) -> None:
        limit = topic.limits.oldest_message
        warn = int(own.to_seconds()) if own else limit.warn_seconds
        seconds: Mapping[Severity, int] = {
            "warn": warn,
            "page": warn + limit.page_seconds - limit.warn_seconds,
        }
        for severity, threshold in seconds.items():
            alarm(
                self,
                f"OldestMessage{severity.capitalize()}Alarm",
                metric=self.queue.metric_approximate_age_of_oldest_message(
                    period=cdk.Duration.seconds(limit.period_seconds), statistic=cloudwatch.Stats.MAXIMUM
                ),
                threshold=threshold,
                text=AlarmText(
                    symptom=f"Messages of {self.node.id} wait longer than {threshold} s.",
                    impact=f"These {carries} come late.",
                    command="bin/sellerbus status",
                    anchor="oldest-message",
                ),
                topic=topic,
                severity=severity,
                points=limit.window,
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
            )

    def _watch_standstill(self, topic: AlarmTopic, carries: str) -> None:
        """Sees what the age doesn't: SQS leaves out of it what was received three times.

        Nor is it an error of the function, which answers with what comes again; and a message may be received
        for days before it is a dead letter.
        Source: SQS developer guide, "Available CloudWatch metrics for Amazon SQS".
        """
        limit = topic.limits.standstill
        period = cdk.Duration.seconds(limit.period_seconds)
        total = cloudwatch.Stats.SUM
        alarm(
            self,
            "StandstillAlarm",
            metric=cloudwatch.MathExpression(
                expression="IF(FILL(done, 0) == 0, taken, 0)",
                using_metrics={
                    "taken": self.queue.metric_number_of_messages_received(period=period, statistic=total),
                    "done": self.queue.metric_number_of_messages_deleted(period=period, statistic=total),
                },
                period=period,
                label=f"{self.node.id}: taken, none done",
            ),
            threshold=0,
            text=AlarmText(
                symptom=f"Messages of {self.node.id} are taken again and again, and none is done.",
                impact=f"Nothing comes of these {carries} now; each is tried until it is a dead letter.",
                command="bin/sellerbus doctor",
                anchor="queue-standstill",
            ),
            topic=topic,
            severity="page",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def let_send(self, grantee: iam.IRole, *, sid: str) -> None:
        """Lets a role send to the queue."""
        self._let_send_to(self.queue, grantee, sid)

    def let_look(self, grantee: iam.IRole, *, sid: str) -> None:
        """Lets a role see how many messages the queue has."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid,
                actions=queue_actions(self, "sqs:GetQueueAttributes"),
                resources=[self.queue.queue_arn],
            )
        )

    def let_send_dead_letters(self, grantee: iam.IRole, *, sid: str, found_by_name: bool = False) -> None:
        """Lets a role put a message into the dead-letter queue itself, with the reason.

        found_by_name: its code finds the queue by what the source queue says of it.
        """
        also = ("sqs:GetQueueUrl",) if found_by_name else ()
        self._let_send_to(self.dead_letter_queue, grantee, sid, also)

    def let_consume(self, grantee: iam.IRole, *, sid: str, also: Sequence[str] = ()) -> None:
        """Lets a role's function be fed from the queue, and do `also` what its code does itself."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid,
                actions=queue_actions(
                    self,
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    *also,
                ),
                resources=[self.queue.queue_arn],
            )
        )
        self._key.let_use(grantee, sid=f"{sid}Key", actions=READ_ACTIONS, through="sqs")

    def _let_send_to(self, queue: sqs.IQueue, grantee: iam.IRole, sid: str, also: Sequence[str] = ()) -> None:
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid, actions=queue_actions(self, "sqs:SendMessage", *also), resources=[queue.queue_arn]
            )
        )
        self._key.let_use(grantee, sid=f"{sid}Key", actions=WRITE_ACTIONS, through="sqs")
