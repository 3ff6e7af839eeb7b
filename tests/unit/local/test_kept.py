"""What `make up` writes for a shell, and that `make down` stops only what is its own."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from local import kept, processes
from local.commands import ROOT
from local.deployment import Deployment
from local.emulator import Emulator
from local.screen import Screen
from local.simulator import Simulator

NAMES = [
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "SP_API_ENDPOINT",
    "LWA_ENDPOINT",
    "LWA_CLIENT_ID",
    "LWA_CLIENT_SECRET",
    "SIMULATOR_URL",
    "NOTIFICATION_QUEUE_URL",
    "NOTIFICATION_DEAD_LETTER_QUEUE_URL",
    "EVENT_BUS_NAME",
    "LEDGER_TABLE_NAME",
    "EXAMPLE_CONSUMER_QUEUE_URL",
    "SELLER_REGISTRY_TABLE_NAME",
    "INBOX_BUCKET_NAME",
    "RESULT_BUCKET_NAME",
    "TASK_TABLE_NAME",
    "FEED_STATE_MACHINE_ARN",
    "FEED_REQUEST_QUEUE_URL",
    "FEED_REQUEST_DEAD_LETTER_QUEUE_URL",
    "LISTING_CHANGE_QUEUE_URL",
    "LISTING_CHANGE_DEAD_LETTER_QUEUE_URL",
    "MESSAGE_TASK_QUEUE_URL",
    "MESSAGE_TASK_DEAD_LETTER_QUEUE_URL",
    "MESSAGE_SEND_QUEUE_URL",
    "MESSAGE_SEND_DEAD_LETTER_QUEUE_URL",
    "MESSAGE_TABLE_NAME",
    "MESSAGE_BUCKET_NAME",
    "ARCHIVE_BUCKET_NAME",
    "ARRIVALS_TABLE_NAME",
    "APPLICATION_QUEUE_URL",
    "APPLICATION_QUEUE_ARN",
    "APPLICATION_DEAD_LETTER_QUEUE_URL",
    "RUN_CANARY_FUNCTION_NAME",
    "WATCH_STAGE_FUNCTION_NAME",
    "FIND_MISSED_EVENTS_FUNCTION_NAME",
    "DASHBOARD_NAME",
    "SELLERBUS_STAGE",
    "FEEDS_API_VERSION",
    "LOCAL_RUNTIME",
    "LOCAL_ARCHITECTURE",
]


def sleeper(folder: Path) -> processes.BackgroundProcess:
    return processes.start(
        "sleeper",
        [sys.executable, "-c", "import time; time.sleep(60)"],
        environment=dict(os.environ),
        log=folder / "log",
        folder=folder,
    )


def deployment(folder: Path, process: processes.BackgroundProcess) -> Deployment:
    return Deployment(
        folder=folder,
        emulator=Emulator(process=process, endpoint="http://127.0.0.1:4566", folder=folder, certificate=None),
        simulator=Simulator(process=process, url="http://127.0.0.1:8000", client_secret="it's $HOME"),
        outputs={
            "NotificationQueueUrl": "http://127.0.0.1:4566/000000000000/queue",
            "NotificationDeadLetterQueueUrl": "http://127.0.0.1:4566/000000000000/dead",
            "EventBusName": "bus",
            "LedgerTableName": "ledger",
            "ExampleConsumerQueueUrl": "http://127.0.0.1:4566/000000000000/consumer",
            "SellerRegistryTableName": "sellers",
            "InboxBucketName": "inbox",
            "ResultBucketName": "results",
            "TaskTableName": "tasks",
            "FeedStateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:feeds",
            "FeedRequestQueueUrl": "http://127.0.0.1:4566/000000000000/requests",
            "FeedRequestDeadLetterQueueUrl": "http://127.0.0.1:4566/000000000000/dead-requests",
            "ListingChangeQueueUrl": "http://127.0.0.1:4566/000000000000/changes",
            "ListingChangeDeadLetterQueueUrl": "http://127.0.0.1:4566/000000000000/dead-changes",
            "MessageTaskQueueUrl": "http://127.0.0.1:4566/000000000000/messages",
            "MessageTaskDeadLetterQueueUrl": "http://127.0.0.1:4566/000000000000/dead-messages",
            "MessageSendQueueUrl": "http://127.0.0.1:4566/000000000000/sending",
            "MessageSendDeadLetterQueueUrl": "http://127.0.0.1:4566/000000000000/dead-sending",
            "MessageTableName": "messages",
            "MessageBucketName": "message-bucket",
            "ArchiveBucketName": "archive",
            "ArrivalsTableName": "arrivals",
            "ApplicationQueueUrl": "http://127.0.0.1:4566/000000000000/application",
            "ApplicationQueueArn": "arn:aws:sqs:us-east-1:000000000000:application",
            "ApplicationDeadLetterQueueUrl": "http://127.0.0.1:4566/000000000000/dead-application",
            "RunCanaryFunctionName": "canary",
            "WatchStageFunctionName": "watch",
            "FindMissedEventsFunctionName": "find",
            "DashboardName": "dashboard",
        },
    )


def test_a_shell_reads_every_variable_as_it_is(tmp_path: Path) -> None:
    process = processes.this_process()
    lines = kept.environment_lines(deployment(tmp_path, process))
    file = tmp_path / "env"
    file.write_text("\n".join(lines), encoding="utf-8")

    outer = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "of production"}
    shown = subprocess.run(
        ["/bin/sh", "-c", '. "$0"; env', str(file)], capture_output=True, text=True, check=True, env=outer
    ).stdout

    variables = dict(line.split("=", 1) for line in shown.splitlines())
    assert [name for name in NAMES if name not in variables] == []
    assert [line.split("=")[0].removeprefix("export ") for line in lines if "=" in line] == NAMES
    assert not outer.keys() & variables.keys()
    assert "open a new shell" in lines[1]
    assert variables["LWA_CLIENT_SECRET"] == "it's $HOME"
    assert variables["LWA_ENDPOINT"] == "http://127.0.0.1:8000/auth/o2/token"


def test_down_stops_what_was_stored_and_removes_it(tmp_path: Path) -> None:
    folder, environment_file = tmp_path / "up", tmp_path / "env"
    folder.mkdir()
    environment_file.touch()
    process = sleeper(tmp_path)
    stored = deployment(folder, process)
    (folder / "deployment.json").write_text(json.dumps(stored.to_json()), encoding="utf-8")
    said = io.StringIO()

    assert kept.down(Screen(console=Console(file=said)), folder, environment_file) == 0

    assert not processes.is_running(process)
    assert not folder.exists()
    assert not environment_file.exists()
    assert "Stopped." in said.getvalue()
    processes.stop(process)


def test_down_with_nothing_running_is_fine(tmp_path: Path) -> None:
    said = io.StringIO()

    assert kept.down(Screen(console=Console(file=said)), tmp_path / "up", tmp_path / "env") == 0

    assert "Nothing was running." in said.getvalue()


def test_the_next_steps_name_files_that_are_there_and_the_seller_of_the_notification(tmp_path: Path) -> None:
    said = kept._next(ROOT / ".local" / "env")

    assert "source .local/env" in said
    ((file, seller),) = re.findall(r"publish (\S+\.json) --seller (\S+)", said)
    change = json.loads((ROOT / file).read_text(encoding="utf-8"))["Payload"]["OrderChangeNotification"]
    assert change["SellerId"] == seller
    assert "make down up" in said
    assert str(tmp_path) in kept._next(tmp_path / "env")


def test_an_order_of_the_next_steps_is_not_added_again_by_the_practice_of_the_documents() -> None:
    said, practice = kept._next(ROOT / ".local" / "env"), (ROOT / "docs" / "messages.md").read_text("utf-8")
    (added,) = re.findall(r"orders add (\S+) --id (\S+)", said)
    assert added[1] not in re.findall(r"orders add \$seller --id (\S+)", practice)
    # One who sells in several marketplaces: whoever asks about an order says in which.
    (seller,) = re.findall(r"^seller=(\S+)$", practice, re.MULTILINE)
    assert added[0] == seller
    commands = re.findall(r"messages (?:actions|compose) (\S+) .*--seller (\S+) --marketplace US", said)
    assert commands == [(added[1], seller)] * 2


def test_what_to_do_next_is_last_and_the_outputs_are_in_the_file(tmp_path: Path) -> None:
    said, file = io.StringIO(), tmp_path / "env"
    kept._present(Screen(console=Console(file=said)), deployment(tmp_path, processes.this_process()), file)
    lines = said.getvalue().rstrip().splitlines()
    assert lines[-1].startswith("Stop it:")
    assert "message-bucket" not in said.getvalue()
    assert "#   MessageBucketName: message-bucket" in file.read_text(encoding="utf-8").splitlines()
