"""config/<stage>.yaml: what is refused, and that each refusal says where and what is allowed."""

from pathlib import Path

import pytest

from stacks.settings import CONFIG_FOLDER, SettingsError, load_settings
from tests.unit.stacks.settings_files import loaded, only, problems

MINIMAL = """\
regions:
  na:
    aws_region: us-east-1
    marketplaces: [US]
sp_api:
  sandbox: false
notifications:
  - type: ORDER_CHANGE
removal_policy: retain
"""

LOCAL = {
    "SP_API_ENDPOINT": "http://127.0.0.1:4010",
    "LWA_ENDPOINT": "http://127.0.0.1:4010/auth/o2/token",
    "LOCAL_RUNTIME": "python3.12",
    "LOCAL_ARCHITECTURE": "x86_64",
    "FEEDS_API_VERSION": "2020-09-04",
}


def with_notifications(lines: str) -> str:
    return MINIMAL.replace("  - type: ORDER_CHANGE\n", lines)


def test_the_projects_own_files_are_valid() -> None:
    assert load_settings("example", environment={}).shared.emulator is False
    (local,) = load_settings("local", environment=LOCAL).cells
    assert local.emulator is True
    assert local.sp_api.endpoint == "http://127.0.0.1:4010"
    assert (local.runtime, local.architecture) == ("python3.12", "x86_64")
    assert local.feeds_api_version == "2020-09-04"
    assert local.feeds.seconds_between == {"default": 2, "JSON_LISTINGS_FEED": 1}
    assert local.messages.settle_seconds == 4


def test_the_least_that_must_be_said(tmp_path: Path) -> None:
    settings = loaded(tmp_path, MINIMAL)
    assert settings.marketplaces == ("ATVPDKIKX0DER",)
    assert settings.existing_subscriptions == "keep"
    assert (settings.region, settings.aws_region) == ("na", "us-east-1")
    assert (settings.sp_api.region, settings.sp_api.sandbox) == ("na", False)
    assert (settings.runtime, settings.architecture) == ("python3.13", "arm64")
    assert (settings.emulator, settings.example_consumer) == (False, False)
    assert settings.retention.model_dump() == {
        "queue_days": 14,
        "logs_days": 30,
        "archive_days": 30,
        "completed_days": 35,
        "payloads_days": 35,
        "feeds_days": 30,
        "messages_days": 28,
    }


def test_feeds_are_as_amazon_advises_where_nothing_is_said(tmp_path: Path) -> None:
    settings = loaded(tmp_path, MINIMAL)
    assert settings.feeds_api_version == "2021-06-30"
    assert settings.feeds.model_dump() == {
        "seconds_between": {"default": 1200, "JSON_LISTINGS_FEED": 120},
        "wait_for_previous": True,
        "settle_seconds": 300,
        "silence_seconds": 900,
        "other_creators": False,
        "largest_megabytes": 1024,
        "custom_types": {},
        "changes": {"window_seconds": 120, "most_changes": 25000, "most_kilobytes": 10240},
    }


def test_messages_as_their_guide_advises_where_nothing_is_said(tmp_path: Path) -> None:
    settings = loaded(tmp_path, MINIMAL)
    assert settings.orders_api_version == "2026-01-01"
    assert settings.messages.model_dump() == {
        "settle_seconds": 300,
        "other_senders": False,
        "give_up_hours": 24,
        "same_message_hours": 24,
    }


def test_the_version_of_the_orders_api_needs_no_quotes(tmp_path: Path) -> None:
    text = f"{MINIMAL}orders_api_version: 2026-01-01\n"
    assert loaded(tmp_path, text).orders_api_version == "2026-01-01"


def test_a_message_may_be_tried_as_long_as_its_text_is_kept(tmp_path: Path) -> None:
    kept = "retention: {messages_days: 2}\n"
    text = f"{MINIMAL}{kept}messages: {{give_up_hours: 48}}\n"
    assert loaded(tmp_path, text).messages.give_up_hours == 48


def test_what_the_example_shows_as_defaults_are_the_defaults(tmp_path: Path) -> None:
    example = (CONFIG_FOLDER / "example.yaml").read_text(encoding="utf-8").splitlines()
    begin = next(index for index, line in enumerate(example) if line.startswith("# feeds_api_version"))
    end = next(index for index, line in enumerate(example) if line.startswith("# alarm_email"))
    shown = "\n".join(line.removeprefix("# ") for line in example[begin:end])
    settings = loaded(tmp_path, f"{MINIMAL}{shown}\n")
    plain = loaded(tmp_path, MINIMAL)
    assert (settings.feeds_api_version, settings.feeds) == (plain.feeds_api_version, plain.feeds)
    assert settings.feeds.model_fields_set == set(type(settings.feeds).model_fields)
    assert (settings.orders_api_version, settings.messages) == (plain.orders_api_version, plain.messages)
    assert settings.messages.model_fields_set == set(type(settings.messages).model_fields)


def test_a_time_between_feeds_leaves_those_of_other_types_as_advised(tmp_path: Path) -> None:
    text = f"{MINIMAL}feeds: {{custom_types: {{NEW_FEED: xml}}, seconds_between: {{NEW_FEED: 0}}}}\n"
    assert loaded(tmp_path, text).feeds.seconds_between == {
        "default": 1200,
        "JSON_LISTINGS_FEED": 120,
        "NEW_FEED": 0,
    }


def test_only_a_size_of_gathered_changes_that_is_written_down_can_be_too_large(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"{MINIMAL}feeds: {{largest_megabytes: 1}}\n").feeds.largest_megabytes == 1


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = loaded(tmp_path, MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        settings.log_level = "DEBUG"


@pytest.mark.parametrize("key", ["sp_api", "notifications", "removal_policy"])
def test_nothing_that_means_production_has_a_default(tmp_path: Path, key: str) -> None:
    lines = MINIMAL.splitlines(keepends=True)
    start = next(index for index, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = next(
        (index for index in range(start + 1, len(lines)) if not lines[index].startswith(" ")), len(lines)
    )
    problem = only(tmp_path, "".join(lines[:start] + lines[end:]))
    assert problem.startswith(f"prod.yaml: {key}: is missing. Allowed: ")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("    aws_region: us-east-1\n", "2: regions.na.aws_region: is missing"),
        ("    marketplaces: [US]\n", "2: regions.na.marketplaces: is missing"),
    ],
)
def test_nor_has_where_a_region_is(tmp_path: Path, line: str, problem: str) -> None:
    assert only(tmp_path, MINIMAL.replace(line, "")).startswith(f"prod.yaml:{problem}. Allowed: ")


def test_without_regions_nothing_can_be_said_of_them(tmp_path: Path) -> None:
    text = MINIMAL[MINIMAL.index("sp_api") :]
    problem = only(tmp_path, text.replace("  - type: ORDER_CHANGE", "  - type: ORDER_CHANGE  # a list"))
    assert problem.startswith("prod.yaml: regions: is missing. Allowed: a mapping of na, eu or fe")


def test_nor_has_what_it_talks_to(tmp_path: Path) -> None:
    text = MINIMAL.replace("sp_api:\n  sandbox: false\n", "sp_api: {}\n")
    assert only(tmp_path, text).startswith("prod.yaml:5: sp_api.sandbox: is missing. Allowed: ")


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
regions:
  na:
    aws_region: us-est-1
    marketplaces: [US, DE, XX]
  us: {}
sp_api:
  sandbox: maybe
notifications:
  - type: ORDER_STATUS_CHANGE
  - tpye: ORDER_CHANGE
removal_policy: retain
retention:
  queue_days: 15
queue:
  fifo: true
"""
    found = problems(tmp_path, text)
    assert [problem.split(": ")[1].split(" =")[0] for problem in found] == [
        "regions.na.aws_region",
        "regions.na.marketplaces[1]",
        "regions.na.marketplaces[2]",
        "regions.us",
        "regions.us.aws_region",
        "regions.us.marketplaces",
        "sp_api.sandbox",
        "notifications[0].type",
        "notifications[1].type",
        "notifications[1].tpye",
        "retention.queue_days",
        "queue.fifo",
    ]
    assert [int(problem.split(":")[1]) for problem in found] == [3, 4, 4, 5, 5, 5, 7, 9, 10, 10, 13, 15]


ONE_LINE = [
    (
        "",
        "colour: blue",
        "10: colour = 'blue': is not a key that is known here",
        "account, custom_types, existing_subscriptions",
    ),
    ("removal_policy: retain", "removal_policy: keep", "9: removal_policy = 'keep'", "retain or destroy"),
    ("us-east-1", "us-est-1", "3: regions.na.aws_region = 'us-est-1'", "us-east-1, eu-west-1 or us-west-2"),
    (
        "us-east-1",
        "us-west-7",
        "3: regions.na.aws_region = 'us-west-7': is no AWS region",
        "us-west-1, us-west-2",
    ),
    ("us-east-1", "us-north-1", "3: regions.na.aws_region = 'us-north-1': is no AWS region", "eu-north-1"),
    ("us-east-1", "cn-north-1", "3: regions.na.aws_region = 'cn-north-1'", "the partition aws"),
    ("us-east-1", "us-gov-west-1", "3: regions.na.aws_region = 'us-gov-west-1'", "the partition aws"),
    ("  na:", "  us:", "2: regions.us: is not a key that is known here", "na, eu or fe"),
    ("sandbox: false", "sandbox: no", "6: sp_api.sandbox = 'no'", "true"),
    ("[US]", "[]", "4: regions.na.marketplaces = []", "marketplace ids or country codes"),
    (
        "[US]",
        "[XX]",
        "4: regions.na.marketplaces[0] = 'XX': is not a marketplace",
        "marketplace ids or country codes",
    ),
    (
        "[US]",
        "[US, ATVPDKIKX0DER]",
        "4: regions.na.marketplaces[1] = 'ATVPDKIKX0DER': is listed twice",
        "once",
    ),
    (
        "[US]",
        "[US, DE]",
        "4: regions.na.marketplaces[1] = 'DE': is a marketplace of region eu, not of na",
        "BR, CA, MX, US",
    ),
    ("  na:", "  fe:", "4: regions.fe.marketplaces[0] = 'US'", "AU, JP, SG"),
    ("", "account: 12345", "10: account = '12345'", "12 digits"),
    ("", "alarm_email: somebody", "10: alarm_email = 'somebody'", "an e-mail address"),
    ("", "log_level: LOUD", "10: log_level = 'LOUD'", "DEBUG, INFO, WARNING or ERROR"),
    ("", "runtime: python3.9", "10: runtime = 'python3.9'", "python3.11, python3.12 or python3.13"),
    ("", "architecture: sparc", "10: architecture = 'sparc'", "arm64 or x86_64"),
    ("", "existing_subscriptions: drop", "10: existing_subscriptions = 'drop'", "keep or replace"),
    ("", "queue: {fifo: true}", "10: queue.fifo = True: asks for a FIFO queue", "false"),
    ("", "queue: {maximum_receives: 1}", "10: queue.maximum_receives = 1", "4 to 1000"),
    ("", "retention: {queue_days: 15}", "10: retention.queue_days = 15", "1 to 14"),
    ("", "retention: {queue_days: 0}", "10: retention.queue_days = 0", "1 to 14"),
    ("", "retention: {queue_days: two}", "10: retention.queue_days = 'two'", "1 to 14"),
    ("", "retention: {logs_days: 31}", "10: retention.logs_days = 31", "1, 3, 5, 7, 14, 30, 60"),
    ("", "retention: {archive_days: 0}", "10: retention.archive_days = 0", "1 to 3653"),
    ("", "retention: {completed_days: 34}", "10: retention.completed_days = 34: forgets", "at least 35"),
    ("", "retention: {payloads_days: 29}", "10: retention.payloads_days = 29: deletes", "(30)"),
    ("", "retention: {feeds_days: 0}", "10: retention.feeds_days = 0", "1 to 3653"),
    ("", "feeds_api_version: 2021-06-31", "10: feeds_api_version = '2021-06-31'", "2021-06-30 or 2020-09-04"),
    ("", "feeds: {settle: 5}", "10: feeds.settle = 5: is not a key that is known here", "settle_seconds"),
    (
        "",
        "feeds: {seconds_between: {JSON_LISTING_FEED: 5}}",
        "10: feeds.seconds_between.JSON_LISTING_FEED = 5: is not a known feed type",
        "feeds.custom_types",
    ),
    ("", "feeds: {seconds_between: {default: -1}}", "10: feeds.seconds_between.default = -1", "0 to 86400"),
    ("", "feeds: {seconds_between: {default: 1d}}", "10: feeds.seconds_between.default = '1d'", "0 to 86400"),
    ("", "feeds: {seconds_between: 1200}", "10: feeds.seconds_between = 1200", "a mapping of feed types"),
    ("", "feeds: {wait_for_previous: no}", "10: feeds.wait_for_previous = 'no'", "true or false"),
    ("", "feeds: {settle_seconds: 0}", "10: feeds.settle_seconds = 0", "1 to 3600"),
    ("", "feeds: {silence_seconds: 21601}", "10: feeds.silence_seconds = 21601", "1 to 21600"),
    ("", "feeds: {other_creators: 1}", "10: feeds.other_creators = 1", "true"),
    ("", "feeds: {largest_megabytes: 5121}", "10: feeds.largest_megabytes = 5121", "1 to 5120"),
    ("", "feeds: {custom_types: {NEW: yaml}}", "10: feeds.custom_types.NEW = 'yaml'", "json, xml, flat_file"),
    ("", "feeds: {custom_types: {new: xml}}", "10: feeds.custom_types.new", "feed types in capitals"),
    ("", "feeds: {changes: {window_seconds: 901}}", "10: feeds.changes.window_seconds = 901", "1 to 900"),
    ("", "feeds: {changes: {most_changes: 25001}}", "10: feeds.changes.most_changes = 25001", "1 to 25000"),
    ("", "feeds: {changes: {most_kilobytes: 0}}", "10: feeds.changes.most_kilobytes = 0", "1 to 10240"),
    (
        "",
        "feeds: {largest_megabytes: 1, changes: {most_kilobytes: 1025}}",
        "10: feeds.changes.most_kilobytes = 1025: gathers feeds that are larger than",
        "at most 1024",
    ),
    ("", "retention: {messages_days: 29}", "10: retention.messages_days = 29", "1 to 28"),
    ("", "retention: {messages_days: 0}", "10: retention.messages_days = 0", "1 to 28"),
    ("", "orders_api_version: v1", "10: orders_api_version = 'v1'", "2026-01-01 or v0"),
    ("", "messages: {settle: 5}", "10: messages.settle = 5: is not a key", "settle_seconds, other_senders"),
    ("", "messages: {settle_seconds: 3601}", "10: messages.settle_seconds = 3601", "1 to 3600"),
    ("", "messages: {other_senders: 1}", "10: messages.other_senders = 1", "true (others send"),
    ("", "messages: {give_up_hours: 169}", "10: messages.give_up_hours = 169", "1 to 168"),
    ("", "messages: {same_message_hours: 0}", "10: messages.same_message_hours = 0", "1 to 168"),
    (
        "",
        "retention: {messages_days: 1}\nmessages: {give_up_hours: 25}",
        "11: messages.give_up_hours = 25: goes on trying to send a message whose text is erased",
        "at most 24 (retention.messages_days 1)",
    ),
    ("", "processing: {batch_size: 0}", "10: processing.batch_size = 0", "1 to 10000"),
    (
        "",
        "processing: {batch_size: 11, batching_window_seconds: 0}",
        "10: processing.batch_size = 11: is above 10 without a batching window",
        "at least 1",
    ),
    ("", "processing: {batching_window_seconds: 301}", "10: processing.batching_window_seconds", "0 to 300"),
    ("", "processing: {maximum_concurrency: 1}", "10: processing.maximum_concurrency = 1", "2 to 1000"),
    ("", "processing: {maximum_concurrency: 1001}", "10: processing.maximum_concurrency", "2 to 1000"),
    ("", "processing: {lease_margin_seconds: 30}", "10: processing.lease_margin_seconds = 30", "31 to 900"),
    ("", "processing: {maximum_event_bytes: 262145}", "10: processing.maximum_event_bytes", "1024 to 262144"),
    ("", "processing: {maximum_event_bytes: 100}", "10: processing.maximum_event_bytes", "1024 to 262144"),
    ("", "processing: {memory_mb: 64}", "10: processing.memory_mb = 64", "128 to 10240"),
    ("", "processing: {timeout_seconds: 901}", "10: processing.timeout_seconds = 901", "30 to 900"),
    ("", "tags: {'aws:owner': me}", "10: tags.aws:owner", "don't begin with aws:"),
    ("", "custom_types: [order_change]", "10: custom_types[0] = 'order_change'", "capitals"),
    (
        "",
        "custom_types: [ORDER_CHANGE]",
        "10: custom_types[0] = 'ORDER_CHANGE': is known already",
        "added after",
    ),
    ("", "custom_types: [NEW, NEW]", "10: custom_types[1] = 'NEW': is listed twice", "once"),
    (
        "",
        "custom_types: [BRANDED_ITEM_CONTENT_CHANGE]",
        "10: custom_types[0] = 'BRANDED_ITEM_CONTENT_CHANGE': is known already",
        "added after",
    ),
    (
        "",
        "custom_types: [MFN_ORDER_STATUS_CHANGE]",
        "10: custom_types[0] = 'MFN_ORDER_STATUS_CHANGE': was removed by Amazon and replaced by ORDER_CHANGE",
        "added after",
    ),
    ("", "emulator: yes", "10: emulator = 'yes'", "true"),
    (
        "[US]",
        "[US]\n    endpoint: https://example.com",
        "5: regions.na.endpoint = 'https://example.com': is only for the local emulator",
        "leave the key out",
    ),
    (
        "us-east-1",
        "env:AWS_REGION",
        "3: regions.na.aws_region = 'env:AWS_REGION': is read from the environment",
        "env: only where emulator is true",
    ),
    ("    aws_region: us-east-1\n    marketplaces: [US]", "", "2: regions.na: is empty", "a mapping of na"),
    (
        "regions:\n  na:\n    aws_region: us-east-1\n    marketplaces: [US]",
        "regions: {}",
        "1: regions = {}",
        "na",
    ),
]


@pytest.mark.parametrize(("old", "new", "found", "allowed"), ONE_LINE)
def test_one_wrong_line(tmp_path: Path, old: str, new: str, found: str, allowed: str) -> None:
    text = MINIMAL.replace(old, new) if old else f"{MINIMAL}{new}\n"
    problem = only(tmp_path, text, AWS_REGION="us-east-1")
    assert problem.startswith(f"prod.yaml:{found}")
    assert allowed in problem.split("Allowed: ")[1]


NOTIFICATIONS = [
    ("  - type: ORDER_STATUS_CHANGE", "type = 'ORDER_STATUS_CHANGE': was removed by Amazon", "ORDER_CHANGE."),
    (
        "  - type: MFN_ORDER_STATUS_CHANGE",
        "was removed by Amazon and replaced by ORDER_CHANGE",
        "ORDER_CHANGE.",
    ),
    ("  - type: ORDERCHANGE", "type = 'ORDERCHANGE': is not a known notification type", "custom_types"),
    (
        "  - {type: LISTINGS_ITEM_STATUS_CHANGE, processing_directive: {filterExpression: a == 1}}",
        "LISTINGS_ITEM_STATUS_CHANGE has no filter expressions",
        "leave the key out",
    ),
    (
        "  - type: LISTINGS_ITEM_ISSUES_CHANGE",
        "LISTINGS_ITEM_ISSUES_CHANGE has several versions",
        "2023-12-13",
    ),
    (
        "  - type: APPLICATION_OAUTH_CLIENT_NEW_SECRET",
        "is registered in the Developer Console",
        "ORDER_CHANGE",
    ),
    ("  - type: APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY", "is registered in the Developer Console", "FEE"),
    (
        "  - type: ORDER_CHANGE\n    payload_version: '2.0'",
        "payload_version = '2.0': is not a payload version of ORDER_CHANGE",
        "1.0.",
    ),
    (
        "  - type: FEED_PROCESSING_FINISHED",
        "payload_version: is missing: FEED_PROCESSING_FINISHED has several versions",
        "2020-09-04 or 1.0.",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {}}",
        "processing_directive: is empty",
        "eventFilter or filterExpression",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {filterExpression: a == 1,"
        " eventFilter: {eventFilterType: ORDER_CHANGE}}}",
        "processing_directive: has eventFilter and filterExpression",
        "one of the two",
    ),
    (
        f"  - {{type: ORDER_CHANGE, processing_directive: {{filterExpression: {'a' * 257}}}}}",
        "filterExpression = 'aaa",
        "at most 256 characters",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {filterExpression: a + b == 2}}",
        "filterExpression = 'a + b == 2': uses an arithmetic operator (+)",
        "CEL without + - * / %",
    ),
    (
        '  - {type: ORDER_CHANGE, processing_directive: {filterExpression: "a[0] == 2"}}',
        "uses indexing ([)",
        "[ ]",
    ),
    (
        "  - {type: PRICING_HEALTH, processing_directive: {eventFilter: {eventFilterType: PRICING_HEALTH}}}",
        "processing_directive.eventFilter: PRICING_HEALTH has no eventFilter",
        "leave the key out",
    ),
    (
        "  - {type: DATA_KIOSK_QUERY_PROCESSING_FINISHED, processing_directive: {filterExpression: a == 1}}",
        "DATA_KIOSK_QUERY_PROCESSING_FINISHED has no filter expressions",
        "leave the key out",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {eventFilter: {eventFilterType: ANY_OFFER_CHANGED}}}",
        "eventFilterType = 'ANY_OFFER_CHANGED': differs from the notification's type",
        "ORDER_CHANGE.",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {eventFilter: {eventFilterType: ORDER_CHANGE,"
        " aggregationSettings: {aggregationTimePeriod: TenMinutes}}}}",
        "aggregationSettings: is not part of the eventFilter of ORDER_CHANGE",
        "marketplaceIds, orderChangeTypes",
    ),
    (
        "  - {type: ANY_OFFER_CHANGED, processing_directive: {eventFilter: {eventFilterType:"
        " ANY_OFFER_CHANGED, aggregationSettings: {aggregationTimePeriod: OneMinute}}}}",
        "eventFilter.aggregationSettings.aggregationTimePeriod = 'OneMinute'",
        "FiveMinutes or TenMinutes",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {eventFilter: {eventFilterType: ORDER_CHANGE,"
        " marketplaceIds: [US]}}}",
        "eventFilter.marketplaceIds[0] = 'US': is not a marketplace id",
        "ATVPDKIKX0DER",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {eventFilter: {eventFilterType: ORDER_CHANGE,"
        " marketplaceIds: [A1PA6795UKMFR9]}}}",
        "marketplaceIds[0] = 'A1PA6795UKMFR9': is a marketplace of region eu, but the entry is for na",
        "marketplaces of na: BR, CA, MX, US",
    ),
    (
        "  - {type: SHIPMENT_TRACKING_MILESTONE_CHANGED, processing_directive: {eventFilter: {"
        "eventFilterType: SHIPMENT_TRACKING_MILESTONE_CHANGED, trackingIdentifier: {id: a, aftn: b}}}}",
        "trackingIdentifier: holds 2 identifiers",
        "exactly one",
    ),
    (
        "  - {type: ORDER_CHANGE, processing_directive: {event_filter: {}}}",
        "processing_directive.event_filter = {}: is not a key that is known here",
        "eventFilter, filterExpression",
    ),
]


@pytest.mark.parametrize(("lines", "found", "allowed"), NOTIFICATIONS)
def test_one_wrong_notification(tmp_path: Path, lines: str, found: str, allowed: str) -> None:
    problem = problems(tmp_path, with_notifications(f"{lines}\n"))[0]
    assert problem.startswith(("prod.yaml:8: notifications[0]", "prod.yaml:9: notifications[0]"))
    assert found in problem
    assert allowed in problem.split("Allowed: ")[1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{type: ORDER_CHANGE}", "{type: ORDER_CHANGE, payload_version: '1.0'}"),
        ("{type: ORDER_CHANGE}", "{type: ORDER_CHANGE, processing_directive: {filterExpression: a == 1}}"),
        (
            "{type: ORDER_CHANGE, processing_directive: {filterExpression: a == 1}}",
            "{type: ORDER_CHANGE, processing_directive: {filterExpression: a == 1}}",
        ),
    ],
)
def test_a_type_is_asked_for_twice(tmp_path: Path, first: str, second: str) -> None:
    problem = only(tmp_path, with_notifications(f"  - {first}\n  - {second}\n"))
    assert problem.startswith(
        "prod.yaml:9: notifications[1] = 'ORDER_CHANGE': asks for the type and version of"
    )


def test_a_type_may_be_there_in_two_versions_or_with_two_filters(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        with_notifications(
            "  - {type: FEED_PROCESSING_FINISHED, payload_version: 1.0}\n"
            "  - {type: FEED_PROCESSING_FINISHED, payload_version: 2020-09-04}\n"
            "  - {type: ORDER_CHANGE, processing_directive: {filterExpression: a == 'x+y'}}\n"
            "  - {type: ORDER_CHANGE, processing_directive: {filterExpression: a == 'z'}}\n"
        ),
    )
    assert [entry.payload_version for entry in settings.notifications] == ["1.0", "2020-09-04", None, None]


def test_a_custom_type_needs_its_version_only(tmp_path: Path) -> None:
    text = f"{MINIMAL}custom_types: [BRAND_NEW]\n"
    settings = loaded(
        tmp_path, text.replace("type: ORDER_CHANGE", "{type: BRAND_NEW, payload_version: '1.0'}")
    )
    assert settings.notifications[0].type == "BRAND_NEW"
    problem = only(tmp_path, text.replace("type: ORDER_CHANGE", "type: BRAND_NEW"))
    assert (
        "notifications[0].payload_version: is missing: the versions of the custom type BRAND_NEW" in problem
    )


def test_the_united_kingdom_has_two_codes(tmp_path: Path) -> None:
    text = MINIMAL.replace("  na:", "  eu:")
    assert loaded(tmp_path, text.replace("[US]", "[UK]")).marketplaces == ("A1F83G8C2ARO7P",)
    assert loaded(tmp_path, text.replace("[US]", "[GB]")).marketplaces == ("A1F83G8C2ARO7P",)


def test_an_account_keeps_its_leading_zero(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"{MINIMAL}account: 012345678901\n").account == "012345678901"
    assert loaded(tmp_path, f"{MINIMAL}account: 123456789012\n").account == "123456789012"


EMULATED = f"emulator: true\n{MINIMAL}"


def with_endpoints(endpoint: str) -> str:
    own = f"endpoint: {endpoint}\n    lwa_endpoint: http://127.0.0.1:1/auth/o2/token"
    return EMULATED.replace("[US]", f"[US]\n    {own}")


def test_the_emulators_stage_never_reaches_amazon(tmp_path: Path) -> None:
    found = problems(tmp_path, EMULATED)
    assert [problem.split(": ")[1] for problem in found] == [
        "regions.na.endpoint",
        "regions.na.lwa_endpoint",
    ]
    text = with_endpoints("https://sellingpartnerapi-na.amazon.com")
    assert "is Amazon's own, and emulator is true" in only(tmp_path, text)


def test_a_variable_that_is_not_set_is_one_problem(tmp_path: Path) -> None:
    text = with_endpoints("env:SOMEWHERE")
    problem = only(tmp_path, text)
    assert problem.startswith(
        "prod.yaml:6: regions.na.endpoint = 'env:SOMEWHERE': the environment variable SOMEWHERE is not set"
    )
    assert "`make up` and `source .local/env`" in problem
    assert loaded(tmp_path, text, SOMEWHERE="http://127.0.0.1:1").sp_api.endpoint == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("a: [1\nb: 2\n", 2, "is not YAML"),
        ("a: 1\na: 2\n", 2, "is written twice: first on line 1"),
        ("", 1, "is empty"),
        ("- a\n", 1, "is not a mapping"),
        ("a: 1\n---\nb: 2\n", 2, "is not YAML"),
        ("a: &again\n  b: *again\n", 2, "refers to itself"),
        ("a: \x07\n", 1, "is not YAML"),
    ],
)
def test_text_that_is_no_settings(tmp_path: Path, text: str, line: int, fault: str) -> None:
    problem = only(tmp_path, text)
    assert problem.startswith(f"prod.yaml:{line}: ")
    assert fault in problem


@pytest.mark.parametrize("stage", ["Prod", "1st", "a" * 21, "../example", "a_b", "ends-"])
def test_a_stages_name_becomes_part_of_other_names(tmp_path: Path, stage: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a stage"):
        load_settings(stage, folder=tmp_path, environment={})


def test_the_folder_of_the_files_can_be_another(tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text(MINIMAL, encoding="utf-8")
    environment = {"SELLERBUS_CONFIG_FOLDER": str(tmp_path)}
    assert load_settings("prod", environment=environment).cell("na").aws_region == "us-east-1"
    with pytest.raises(SettingsError, match=rf"no file {tmp_path}/nowhere.yaml"):
        load_settings("nowhere", environment=environment)
    with pytest.raises(SettingsError, match="SELLERBUS_CONFIG_FOLDER names no folder"):
        load_settings("prod", environment={"SELLERBUS_CONFIG_FOLDER": str(tmp_path / "missing")})


def test_a_missing_stage_says_how_to_choose_one_and_which_there_are() -> None:
    with pytest.raises(SettingsError, match=r"-c stage=<name>.*SELLERBUS_STAGE.*Allowed: local\."):
        load_settings("", environment={})
    with pytest.raises(SettingsError, match=r"no file config/prod.yaml: copy .*Allowed: local\."):
        load_settings("prod", folder=CONFIG_FOLDER, environment={})
