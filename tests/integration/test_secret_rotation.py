"""The client secret is rotated end to end while notifications flow, and nothing of it is seen anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.function_logs import function_logs
from tests.integration.system import AMAZON_ACCOUNT, System, order_change

ROTATE = "rotate_secret"
WORKS_AFTER_SECONDS = 6.0
NEW_SECRET = "APPLICATION_OAUTH_CLIENT_NEW_SECRET"


def versions(system: System) -> dict[str, dict[str, Any]]:
    """The secret's versions by label: versionId, clientSecret."""
    client = system.client("secretsmanager")
    secret_id = system.outputs["LwaCredentialsSecretArn"]
    found: dict[str, dict[str, Any]] = {}
    for version, labels in client.describe_secret(SecretId=secret_id)["VersionIdsToStages"].items():
        text = client.get_secret_value(SecretId=secret_id, VersionId=version)["SecretString"]
        if not text:
            # Here a secret begins with an empty version; at AWS it has none.
            continue
        entry = {"versionId": version, "clientSecret": json.loads(text)["clientSecret"]}
        found |= dict.fromkeys(labels, entry)
    return found


def command(system: System, *arguments: str) -> Any:
    deployment = system.deployment
    finished = deployment.commands.sellerbus("secrets", *arguments, "--stage", deployment.stage, "--json")
    # What is told beside the result comes in the same stream here.
    lines = finished.output.splitlines()
    begins = next(number for number, line in enumerate(lines) if line[:1] in ("{", "["))
    return json.JSONDecoder().raw_decode("\n".join(lines[begins:]))[0]


def look(system: System) -> Any:
    return system.invoke("RotateSecretFunctionName", {"request": "look"})


def message(system: System, notification_id: str, secret: str, event_time: str) -> str:
    return json.dumps(
        {
            "notificationType": NEW_SECRET,
            "eventTime": event_time,
            "payload": {
                "applicationOAuthClientNewSecret": {
                    "clientId": system.deployment.simulator.client_id,
                    "newClientSecret": secret,
                }
            },
            "notificationMetadata": {"notificationId": notification_id},
        }
    )


def send_as_amazon(system: System, body: str) -> None:
    sqs = system.client("sqs", account=AMAZON_ACCOUNT)
    sqs.send_message(QueueUrl=system.outputs["ApplicationQueueUrl"], MessageBody=body)


def await_empty_queue(system: System) -> None:
    system.wait_for(
        lambda: system.queue_depth("ApplicationQueueUrl") == 0, "the application queue to be empty"
    )


@pytest.fixture(scope="module")
def rotated(system: System) -> Iterator[dict[str, Any]]:
    """A rotation from the command to its end, with notifications all the while.

    Yields what was there before, between and after: versions, what the commands answered.
    """
    simulator = system.deployment.simulator
    before = versions(system)
    notifications = system.publish(order_change("900-0000000-0000001"))
    simulator.register_application_queue(system.outputs["ApplicationQueueArn"])
    simulator.pace_secrets(worksAfterSeconds=WORKS_AFTER_SECONDS)
    asked = command(system, "rotate", "--yes")
    system.wait_for(lambda: "AWSPENDING" in versions(system), "the new secret to be stored")
    between = versions(system)
    early = look(system)
    notifications += system.publish(order_change("900-0000000-0000002"))
    system.wait_for(lambda: look(system)["stage"] == "promoted", "the new secret to be in use")
    notifications += system.publish(order_change("900-0000000-0000003"))
    yield {
        "before": before,
        "asked": asked,
        "between": between,
        "early": early,
        "after": versions(system),
        "notifications": notifications,
    }
    simulator.pace_secrets(worksAfterSeconds=0)


def test_the_new_secret_waits_until_it_works_and_then_takes_over(rotated: dict[str, Any]) -> None:
    old = rotated["before"]["AWSCURRENT"]
    assert rotated["asked"]["isNew"]
    assert rotated["asked"]["rotation"]["state"] in ("requested", "stored")
    between = rotated["between"]
    assert between["AWSCURRENT"] == old
    assert between["AWSPENDING"]["clientSecret"].startswith("amzn1.oa2-cs.v1.")
    assert rotated["early"]["stage"] == "stored"
    assert rotated["after"]["AWSCURRENT"] == between["AWSPENDING"]
    assert rotated["after"]["AWSPREVIOUS"] == old
    assert "AWSPENDING" not in rotated["after"]


def test_notifications_came_all_the_while(system: System, rotated: dict[str, Any]) -> None:
    system.await_deliveries(rotated["notifications"])


def test_amazon_was_asked_once(system: System, rotated: dict[str, Any]) -> None:
    del rotated
    calls = system.deployment.simulator.requests("applications/2023-11-30/rotateApplicationClientSecret")
    assert [call["status"] for call in calls] == [204]
    assert len(system.deployment.simulator.client_secrets()) == 2


def test_events_tell_of_it(system: System, rotated: dict[str, Any]) -> None:
    asked = system.await_operational("ClientSecretRotationRequested")
    assert asked.detail["because"] == "operator"
    done = system.await_operational("ClientSecretRotated")
    assert done.detail["versionId"] == rotated["after"]["AWSCURRENT"]["versionId"]
    assert done.detail["correlationId"] == done.detail["eventId"]


def test_the_commands_show_it_and_nothing_of_the_secret(system: System, rotated: dict[str, Any]) -> None:
    (status,) = command(system, "status")
    assert [version["stage"] for version in status["versions"]] == ["AWSCURRENT", "AWSPREVIOUS"]
    assert status["rotation"]["state"] == "promoted"
    (verified,) = command(system, "verify")
    assert {version["stage"]: version["works"] for version in verified["versions"]} == {
        "AWSCURRENT": True,
        "AWSPREVIOUS": True,
    }
    assert any(grant["grant"].startswith("seller ") for grant in verified["versions"][0]["grants"])
    shown = json.dumps([rotated["asked"], rotated["early"], status, verified])
    for version in rotated["after"].values():
        assert version["clientSecret"] not in shown


def test_a_second_delivery_changes_nothing(system: System, rotated: dict[str, Any]) -> None:
    (status,) = command(system, "status")
    new = status["rotation"]["newSecret"]
    body = message(
        system, new["notificationId"], rotated["after"]["AWSCURRENT"]["clientSecret"], new["arrivedAt"]
    )
    send_as_amazon(system, body)
    await_empty_queue(system)
    assert versions(system) == rotated["after"]


def test_amazons_notice_of_the_old_secret_asks_for_nothing(system: System, rotated: dict[str, Any]) -> None:
    del rotated
    system.deployment.simulator.announce_secret_expiry(of_previous=True)
    await_empty_queue(system)
    assert len(system.deployment.simulator.client_secrets()) == 2


def test_what_is_not_ours_becomes_a_dead_letter_with_its_reason(system: System) -> None:
    body = message(system, "n", "amzn1.oa2-cs.v1.not-ours", "2026-01-01T00:00:00Z")
    strange = body.replace(system.deployment.simulator.client_id, "amzn1.application-oa2-client.other")
    send_as_amazon(system, strange)
    letters = system.take_dead_letters(1, queue="ApplicationDeadLetterQueueUrl")
    assert [letter.reason for letter in letters] == ["another-application"]


def test_no_function_has_logged_anything_of_a_secret(system: System, rotated: dict[str, Any]) -> None:
    logs = function_logs(system.client("logs"), lines=10_000)
    text = "\n".join(line for lines in logs.values() for line in lines)
    assert re.search(r"a message of the application queue is done with", text)
    for version in (*rotated["before"].values(), *rotated["after"].values()):
        assert version["clientSecret"] not in text
    assert "not-ours" not in text
