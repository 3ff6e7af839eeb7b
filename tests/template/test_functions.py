"""The functions: their environment, log groups, tracing, and exactly the rights that their code needs."""

import json
from pathlib import Path
from typing import Any

import pytest

from sellerbus.runtime import (
    archive_config,
    config,
    message_config,
    missed_config,
    rotation_config,
    task_config,
    watch_config,
)
from tests.template.synthesis import Synthesis, Template, attribute, listed, refers_to, synthesise

FOLDERS = {
    path.parent.name for path in (Path(__file__).resolve().parents[2] / "lambdas").glob("*/handler.py")
}


def config_models() -> dict[str, type[config.FunctionConfig]]:
    """The config model of each function, by the folder it names."""
    return {
        model.function: model
        for module in (
            archive_config,
            config,
            message_config,
            missed_config,
            rotation_config,
            task_config,
            watch_config,
        )
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, config.FunctionConfig) and model.function
    }


def placeholder(value: Any) -> str:
    """A value as the function would see it: references become some text."""
    return value if isinstance(value, str) else "resolved-at-deploy"


@pytest.fixture(params=["Notifications", "Tasks", "Operations"])
def stack(request: pytest.FixtureRequest, synthesis: Synthesis) -> Template:
    """Each stack that has functions."""
    return synthesis.templates[request.param]


def deployed(synthesis: Synthesis) -> set[str]:
    return {name for template in synthesis.with_functions for name in template.functions()}


def test_every_folder_is_deployed_but_what_empties_a_bucket_where_it_is_kept(
    example: Synthesis, local: Synthesis
) -> None:
    assert deployed(local) == FOLDERS
    assert deployed(example) == FOLDERS - {"empty_bucket"}


def test_no_function_is_deployed_twice_but_what_empties_buckets(local: Synthesis) -> None:
    twice = set(local.notifications.functions()) & set(local.tasks.functions())
    assert twice == {"empty_bucket"}


def test_every_folder_has_a_config_model() -> None:
    assert set(config_models()) == FOLDERS


def test_the_environment_is_what_the_config_model_demands(synthesis: Synthesis, stack: Template) -> None:
    for function, found in stack.functions().items():
        environment = found["Properties"]["Environment"]["Variables"]
        model = config_models()[function]
        assert set(environment) == set(config.variables(model)), function
        loaded = config.load(model, {name: placeholder(value) for name, value in environment.items()})
        assert loaded.service_name == function
        assert loaded.stage == synthesis.stage


WITH_DOCUMENTS = {"check_feed", "collect_feed_report", "submit_feed"}


def test_functions_are_made_alike(synthesis: Synthesis, stack: Template) -> None:
    layers = stack.of_type("AWS::Lambda::LayerVersion")
    documents = {name for name in layers if name.startswith("DocumentsLayer")}
    assert len(layers) - len(documents) == 2
    for function, found in stack.functions().items():
        properties = found["Properties"]
        settings = synthesis.settings
        assert properties["Runtime"] == settings.runtime
        assert properties["Architectures"] == [settings.architecture]
        assert properties["Handler"] == "handler.handler"
        assert properties["TracingConfig"] == {"Mode": "Active"}
        wanted = set(layers) if function in WITH_DOCUMENTS else set(layers) - documents
        assert {layer["Ref"] for layer in properties["Layers"]} == wanted, function


def test_each_writes_to_an_own_log_group_that_forgets(synthesis: Synthesis, stack: Template) -> None:
    for function, found in stack.functions().items():
        log_group = found["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        properties = stack.of_type("AWS::Logs::LogGroup")[log_group]["Properties"]
        assert properties["RetentionInDays"] == synthesis.settings.retention.logs_days
        rights = stack.rights(function)["WriteLogs"]
        assert rights["Resource"] == attribute(log_group)


def test_each_has_a_role_of_its_own_without_managed_policies(stack: Template) -> None:
    roles = stack.of_type("AWS::IAM::Role")
    used = [function["Properties"]["Role"]["Fn::GetAtt"][0] for function in stack.functions().values()]
    of_others = {name for name in roles if name.startswith("FeedTasksRole")}
    assert sorted(used) == sorted(set(roles) - of_others)
    assert not any("ManagedPolicyArns" in role["Properties"] for role in roles.values())


ALL_MAY = {"WriteLogs", "XRay"}
APPLICATION = {"ReadLwaCredentials", "ReadLwaCredentialsKey", "SpendQuota", "UseTablesKey"}
SELLERS = {*APPLICATION, "UseSellerRegistry", "DecryptRefreshTokens"}
RIGHTS = {
    "process_notifications": {
        "NoteArrivals",
        "PublishEvents",
        "SendDeadLetters",
        "SendDeadLettersKey",
        "StoreLargePayloads",
        "StoreLargePayloadsKey",
        "TakeNotifications",
        "TakeNotificationsKey",
        "UseLedger",
        "UseLedgerKey",
    },
    "sweep_ledger": {"FindPending", "SettlePending", "UseLedgerKey"},
    "manage_destination": APPLICATION,
    "manage_subscriptions": {
        *SELLERS,
        "PublishEvents",
        "QueueSellers",
        "QueueSellersKey",
        "UseSubscriptionState",
    },
    "inspect_amazon": {*SELLERS, "ReadSubscriptionState", "ReadWanted"},
    "queue_every_seller": {"FindSellers", "QueueSellers", "QueueSellersKey", "UseTablesKey"},
    "reconcile_subscriptions": {
        *SELLERS,
        "PublishEvents",
        "QueueSellers",
        "QueueSellersKey",
        "ReadWanted",
        "SendDeadLetters",
        "SendDeadLettersKey",
        "TakeSellers",
        "TakeSellersKey",
        "UseSubscriptionState",
    },
    "archive_notifications": {"TakeEvents", "TakeEventsKey", "WriteArchive", "WriteArchiveKey"},
    "empty_bucket": {"ArchiveDelete", "ArchiveList", "ResourceDelete", "ResourceList"},
    "queue_seller_changes": {
        "ListStreams",
        "QueueSellers",
        "QueueSellersKey",
        "ReadRegistryStream",
        "ReadRegistryStreamKey",
    },
}


def test_each_may_do_what_it_does_and_no_more(synthesis: Synthesis) -> None:
    for function in synthesis.notifications.functions():
        wanted = RIGHTS[function] | ALL_MAY
        if function == "manage_destination" and synthesis.has_partner_events:
            wanted.add("SeePartnerEventSources")
        assert set(synthesis.notifications.rights(function)) == wanted


# What a statement may name as an action, and the resource it must name.
EXACTLY = [
    ("process_notifications", "PublishEvents", {"events:PutEvents"}, "EventBus"),
    ("process_notifications", "SendDeadLetters", {"sqs:SendMessage"}, "NotificationQueueDeadLetterQueue"),
    ("process_notifications", "UseLedger", {"dynamodb:BatchGetItem", "dynamodb:UpdateItem"}, "Ledger"),
    ("process_notifications", "NoteArrivals", {"dynamodb:GetItem", "dynamodb:UpdateItem"}, "Arrivals"),
    ("process_notifications", "StoreLargePayloads", {"s3:PutObject"}, "PayloadBucket"),
    ("archive_notifications", "WriteArchive", {"s3:PutObject"}, "ArchiveBucket"),
    ("sweep_ledger", "FindPending", {"dynamodb:Query"}, "Ledger"),
    ("sweep_ledger", "SettlePending", {"dynamodb:UpdateItem"}, "Ledger"),
    ("manage_subscriptions", "QueueSellers", {"sqs:SendMessage"}, "SubscriptionsSubscriptionQueue"),
    (
        "manage_subscriptions",
        "UseSellerRegistry",
        {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"},
        "SellerRegistry",
    ),
    (
        "manage_subscriptions",
        "UseSubscriptionState",
        {"dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:UpdateItem"},
        "SubscriptionsState",
    ),
    (
        "reconcile_subscriptions",
        "UseSubscriptionState",
        {"dynamodb:DeleteItem", "dynamodb:UpdateItem"},
        "SubscriptionsState",
    ),
    ("reconcile_subscriptions", "QueueSellers", {"sqs:SendMessage"}, "SubscriptionsSubscriptionQueue"),
    (
        "reconcile_subscriptions",
        "SendDeadLetters",
        {"sqs:SendMessage"},
        "SubscriptionsSubscriptionQueueDeadLetterQueue",
    ),
    (
        "reconcile_subscriptions",
        "UseSellerRegistry",
        {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"},
        "SellerRegistry",
    ),
    ("reconcile_subscriptions", "ReadWanted", {"ssm:GetParameter"}, None),
    ("manage_destination", "ReadLwaCredentials", {"secretsmanager:GetSecretValue"}, "LwaCredentials"),
    *(
        (function, "SpendQuota", {"dynamodb:GetItem", "dynamodb:UpdateItem"}, "Quota")
        for function in (
            "inspect_amazon",
            "manage_destination",
            "manage_subscriptions",
            "reconcile_subscriptions",
        )
    ),
    ("manage_subscriptions", "PublishEvents", {"events:PutEvents"}, "EventBus"),
    ("reconcile_subscriptions", "PublishEvents", {"events:PutEvents"}, "EventBus"),
    ("inspect_amazon", "UseSellerRegistry", {"dynamodb:GetItem"}, "SellerRegistry"),
    ("inspect_amazon", "ReadSubscriptionState", {"dynamodb:GetItem"}, "SubscriptionsState"),
    ("inspect_amazon", "ReadWanted", {"ssm:GetParameter"}, None),
    ("queue_every_seller", "FindSellers", {"dynamodb:Scan"}, "SellerRegistry"),
    ("queue_every_seller", "FindSellers", {"dynamodb:Scan"}, "SubscriptionsState"),
    ("queue_every_seller", "QueueSellers", {"sqs:SendMessage"}, "SubscriptionsSubscriptionQueue"),
    ("queue_seller_changes", "QueueSellers", {"sqs:SendMessage"}, "SubscriptionsSubscriptionQueue"),
    (
        "queue_seller_changes",
        "ReadRegistryStream",
        {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "SellerRegistry",
    ),
]


@pytest.mark.parametrize(("function", "sid", "actions", "resource"), EXACTLY)
def test_statements_name_their_actions_and_resource(
    example: Synthesis, function: str, sid: str, actions: set[str], resource: str | None
) -> None:
    statement = example.notifications.rights(function)[sid]
    assert set(listed(statement["Action"])) == actions
    if resource is None:
        return
    (target,) = (
        logical_id
        for template in example.templates.values()
        for logical_id, found in template.body["Resources"].items()
        if logical_id[:-8] == resource and "Policy" not in found["Type"]
    )
    assert refers_to(statement["Resource"], target)


SOURCES = {
    "process_notifications": ["sellerbus.notifications", "sellerbus.canary"],
    "manage_subscriptions": ["sellerbus.sellers", "sellerbus.subscriptions"],
    "reconcile_subscriptions": ["sellerbus.sellers", "sellerbus.subscriptions"],
}


def test_each_publishes_its_own_events_only(synthesis: Synthesis) -> None:
    functions = synthesis.notifications.functions()
    rights = {name: synthesis.notifications.rights(name).get("PublishEvents") for name in functions}
    sources = {
        name: listed(statement["Condition"]["StringEquals"]["events:source"])
        for name, statement in rights.items()
        if statement
    }
    assert sources == SOURCES


def test_nobody_but_the_operator_makes_the_inspector_look(synthesis: Synthesis) -> None:
    """It has no event source, and no service may invoke it."""
    (function,) = (
        logical_id
        for logical_id, found in synthesis.notifications.of_type("AWS::Lambda::Function").items()
        if found["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "inspect_amazon"
    )
    for resource_type in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Events::Rule"):
        for resource in synthesis.notifications.of_type(resource_type).values():
            assert not refers_to(resource["Properties"], function)


def test_the_inspector_knows_whether_it_is_in_the_sandbox(
    example: Synthesis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sandboxed = example.settings.model_copy(
        update={"sp_api": example.settings.sp_api.model_copy(update={"sandbox": True})}
    )
    there = synthesise("example", sandboxed, tmp_path_factory.mktemp("sandbox"))
    for synthesis, said in ((example, "false"), (there, "true")):
        function = synthesis.notifications.functions()["inspect_amazon"]["Properties"]
        assert function["Environment"]["Variables"]["SP_API_SANDBOX"] == said


def test_a_payload_can_be_written_under_its_prefix_only(synthesis: Synthesis) -> None:
    statement = synthesis.notifications.rights("process_notifications")["StoreLargePayloads"]
    assert statement["Resource"]["Fn::Join"][1][-1] == "/payloads/*"


def test_production_endpoints_follow_from_region_and_sandbox(regions: dict[str, Synthesis]) -> None:
    for region, synthesis in regions.items():
        for name in (
            "inspect_amazon",
            "manage_destination",
            "manage_subscriptions",
            "reconcile_subscriptions",
        ):
            variables = synthesis.notifications.functions()[name]["Properties"]["Environment"]["Variables"]
            assert variables["SP_API_ENDPOINT"] == f"https://sellingpartnerapi-{region}.amazon.com"
            assert variables["LWA_ENDPOINT"] == "https://api.amazon.com/auth/o2/token"


def test_no_secret_stands_in_a_template(synthesis: Synthesis) -> None:
    for template in synthesis.templates.values():
        text = json.dumps(template.body)
        assert 'clientSecret":' not in text
        assert "SecretString" not in text


def test_only_what_sends_jobs_on_to_its_own_queue_may_loop(synthesis: Synthesis) -> None:
    """Lambda stops a chain of SQS messages through one function after about 16 rounds, unless told.

    Source: Lambda developer guide, "Use Lambda recursive loop detection to prevent infinite loops".
    """
    loops = {
        name: found["Properties"].get("RecursiveLoop")
        for template in synthesis.with_functions
        for name, found in template.functions().items()
    }
    assert loops.pop("reconcile_subscriptions") == "Allow"
    assert loops.pop("gather_listing_changes") == "Allow"
    assert set(loops.values()) == {None}
