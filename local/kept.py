"""`make up` and `make down`: the local deployment of the demo, kept running to play with."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

from local.cast import SELLERS
from local.commands import FEEDS_API_VERSION, ROOT, STAGE, CommandError, architecture, runtime
from local.deployment import Deployment, is_running, start_deployment
from local.emulator import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, EmulatorError, is_healthy
from local.function_logs import function_logs
from local.outcome import Outcome
from local.runs import LOCAL, orderly_end, sweep
from local.screen import Screen
from local.simulator import SimulatorError
from local.story import deploy_from_nothing

FOLDER = LOCAL / "up"
ENVIRONMENT_FILE = LOCAL / "env"
_STATE = "deployment.json"
_OF_FEEDS = {
    "INBOX_BUCKET_NAME": "InboxBucketName",
    "RESULT_BUCKET_NAME": "ResultBucketName",
    "TASK_TABLE_NAME": "TaskTableName",
    "FEED_STATE_MACHINE_ARN": "FeedStateMachineArn",
    "FEED_REQUEST_QUEUE_URL": "FeedRequestQueueUrl",
    "FEED_REQUEST_DEAD_LETTER_QUEUE_URL": "FeedRequestDeadLetterQueueUrl",
    "LISTING_CHANGE_QUEUE_URL": "ListingChangeQueueUrl",
    "LISTING_CHANGE_DEAD_LETTER_QUEUE_URL": "ListingChangeDeadLetterQueueUrl",
}
_OF_MESSAGES = {
    "MESSAGE_TASK_QUEUE_URL": "MessageTaskQueueUrl",
    "MESSAGE_TASK_DEAD_LETTER_QUEUE_URL": "MessageTaskDeadLetterQueueUrl",
    "MESSAGE_SEND_QUEUE_URL": "MessageSendQueueUrl",
    "MESSAGE_SEND_DEAD_LETTER_QUEUE_URL": "MessageSendDeadLetterQueueUrl",
    "MESSAGE_TABLE_NAME": "MessageTableName",
    "MESSAGE_BUCKET_NAME": "MessageBucketName",
}
_OF_OPERATIONS = {
    "ARCHIVE_BUCKET_NAME": "ArchiveBucketName",
    "ARRIVALS_TABLE_NAME": "ArrivalsTableName",
    "APPLICATION_QUEUE_URL": "ApplicationQueueUrl",
    "APPLICATION_QUEUE_ARN": "ApplicationQueueArn",
    "APPLICATION_DEAD_LETTER_QUEUE_URL": "ApplicationDeadLetterQueueUrl",
    "RUN_CANARY_FUNCTION_NAME": "RunCanaryFunctionName",
    "WATCH_STAGE_FUNCTION_NAME": "WatchStageFunctionName",
    "FIND_MISSED_EVENTS_FUNCTION_NAME": "FindMissedEventsFunctionName",
    "DASHBOARD_NAME": "DashboardName",
}
_ORDER = "902-3159896-1390916"
"""Not the one that docs/messages.md practises with: an order is added once."""
_PREAMBLE = (
    # A profile or a session of the shell would come before the keys below.
    "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_DEFAULT_PROFILE",
    "# Points this shell at the local deployment of `make up`. To get rid of it: open a new shell.",
)


def up(screen: Screen, folder: Path = FOLDER, environment_file: Path = ENVIRONMENT_FILE) -> int:
    """Starts and deploys, unless that is done already; returns the exit code."""
    known = running(folder)
    if known is not None:
        screen.say(
            "The local deployment is running already. What you have edited since: `make down up` deploys it."
        )
        _present(screen, known, environment_file)
        return 0
    with orderly_end():
        sweep()
        down(screen, folder, environment_file, quietly=True)
        return _start(screen, folder, environment_file)


def down(
    screen: Screen,
    folder: Path = FOLDER,
    environment_file: Path = ENVIRONMENT_FILE,
    *,
    quietly: bool = False,
) -> int:
    """Stops what `up` started, and nothing else; returns the exit code."""
    known = _stored(folder)
    if known is not None:
        known.stop()
    shutil.rmtree(folder, ignore_errors=True)
    environment_file.unlink(missing_ok=True)
    if not quietly:
        screen.say("Stopped." if known is not None else "Nothing was running.")
    return 0


def running(folder: Path = FOLDER) -> Deployment | None:
    """The deployment that `up` started, if it still answers."""
    known = _stored(folder)
    return known if known is not None and is_running(known) and is_healthy(known.emulator) else None


def environment_lines(deployment: Deployment) -> list[str]:
    """The lines of .local/env, quoted for a POSIX shell."""
    outputs = deployment.outputs
    variables = {
        "AWS_ENDPOINT_URL": deployment.emulator.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "SP_API_ENDPOINT": deployment.simulator.url,
        "LWA_ENDPOINT": deployment.simulator.lwa_endpoint,
        "LWA_CLIENT_ID": deployment.simulator.client_id,
        "LWA_CLIENT_SECRET": deployment.simulator.client_secret,
        "SIMULATOR_URL": deployment.simulator.url,
        "NOTIFICATION_QUEUE_URL": outputs["NotificationQueueUrl"],
        "NOTIFICATION_DEAD_LETTER_QUEUE_URL": outputs["NotificationDeadLetterQueueUrl"],
        "EVENT_BUS_NAME": outputs["EventBusName"],
        "LEDGER_TABLE_NAME": outputs["LedgerTableName"],
        "EXAMPLE_CONSUMER_QUEUE_URL": outputs["ExampleConsumerQueueUrl"],
        "SELLER_REGISTRY_TABLE_NAME": outputs["SellerRegistryTableName"],
        **{name: outputs[key] for name, key in (_OF_FEEDS | _OF_MESSAGES | _OF_OPERATIONS).items()},
        "SELLERBUS_STAGE": STAGE,
        "FEEDS_API_VERSION": FEEDS_API_VERSION,
        "LOCAL_RUNTIME": runtime(),
        "LOCAL_ARCHITECTURE": architecture(),
    }
    return [*_PREAMBLE, *(f"export {name}={shlex.quote(value)}" for name, value in variables.items())]


def _start(screen: Screen, folder: Path, environment_file: Path) -> int:
    deployment: Deployment | None = None
    try:
        with screen.step("Start the AWS emulator and the simulator on 127.0.0.1"):
            deployment = start_deployment(folder)
            _store(folder, deployment)
        deploy_from_nothing(deployment, screen, Outcome())
    except BaseException as error:
        if deployment is not None and isinstance(error, CommandError):
            for group, lines in function_logs(deployment.client("logs")).items():
                screen.say("\n".join((f"--- {group}", *lines)))
        down(screen, folder, environment_file, quietly=True)
        if isinstance(error, (CommandError, EmulatorError, SimulatorError)):
            screen.fail(str(error))
            return 1
        raise
    _store(folder, deployment)
    _present(screen, deployment, environment_file)
    return 0


def _present(screen: Screen, deployment: Deployment, environment_file: Path) -> None:
    environment_file.touch(mode=0o600)
    lines = [*environment_lines(deployment), *_output_lines(deployment)]
    environment_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    screen.say("")
    screen.columns(
        [
            ("AWS_ENDPOINT_URL", deployment.emulator.endpoint),
            ("SIMULATOR_URL", deployment.simulator.url),
            ("all other names", f"in {_shown(environment_file)}"),
        ]
    )
    screen.say(_next(environment_file))


def _output_lines(deployment: Deployment) -> list[str]:
    """All outputs of the stacks, for a person who reads the file."""
    # What the CDK exports from stack to stack is in other outputs already, under names for people.
    named = sorted(item for item in deployment.outputs.items() if not item[0].startswith("ExportsOutput"))
    return [
        "# The outputs of the stacks:",
        *(f"#   {name}: {' '.join(value.split())}" for name, value in named),
    ]


def _shown(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file


def _next(environment_file: Path) -> str:
    file = _shown(environment_file)
    # The one that the notification itself is about.
    seller = SELLERS[1].seller_id
    return f"""
See an event go through:
  source {file}
  bin/simulator publish local/data/order_change_shipped.json --seller {seller}
  make events

And a dead letter (the message is no notification):
  echo nonsense | bin/simulator publish - --raw --via destination
  make events
  bin/sellerbus dead-letters list

How the stage is, what is wrong with it, and what is published, as it is published:
  bin/sellerbus status
  bin/sellerbus doctor
  bin/sellerbus notifications tail --detail

Break something, and let the doctor name it with the command that mends it:
  bin/simulator sellers revoke {seller}
  bin/sellerbus doctor

Have Amazon make a new client secret: docs/secrets.md

Feeds, and how to practise what goes wrong with them: docs/feeds.md

A message to a buyer, and what the buyer got:
  bin/simulator orders add {seller} --id {_ORDER} --customized
  bin/sellerbus messages actions {_ORDER} --stage {STAGE} --seller {seller} --marketplace US
  bin/sellerbus messages compose {_ORDER} --stage {STAGE} --seller {seller} --marketplace US
  bin/simulator outbox --seller {seller} --whole
  Refused ones, lost answers: docs/messages.md

Read the queues yourself: $EXAMPLE_CONSUMER_QUEUE_URL, $NOTIFICATION_DEAD_LETTER_QUEUE_URL
                          (each message that you receive is hidden for a while, and SQS counts the receives:
                          after 1000 it goes to the consumer's dead letters; `make events` leaves no trace)
Bring in what you edit:   make down up
Stop it:                  make down"""


def _store(folder: Path, deployment: Deployment) -> None:
    file = folder / _STATE
    file.touch(mode=0o600)
    file.write_text(json.dumps(deployment.to_json(), indent=2), encoding="utf-8")


def _stored(folder: Path) -> Deployment | None:
    file = folder / _STATE
    return Deployment.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
