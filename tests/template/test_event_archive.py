"""The archive of published notifications: what gets into it, and how long it stays."""

from tests.template.synthesis import Synthesis, attribute, refers_to


def test_every_notification_is_archived_and_no_replay_is(synthesis: Synthesis) -> None:
    template = synthesis.notifications
    rule_id = template.logical_id("AWS::Events::Rule", "ArchivePublishedNotifications")
    rule = template.of_type("AWS::Events::Rule")[rule_id]["Properties"]
    # The canary has a source of its own; existence is looked for at leaves only.
    assert rule["EventPattern"] == {
        "source": ["sellerbus.notifications"],
        "detail": {"replay": {"id": [{"exists": False}]}},
    }
    queue_id = template.logical_id("AWS::SQS::Queue", "ArchiveArchiveQueue")
    dead_letter_id = template.logical_id("AWS::SQS::Queue", "ArchiveArchiveQueueDeadLetterQueue")
    (target,) = rule["Targets"]
    assert target["Arn"] == attribute(queue_id)
    assert target["DeadLetterConfig"] == {"Arn": attribute(dead_letter_id)}


def test_it_is_written_in_large_batches_and_failures_come_again_alone(
    example: Synthesis, local: Synthesis
) -> None:
    for synthesis, window in ((example, 5), (local, 1)):
        (mapping,) = (
            found["Properties"]
            for name, found in synthesis.notifications.of_type("AWS::Lambda::EventSourceMapping").items()
            if name.startswith("ArchiveArchiveNotifications")
        )
        assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (1000, window)
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_it_forgets_when_the_settings_say(synthesis: Synthesis) -> None:
    template = synthesis.notifications
    bucket = template.of_type("AWS::S3::Bucket")[template.logical_id("AWS::S3::Bucket", "ArchiveBucket")]
    (rule,) = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == synthesis.settings.retention.archive_days
    assert rule["Prefix"] == "events/"
    assert "VersioningConfiguration" not in bucket["Properties"]


def test_it_is_there_before_the_first_event_and_emptied_after_the_last(local: Synthesis) -> None:
    template = local.notifications
    functions = template.functions()
    rule_id = template.logical_id("AWS::Events::Rule", "ArchivePublishedNotifications")
    assert rule_id in functions["process_notifications"]["DependsOn"]
    (emptied,) = (
        logical_id
        for logical_id, found in template.of_type("Custom::EmptyBucket").items()
        if refers_to(found["Properties"], template.logical_id("AWS::S3::Bucket", "ArchiveBucket"))
    )
    assert emptied in functions["archive_notifications"]["DependsOn"]


def test_a_function_writes_under_its_prefix_only(synthesis: Synthesis) -> None:
    statement = synthesis.notifications.rights("archive_notifications")["WriteArchive"]
    assert statement["Resource"]["Fn::Join"][1][-1] == "/events/*"
