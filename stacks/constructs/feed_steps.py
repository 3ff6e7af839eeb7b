"""The functions that are the steps of a feed, with exactly the rights that each needs."""

import json

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.feed_buckets import CHANGES_PREFIX, INBOX_PREFIX, RESULT_PREFIX
from stacks.constructs.feed_state_machine import let_answer, let_start
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.task_resources import TaskResources, document_hosts
from stacks.feed_task_definition import END_FEED_TASK, FOLLOW_FEED

SHORT = cdk.Duration.minutes(1)
LONG = cdk.Duration.minutes(15)
# From here on a function has a whole processor: documents are read, hashed and enciphered as fast as that.
DOCUMENT_MEMORY_MB = 1769

# What keeping a task in its row, and ending it, takes: its place in the lane is deleted with it.
KEEP_TASKS = ("DeleteItem", "GetItem", "UpdateItem")


class FeedSteps(Construct):
    """`functions` by their names in the state machine's definition, which has the ARN `state_machine`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, resources: TaskResources, state_machine: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        self.functions = {
            "CheckFeed": self._check_feed(),
            "TakeTurn": self._take_feed_turn(),
            "SubmitFeed": self._submit_feed(),
            FOLLOW_FEED: self._follow_feed(state_machine),
            "CollectFeedReport": self._collect_feed_report(),
            "ReportListingChanges": self._report_listing_changes(),
            END_FEED_TASK: self._end_feed_task(state_machine),
        }

    def _check_feed(self) -> PythonFunction:
        resources = self._resources
        settings = resources.defaults.settings
        function = PythonFunction(
            self,
            "CheckFeed",
            name="check_feed",
            description="Reads a feed whole before Amazon is called, and tells every fault in it",
            defaults=resources.document_defaults,
            timeout=LONG,
            memory_mb=DOCUMENT_MEMORY_MB,
            environment={
                **resources.environment,
                "SELLER_TABLE_NAME": resources.access.registry.table_name,
                "RESULT_BUCKET_NAME": resources.results.bucket_name,
                "FEEDS_API_VERSION": settings.feeds_api_version,
                "LARGEST_FEED_BYTES": str(settings.feeds.largest_megabytes * 1024 * 1024),
                "CUSTOM_FEED_TYPES": json.dumps(settings.feeds.custom_types),
            },
        )
        role = function.execution_role
        resources.let_work(function, *KEEP_TASKS)
        resources.access.registry.let_look_up(role)
        resources.inbox.let_read(role, sid="ReadFeeds", prefix=INBOX_PREFIX)
        resources.inbox.let_find(role, sid="FindFeeds")
        resources.results.let_write(role, sid="KeepFindings", prefix=RESULT_PREFIX)
        return function

    def _take_feed_turn(self) -> PythonFunction:
        resources = self._resources
        feeds = resources.defaults.settings.feeds
        function = PythonFunction(
            self,
            "TakeFeedTurn",
            name="take_feed_turn",
            description="Lets one feed of a seller and type after the other have its turn",
            defaults=resources.defaults,
            timeout=SHORT,
            environment={
                "TASK_TABLE_NAME": resources.table.table_name,
                "SECONDS_BETWEEN_FEEDS": json.dumps(feeds.seconds_between),
                "WAIT_FOR_PREVIOUS_FEED": json.dumps(feeds.wait_for_previous),
            },
        )
        resources.table.let(function.execution_role, *KEEP_TASKS, "ConditionCheckItem", "Query")
        return function

    def _submit_feed(self) -> PythonFunction:
        resources = self._resources
        settings = resources.defaults.settings
        function = PythonFunction(
            self,
            "SubmitFeed",
            name="submit_feed",
            description="Uploads a feed's document and submits it, once",
            defaults=resources.document_defaults,
            timeout=LONG,
            memory_mb=DOCUMENT_MEMORY_MB,
            environment={
                **resources.environment,
                **resources.access.seller_environment,
                "DOCUMENT_HOSTS": document_hosts(settings),
                "FEEDS_API_VERSION": settings.feeds_api_version,
                "SETTLE_SECONDS": str(settings.feeds.settle_seconds),
                "SILENCE_SECONDS": str(settings.feeds.silence_seconds),
                "OTHER_FEED_CREATORS": json.dumps(settings.feeds.other_creators),
            },
        )
        role = function.execution_role
        resources.let_work(function, *KEEP_TASKS, for_sellers=True)
        resources.inbox.let_read(role, sid="ReadFeeds", prefix=INBOX_PREFIX)
        resources.inbox.let_find(role, sid="FindFeeds")
        return function

    def _follow_feed(self, state_machine: str) -> PythonFunction:
        resources = self._resources
        function = PythonFunction(
            self,
            "FollowFeed",
            name="follow_feed",
            description="Waits for a feed's end, and asks Amazon where no notification comes",
            defaults=resources.defaults,
            timeout=SHORT,
            environment={
                **resources.environment,
                **resources.access.seller_environment,
                "SILENCE_SECONDS": str(resources.defaults.settings.feeds.silence_seconds),
            },
        )
        resources.let_work(function, *KEEP_TASKS, for_sellers=True)
        let_answer(function.execution_role, state_machine)
        return function

    def _collect_feed_report(self) -> PythonFunction:
        resources = self._resources
        function = PythonFunction(
            self,
            "CollectFeedReport",
            name="collect_feed_report",
            description="Keeps Amazon's processing report, and what it says of each message",
            defaults=resources.document_defaults,
            timeout=LONG,
            memory_mb=DOCUMENT_MEMORY_MB,
            environment={
                **resources.environment,
                **resources.access.seller_environment,
                "RESULT_BUCKET_NAME": resources.results.bucket_name,
                "DOCUMENT_HOSTS": document_hosts(resources.defaults.settings),
            },
        )
        resources.let_work(function, *KEEP_TASKS, for_sellers=True)
        resources.results.let_write(
            function.execution_role, sid="KeepReports", prefix=RESULT_PREFIX, in_parts=True
        )
        return function

    def _report_listing_changes(self) -> PythonFunction:
        resources = self._resources
        function = PythonFunction(
            self,
            "ReportListingChanges",
            name="report_listing_changes",
            description="Gives each gathered listing change its own result",
            defaults=resources.defaults,
            timeout=LONG,
            memory_mb=1024,
            environment={
                **resources.environment,
                "INBOX_BUCKET_NAME": resources.inbox.bucket_name,
                "RESULT_BUCKET_NAME": resources.results.bucket_name,
            },
        )
        role = function.execution_role
        resources.let_work(function, "GetItem", "PutItem", "UpdateItem")
        resources.inbox.let_read(role, sid="ReadChanges", prefix=CHANGES_PREFIX)
        resources.results.let_read(role, sid="ReadResults", prefix=RESULT_PREFIX)
        return function

    def _end_feed_task(self, state_machine: str) -> PythonFunction:
        resources = self._resources
        function = PythonFunction(
            self,
            "EndFeedTask",
            name="end_feed_task",
            description="Ends a task whose step failed for good, or that nobody decided on",
            defaults=resources.defaults,
            timeout=SHORT,
            environment={**resources.environment, "FEED_STATE_MACHINE_ARN": state_machine},
        )
        resources.let_work(function, *KEEP_TASKS)
        let_start(function.execution_role, state_machine)
        return function
