"""A whole stage for the doctor, at AWS and at Amazon, and somebody who runs the commands it prints."""

from __future__ import annotations

import functools
import json
import shlex
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from ops import console, options
from ops.doctor import facts
from ops.stage import open_stage
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from stacks import settings_digest
from tests.unit.ops.aws import STAGE, DeployedStage, Finished
from tests.unit.ops.doctor_aws import CloudWatch, Functions, Rules, Secrets, Stacks, Sts, Topics

SELLERS: Final = ("A1FIRSTSELLER", "A2SECONDSELLER")
TYPES: Final = ("ORDER_CHANGE", "PRICING_HEALTH", "FEED_PROCESSING_FINISHED")
AMAZON: Final = "arn:aws:iam::437568002678:root"
CREDENTIALS: Final = {
    "clientId": "amzn1.application-oa2-client.1",
    "clientSecret": "amzn1.oa2-cs.v1.good-one",
}
_PARTS: Final = ("foundation", "notifications", "tasks", "operations")
_ALARM: Final = (
    "Notifications wait. Orders are seen late. First: `bin/sellerbus status --stage example --region na`. "
    "docs/runbook.md#oldest-message"
)


def stack(part: str) -> str:
    return f"sellerbus-{STAGE}-na-{part}"


class Amazon:
    """Login with Amazon, destinations and subscriptions, as inspect_amazon tells of them."""

    def __init__(self, stage: DoctorStage) -> None:
        self._stage = stage
        self.client_secret = CREDENTIALS["clientSecret"]
        self.tokens: dict[str, str] = {}
        self.scopes = {NOTIFICATIONS_SCOPE, ROTATION_SCOPE}
        self.down = False
        self.notices: list[str] = []
        self.destinations = {"d-1": stage.queue_arn}
        self.subscriptions = {name: set(TYPES) for name in SELLERS}
        self.extra: dict[str, set[str]] = {}
        self.refused_types: dict[str, str] = {}
        self.seconds = 0.0

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.seconds:
            time.sleep(self.seconds)
        match request["request"]:
            case "authorisations":
                return {
                    "scopes": [self._scope(name) for name in (NOTIFICATIONS_SCOPE, ROTATION_SCOPE)]
                    if request.get("scopes")
                    else [],
                    "sellers": [self._seller(name) for name in request["sellerIds"]],
                    "notices": self.notices,
                }
            case "destination":
                arn = self.destinations.get(request["destinationId"])
                if arn is None:
                    return {"error": {"kind": "not-found", "message": "getDestination: 404"}}
                return {"destination": {"resource": {"sqs": {"arn": arn}}}}
        return self._plan(request["sellerId"])

    def _scope(self, scope: str) -> dict[str, Any]:
        refusal = self._application()
        if not refusal and scope not in self.scopes:
            refusal = ("permanent", "LWA token: 400 unauthorized_client")
        return {"scope": scope, **_given(refusal)}

    def _application(self) -> tuple[str, str] | None:
        if self.down:
            return ("retryable", "LWA token: 503")
        secret = json.loads(self._stage.secret_value() or "{}").get("clientSecret")
        return None if secret == self.client_secret else ("credentials", "LWA token: 401 invalid_client")

    def _seller(self, seller_id: str) -> dict[str, Any]:
        refusal = self._application()
        if not refusal:
            try:
                token = self._stage.token_of(seller_id)
            except LookupError as error:
                refusal = ("unreadable", str(error))
            else:
                if token != self.tokens.get(seller_id):
                    refusal = ("revoked", "LWA token: 400 invalid_grant")
        return {"sellerId": seller_id, **_given(refusal)}

    def _plan(self, seller_id: str) -> dict[str, Any]:
        held = self.subscriptions.setdefault(seller_id, set())
        extra = self.extra.get(seller_id, set())
        plan = []
        for name in sorted({*TYPES, *extra}):
            steps = []
            if name in TYPES and name not in held and name not in self.refused_types:
                steps.append({"action": "create", "payloadVersion": "1.0", "reason": "is missing"})
            if name in extra:
                steps.append({"action": "delete", "subscriptionId": "s-9", "reason": "not configured"})
            plan.append(
                {
                    "notificationType": name,
                    "steps": steps,
                    "error": self.refused_types.get(name),
                    "blocked": [],
                }
            )
        return {"sellerId": seller_id, "status": "active", "working": False, "plan": plan, "actual": []}

    def reconcile(self, seller_id: str) -> None:
        self.subscriptions[seller_id] = set(TYPES)
        self.extra.pop(seller_id, None)


def _given(refusal: tuple[str, str] | None) -> dict[str, Any]:
    kind, message = refusal or (None, None)
    return {"given": refusal is None, "kind": kind, "message": message}


class DoctorStage:
    """One cell, all of it well. What a test breaks, `mend` puts right by the commands that are printed."""

    def __init__(self, stage: DeployedStage, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.stage = stage
        # Making a client takes longer than what is done with it here.
        monkeypatch.setattr(stage, "client", functools.cache(stage.client))
        self.stage.configure(("  eu: {aws_region: eu-west-1, marketplaces: [DE, FR]}\n", ""))
        self.root = folder / "root"
        self._checkout()
        monkeypatch.setattr(facts, "ROOT", self.root)
        monkeypatch.setattr(options, "clients", self.clients)
        self.stacks, self.functions, self.rules = Stacks(), Functions(), Rules()
        self.topics, self.cloudwatch, self.sts = Topics(), CloudWatch(), Sts()
        self.stacks.stacks = stage.cloudformation.stacks
        stage.cloudformation, stage.lambdas, stage.events = self.stacks, self.functions, self.rules
        self.key = stage.keys["na"]
        self.secrets = Secrets(stage.client("secretsmanager"))
        self._deploy()
        self.amazon = Amazon(self)
        self.functions.answers["inspect-na"] = self.amazon.answer
        self.functions.answers["queue-na"] = self._queue_everybody
        monkeypatch.setattr(console, "wait", self._wait)
        self.secrets.client.put_secret_value(
            SecretId=stage.secrets["na"], SecretString=json.dumps(CREDENTIALS)
        )
        for name in SELLERS:
            self.add_seller(name)
            self.came(name, "ORDER_CHANGE", days=10, ago=timedelta(hours=1))
        self.reconcile()

    def clients(self, service: str, region: str) -> Any:
        own = {"sns": self.topics, "cloudwatch": self.cloudwatch, "sts": self.sts}
        if service == "secretsmanager":
            return self.secrets
        return own[service] if service in own else self.stage.clients(service, region)

    def _checkout(self) -> None:
        """What the doctor looks at of a checkout, small."""
        here = Path(__file__).resolve().parents[3]
        for name in ("pyproject.toml", "requirements.txt", "package.json", "cdk.json", "app.py"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_bytes((here / name).read_bytes())
        for name in ("stacks", "lambdas"):
            (self.root / name).mkdir()
        self.set_up()

    def set_up(self) -> None:
        version = json.loads((self.root / "package.json").read_text())["devDependencies"]["aws-cdk"]
        folder = self.root / "node_modules" / "aws-cdk"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"version": version}))

    def _deploy(self) -> None:
        self.stage.deploy_notifications()
        sqs = self.stage.client("sqs")
        names = ("notification", "notification-dead", "application", "jobs")
        self.urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
        self.arns = {name: f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in names}
        self.queue_arn = self.arns["notification"]
        redrive = {"deadLetterTargetArn": self.arns["notification-dead"], "maxReceiveCount": 5}
        sqs.set_queue_attributes(
            QueueUrl=self.urls["notification"],
            Attributes={
                "KmsMasterKeyId": self.key,
                "RedrivePolicy": json.dumps(redrive),
                "Policy": json.dumps(_queue_policy(self.queue_arn)),
            },
        )
        allow = {"redrivePermission": "byQueue", "sourceQueueArns": [self.queue_arn]}
        sqs.set_queue_attributes(
            QueueUrl=self.urls["notification-dead"], Attributes={"RedriveAllowPolicy": json.dumps(allow)}
        )
        sqs.set_queue_attributes(
            QueueUrl=self.urls["application"],
            Attributes={"Policy": json.dumps(_queue_policy(self.arns["application"]))},
        )
        self.stage.client("kms").put_key_policy(
            KeyId=self.key, PolicyName="default", Policy=json.dumps(_KEY_POLICY)
        )
        self._arrivals()
        self.functions.services = {
            "inspect-na": "inspect_amazon",
            "queue-na": "queue_every_seller",
            "process-na": "process_notifications",
        }
        arn = "arn:aws:lambda:us-east-1:123456789012:function:process-na"
        self.functions.mappings["m-1"] = {
            "State": "Enabled",
            "FunctionArn": arn,
            "EventSourceArn": self.queue_arn,
            "LastModified": datetime.now(UTC),
            "LastProcessingResult": "OK",
        }
        self.rules.rules = {"daily": "ENABLED"}
        topic, page = "arn:aws:sns:us-east-1:123456789012:alarms", "arn:aws:sns:us-east-1:123456789012:page"
        self.topics.held = {
            topic: {"on-call@example.com": f"{topic}:1"},
            page: {"on-call@example.com": "a:1"},
        }
        self.cloudwatch.alarms = {
            name: {
                "AlarmName": name,
                "AlarmDescription": _ALARM,
                "ActionsEnabled": True,
                "StateValue": "OK",
                "StateUpdatedTimestamp": datetime.now(UTC) - timedelta(minutes=9),
            }
            for name in ("warns", "pages", "all")
        }
        self.cloudwatch.alarms["all"]["AlarmRule"] = 'ALARM("pages")'
        self.cloudwatch.sums = {
            ("CanaryRoundTrips", "run_canary"): 7.0,
            ("ApiCalls", "getOrders"): 100.0,
            ("ApiThrottled", "getOrders"): 2.0,
        }
        self._stacks(topic, page)

    def _stacks(self, topic: str, page: str) -> None:
        held = self.stacks.stacks
        held[stack("foundation")]["AlarmTopicArn"] = topic
        held[stack("notifications")] |= {
            "NotificationQueueUrl": self.urls["notification"],
            "NotificationQueueArn": self.queue_arn,
            "NotificationDeadLetterQueueUrl": self.urls["notification-dead"],
            "DestinationId": "d-1",
            "ArrivalsTableName": "arrivals",
        }
        held[stack("tasks")] = {}
        held[stack("operations")] = {
            "ApplicationQueueUrl": self.urls["application"],
            "ApplicationQueueArn": self.arns["application"],
            "PageTopicArn": page,
            **self._digests(),
        }
        self.stacks.exports = {"key": self.key}
        self.stacks.resources = {
            stack("foundation"): [("AWS::KMS::Key", "Key1", self.key.rpartition("/")[2])],
            stack("notifications"): [
                ("AWS::SQS::Queue", "NotificationQueue1", self.urls["notification"]),
                ("AWS::SQS::Queue", "NotificationQueueDeadLetterQueue1", self.urls["notification-dead"]),
                *(("AWS::Lambda::Function", f"F{name}", name) for name in self.functions.services),
                ("AWS::Lambda::EventSourceMapping", "Source1", "m-1"),
                ("AWS::Events::Rule", "Daily1", "daily"),
                ("AWS::CloudWatch::Alarm", "Warns1", "warns"),
                ("AWS::CloudWatch::Alarm", "Pages1", "pages"),
            ],
            stack("operations"): [
                ("AWS::SQS::Queue", "ApplicationQueue1", self.urls["application"]),
                ("AWS::CloudWatch::CompositeAlarm", "Page1", "all"),
            ],
        }
        self.stacks.templates = {
            stack("foundation"): {
                "Key1": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": _KEY_POLICY}}
            },
            stack("notifications"): {
                **_queue_in_template("NotificationQueue1", "NotificationQueueDeadLetterQueue1"),
                "NotificationQueueDeadLetterQueue1": {"Type": "AWS::SQS::Queue", "Properties": {}},
                "Daily1": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": "the-bus"}},
            },
            stack("operations"): _queue_in_template("ApplicationQueue1", "ApplicationQueue1"),
        }

    def _digests(self) -> dict[str, str]:
        settings = open_stage(STAGE, self.clients).cells[0].settings
        return {
            settings_digest.SETTINGS: settings_digest.of_settings(settings),
            settings_digest.CODE: settings_digest.of_code(self.root),
        }

    def _arrivals(self) -> None:
        self.stage.client("dynamodb").create_table(
            TableName="arrivals",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "sellerId", "KeyType": "HASH"},
                {"AttributeName": "notificationType", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("sellerId", "notificationType")
            ],
        )

    def add_seller(self, name: str) -> None:
        token = f"Atzr|{name}"
        self.amazon.tokens[name] = token
        added = self.run("sellers", "add", name, "--stage", STAGE, "--marketplaces", "US", piped=token)
        assert added.code == 0, added.err
        self.amazon.subscriptions.setdefault(name, set(TYPES))
        self.remember(name)

    def came(self, seller: str, kind: str, *, days: int, ago: timedelta) -> None:
        """Write a row of Arrivals: for so many days one an hour at least, the last so long ago."""
        last = datetime.now(UTC) - ago
        self.stage.client("dynamodb").put_item(
            TableName="arrivals",
            Item={
                "sellerId": {"S": seller},
                "notificationType": {"S": kind},
                "firstArrivalAt": {"S": (last - timedelta(days=days)).isoformat()},
                "lastArrivalAt": {"S": last.isoformat()},
                "longestGaps": {"M": {last.date().isoformat(): {"N": "3600"}}},
            },
        )

    def remember(self, seller: str, **attributes: Any) -> None:
        self.stage.remember(
            seller,
            finishedAt={"S": datetime.now(UTC).isoformat()},
            types={"SS": list(TYPES)},
            settled={"SS": [f"{name} digest" for name in TYPES]},
            **attributes,
        )

    def reconcile(self) -> None:
        """The reconciler: does the jobs that lie in its queue, and remembers for whom."""
        for job in self.stage.jobs():
            self.amazon.reconcile(job["sellerId"])
            end = {"id": {"S": job.get("requestId", "")}, "endedAt": {"N": "0"}}
            self.remember(job["sellerId"], requests={"L": [{"M": end}]})

    def _wait(self, _: float) -> bool:
        self.reconcile()
        return False

    def _queue_everybody(self, request: Mapping[str, Any]) -> dict[str, Any]:
        for name in self.amazon.subscriptions:
            self.amazon.reconcile(name)
            end = {"id": {"S": request.get("requestId", "")}, "endedAt": {"N": "0"}}
            self.remember(name, requests={"L": [{"M": end}]})
        return {"queued": len(self.amazon.subscriptions)}

    def secret_value(self) -> str | None:
        client = self.secrets.client
        try:
            return str(client.get_secret_value(SecretId=self.stage.secrets["na"])["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            return None

    def token_of(self, seller_id: str) -> str:
        """Raises LookupError where it can't be decrypted for the seller."""
        row = next(item for item in self.stage.rows() if item["sellerId"]["S"] == seller_id)
        kms = self.stage.client("kms")
        try:
            opened = kms.decrypt(
                CiphertextBlob=row["refreshToken"]["B"], EncryptionContext={"sellerId": seller_id}
            )
        except kms.exceptions.ClientError as error:
            raise LookupError(str(error)) from None
        return str(opened["Plaintext"].decode())

    def run(self, *arguments: str, piped: str | None = None, typed: list[str] | None = None) -> Finished:
        return self.stage.run(*arguments, piped=piped, typed=typed)

    def doctor(self, *arguments: str) -> Finished:
        return self.run("doctor", "--stage", STAGE, *arguments)

    def findings(self) -> list[dict[str, Any]]:
        """Run the doctor; return its findings, each with its check's id."""
        checks = self.doctor("--json").document["checks"]
        return [{"id": row["id"], **finding} for row in checks for finding in row["findings"]]

    def mend(self, command: str) -> None:
        """Run a command that the doctor printed, as its reader would."""
        for blank, filled in _BLANKS.items():
            command = command.replace(blank, filled)
        words = shlex.split(command)
        if words[0] == "bin/sellerbus":
            self._sellerbus(words[1:])
        elif words[0] == "aws":
            self._aws(words[1:])
        elif words[:2] == ["make", "deploy"]:
            self._make_deploy()
        elif words == ["make", "setup"]:
            self.set_up()
        elif words[0] == "sudo":
            self.sts.off_seconds = 0.0
        else:
            raise AssertionError(f"nobody knows what {command} does")

    def _sellerbus(self, words: list[str]) -> None:
        if words[:2] == ["secrets", "set"]:
            finished = self.run(*words, piped=json.dumps(CREDENTIALS))
            self.secrets.days, self.amazon.notices = 0.0, []
        elif words[:2] == ["secrets", "rotate"]:
            self.secrets.days, self.secrets.pending_days = 0.0, None
            return
        elif words[:2] == ["secrets", "verify"]:
            return
        elif words[:2] == ["sellers", "add"]:
            self.amazon.tokens[words[2]] = token = f"Atzr|new-{words[2]}"
            finished = self.run(*words, piped=token)
        elif words[:2] == ["dead-letters", "redrive"]:
            self.stage.client("sqs").purge_queue(QueueUrl=self.urls["notification-dead"])
            return
        else:
            finished = self.run(*words)
        assert finished.code in (0, 1) if words[0] == "doctor" else finished.code == 0, finished.err

    def _aws(self, words: list[str]) -> None:
        """The AWS CLI, as far as it only hands its options to one operation."""
        service, operation, *rest = words
        if service == "sso":
            self.sts.error, self.sts.account = None, "123456789012"
            return
        if service == "account":
            self.sts.error = None
            return
        if service == "service-quotas":
            self.functions.free = 1000
            return
        given: dict[str, Any] = {}
        for index, word in enumerate(rest):
            if word.startswith("--"):
                following = rest[index + 1] if index + 1 < len(rest) else "--"
                name = "".join(part.capitalize() for part in word[2:].split("-"))
                given[name] = True if following.startswith("--") else following
        region = given.pop("Region", "us-east-1")
        assert region == "us-east-1", "another region's resources are other ones"
        if (service, operation) == ("cloudformation", "create-change-set"):
            assert (given["DeploymentMode"], given["UsePreviousTemplate"]) == ("REVERT_DRIFT", True)
            return
        if operation == "wait":
            return
        if operation == "execute-change-set":
            self._make_deploy()
            return
        if operation == "update-stack":
            self.amazon.destinations = {"d-1": self.queue_arn}
        client = self.clients(service, region)
        getattr(client, operation.replace("-", "_"))(**given)

    def _make_deploy(self) -> None:
        kept = {name: dict(outputs) for name, outputs in self.stacks.stacks.items()}
        for part in _PARTS:
            kept.setdefault(stack(part), dict(self.lost.get(stack(part), {})))
        kept[stack("operations")] |= self._digests()
        self.stacks.stacks.clear()
        self.stacks.stacks.update(kept)
        self.stacks.statuses.clear()
        self.functions.services.setdefault("process-na", "process_notifications")
        self.rules.rules.setdefault("daily", "ENABLED")
        self.functions.failed.clear()
        for mapping in self.functions.mappings.values():
            mapping["LastProcessingResult"] = "OK"
        self.cloudwatch.alarms.setdefault(
            "warns", {**self.cloudwatch.alarms["pages"], "AlarmName": "warns", "StateValue": "OK"}
        )

    lost: dict[str, dict[str, str]] = {}  # noqa: RUF012 - replaced by `lose`, never changed

    def lose(self, part: str) -> None:
        """Delete a stack; a deploy brings it back."""
        self.lost = {**self.lost, stack(part): self.stacks.stacks.pop(stack(part))}


def _queue_policy(arn: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "AmazonSendsNotifications",
                "Effect": "Allow",
                "Principal": {"AWS": AMAZON},
                "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
                "Resource": arn,
            },
        ],
    }


def _queue_in_template(name: str, dead: str) -> dict[str, Any]:
    policy = _queue_policy("")
    for statement in policy["Statement"]:
        statement["Resource"] = {"Fn::GetAtt": [name, "Arn"]}
    arn = {"Fn::GetAtt": [dead, "Arn"]}
    return {
        name: {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "KmsMasterKeyId": {"Fn::ImportValue": "key"},
                "RedrivePolicy": {"deadLetterTargetArn": arn, "maxReceiveCount": 5},
            },
        },
        f"{name}Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": name}], "PolicyDocument": policy},
        },
    }


_KEY_POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "AmazonEncryptsNotifications",
            "Effect": "Allow",
            "Principal": {"AWS": AMAZON},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
        },
    ],
}
_BLANKS: Final = {"<seller id>": SELLERS[0], "<codes>": "US", "<address>": "on-call@example.com"}
"""What a person fills in."""
