"""The archive of published notifications: a queue, what writes it down, and the bucket that keeps it."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.encrypted_bucket import EncryptedBucket
from stacks.constructs.event_bus import NOTIFICATIONS_SOURCE, NotificationBus
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.queue_as_target import QueueAsTarget
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters

EVENT_PREFIX = "events/"
_TIMEOUT = cdk.Duration.minutes(1)
_RETENTION = cdk.Duration.days(14)
# Retries come every six minutes: an outage of S3 for most of a day is no dead letter.
_MAXIMUM_RECEIVES = 200
# The larger the batches, the fewer the objects that a reader has to fetch.
_BATCH_SIZE = 1000
_WINDOW = cdk.Duration.seconds(5)
_LOCAL_WINDOW = cdk.Duration.seconds(1)


class ArchiveBucket(EncryptedBucket):
    """Not versioned: an object is written once under a name of its own, and what expires (it holds buyer
    data) must be gone.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, defaults: FunctionDefaults, policy: cdk.RemovalPolicy
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            key=defaults.key,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpireEvents",
                    prefix=EVENT_PREFIX,
                    expiration=cdk.Duration.days(defaults.settings.retention.archive_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=policy,
        )


class EventArchive(Construct):
    """`bucket`, `queue`, `rule` and `writer`.

    Every published notification is written; what is replayed is not, nor is the canary.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bus: NotificationBus,
        defaults: FunctionDefaults,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = ArchiveBucket(self, "Bucket", defaults=defaults, policy=removal_policy)
        self.queue = QueueWithDeadLetters(
            self,
            "ArchiveQueue",
            key=defaults.key,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
            retention=_RETENTION,
            maximum_receives=_MAXIMUM_RECEIVES,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            alarm_topic=defaults.alarm_topic,
            carries="events for the archive",
        )
        self.rule = events.Rule(
            self,
            "PublishedNotifications",
            event_bus=bus.bus,
            description="Every published notification, but what is replayed out of the archive",
            event_pattern=events.EventPattern(
                source=[NOTIFICATIONS_SOURCE],
                # EventBridge asks for existence at leaves only: on `replay` itself it would take all.
                detail={"replay": {"id": events.Match.does_not_exist()}},
            ),
            targets=[QueueAsTarget(self.queue)],
        )
        self.writer = PythonFunction(
            self,
            "ArchiveNotifications",
            name="archive_notifications",
            description="Writes published notifications into the archive",
            defaults=defaults,
            timeout=_TIMEOUT,
            # A batch is up to 6 MB, several times in memory.
            memory_mb=512,
            environment={"ARCHIVE_BUCKET_NAME": self.bucket.bucket_name},
        )
        role = self.writer.execution_role
        self.queue.let_consume(role, sid="TakeEvents")
        self.bucket.let_write(role, sid="WriteArchive", prefix=EVENT_PREFIX)
        lambda_.EventSourceMapping(
            self.writer,
            "ArchiveQueueSource",
            target=self.writer,
            event_source_arn=self.queue.queue.queue_arn,
            batch_size=_BATCH_SIZE,
            max_batching_window=_LOCAL_WINDOW if defaults.settings.emulator else _WINDOW,
            max_concurrency=10,
            report_batch_item_failures=True,
        )
