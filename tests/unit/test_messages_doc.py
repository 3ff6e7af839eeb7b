"""docs/messages.md says what the code does: types, rules, states, events, commands, settings, examples."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import typer.main
import yaml

from ops.message_csv import COLUMNS, VALUE
from ops.message_handing import DERIVED
from ops.message_plan import DERIVED as DERIVED_OF_LINES
from ops.messages import app
from sellerbus.messaging import message_events
from sellerbus.messaging.actions import action_of_model
from sellerbus.messaging.attachments import LARGEST_TOTAL_BYTES
from sellerbus.messaging.catalogue import MESSAGE_TYPES, WITHDRAWN, known_type
from sellerbus.messaging.checks import check
from sellerbus.messaging.content import MessageContent
from sellerbus.messaging.file_kinds import KINDS
from sellerbus.messaging.finding import sentences
from sellerbus.messaging.request import ATTACHMENT_FIELDS, FIELDS, TEMPLATE_FIELDS, read_request
from sellerbus.messaging.task import ENDED, MessageState
from sellerbus.messaging.task_rows import KEPT_DAYS
from sellerbus.messaging.templates import ALWAYS, inspect, parse, render
from simulator.cli import app as simulator_app
from simulator.operations import PLANS
from stacks.constructs.event_bus import CANARY_TYPE
from stacks.example_consumer_stack import REQUESTS
from stacks.settings_messages import Messages
from stacks.settings_sections import LONGEST_MESSAGES_DAYS, Retention

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TEXT = (DOCS / "messages.md").read_text(encoding="utf-8")
TEMPLATE, EVENT = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
MESSAGING = ROOT / "lambdas" / "layers" / "shared" / "python" / "sellerbus" / "messaging"
ORDER = "902-6786204-8179805"


def rows(title: str, text: str = TEXT) -> list[list[str]]:
    """The cells of the rows of the first table after a text."""
    lines = text[text.index(title) :].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| ---"))
    table = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def section(title: str) -> str:
    begin = TEXT.index(f"\n{title}\n")
    end = TEXT.find(f"\n{title.split()[0]} ", begin + 1)
    return TEXT[begin : end if end > 0 else len(TEXT)]


def test_the_types_and_what_they_take() -> None:
    table = {names(row[0])[0]: row[1:] for row in rows("| `messageType` |")}
    assert set(table) == set(MESSAGE_TYPES)
    for name, (text, attachments, links) in table.items():
        kind = MESSAGE_TYPES[name]
        assert text == (str(kind.text.maximum) if kind.text else ""), name
        if kind.attachments is None:
            told = ""
        else:
            # Without a text, the attachments are the message: the checks say so.
            none = check(MessageContent(text="Hello" if kind.text else None), action_of_model(kind), None, ())
            needed = "attachments-missing" in {each.rule for each in none}
            told = f"{'1' if needed else 'up'} to {kind.attachments.maximum}"
        assert attachments == told, name
        if kind.coverage:
            assert set(names(links)) == {"coverageStartDate", "coverageEndDate"}
        else:
            assert links == kind.links


def test_the_withdrawn_types_are_named() -> None:
    (line,) = [line for line in TEXT.splitlines() if line.startswith("These are the model's limits")]
    told = {found for name in names(line) if (found := known_type(name)) is not None}
    assert told == set(WITHDRAWN.values())


def rules_of_the_code() -> set[str]:
    source = "".join(each.read_text(encoding="utf-8") for each in sorted(MESSAGING.glob("*.py")))
    source += (ROOT / "ops" / "message_input.py").read_text(encoding="utf-8")
    return set(re.findall(r"Finding\(\s*\"([a-z-]+)\"", source)) | set(
        re.findall(r"(?:rule=|RULE: Final = )\"([a-z-]+)\"", source)
    )


def test_every_rule_is_told_and_no_other() -> None:
    told = [name for row in rows("| rule | told of |") for name in names(row[0])]
    assert len(told) == len(set(told))
    assert set(told) == rules_of_the_code()


def test_the_limits_of_the_rules() -> None:
    table = {name: row[1] for row in rows("| rule | told of |") for name in names(row[0])}
    assert f"{LARGEST_TOTAL_BYTES:,} bytes" in table["attachments-too-large"]
    listed = table["attachment-type-by-name"].partition(" are taken")[0]
    assert listed.replace(" and ", ", ").split(", ") == list(KINDS)


def test_the_states_and_what_leads_from_one_to_another() -> None:
    assert [names(row[0]) or [row[0]] for row in rows("| state | means |")] == [
        [state] for state in MessageState
    ]
    picture = TEXT[TEXT.index("stateDiagram-v2") :].split("```")[0]
    edges = re.findall(r"^ +(\S+) --> (\S+):", picture, re.MULTILINE)
    assert {state for edge in edges for state in edge} - {"[*]"} == set(MessageState)
    assert not {before for before, _ in edges} & ENDED
    for edge in (("SENDING", "FAILED"), ("UNCERTAIN", "FAILED"), ("UNCERTAIN", "ACCEPTED")):
        assert edge in edges


def test_the_fields_of_a_request() -> None:
    table = {name: row[1] for row in rows("| field | |") for name in names(row[0]) if name[0] != "{"}
    assert set(table) == set(FIELDS)
    assert set(re.findall(r'"([a-zA-Z]+)"', names(table["attachments"])[0])) == set(ATTACHMENT_FIELDS)
    (template,) = [row[0] for row in rows("| field | |") if "`template`" in row[0]]
    assert set(re.findall(r'"([a-zA-Z]+)"', template)) == set(TEMPLATE_FIELDS)
    assert f"`{DERIVED}<SQS message id>`" in table["taskId"]


def test_the_columns_of_a_file() -> None:
    told = [name for row in rows("| column | |") for cell in row[:1] for name in names(cell)]
    assert set(told) == {*COLUMNS, f"{VALUE}<name>"}


def test_the_commands_and_their_options() -> None:
    group: Any = typer.main.get_command(app)
    table = [row[0] for row in rows("| `bin/sellerbus messages")]
    told = {name.split()[0] for cell in table for name in names(cell)}
    assert told == set(group.commands)
    for cell in table:
        for command in names(cell):
            known = {option for each in group.commands[command.split()[0]].params for option in each.opts}
            assert set(re.findall(r"--[a-z-]+", command)) <= known
    (templates,) = [cell for cell in table if "templates" in cell]
    assert set(re.findall(r"[a-z]+", templates)) - {"templates"} == set(group.commands["templates"].commands)
    with_json = {name for name, each in leaves(group) if any("--json" in one.opts for one in each.params)}
    assert {name for name, _ in leaves(group)} - with_json == {"compose"}


def leaves(group: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        found += leaves(command) if hasattr(command, "commands") else [(name, command)]
    return found


COMMANDS = re.findall(r"bin/sellerbus messages ((?:\\\n|[^`\n])+)", TEXT)


@pytest.mark.parametrize("command", [each for each in COMMANDS if not each.startswith("…")])
def test_every_command_in_the_text_has_its_options(command: str) -> None:
    words = command.replace("\\\n", " ").partition("#")[0].split()
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    known = {option for each in found.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_an_event_is_as_the_example_has_it() -> None:
    example = json.loads(EVENT)
    findings = check(
        MessageContent(text="x" * 801), action_of_model(MESSAGE_TYPES[example["messageType"]]), None, ()
    )
    known = {name: example[name] for name in ("sellerId", "region", "marketplaceId", "amazonOrderId")}
    told = message_events.refused_request(
        example["taskId"],
        {**known, "messageType": example["messageType"]},
        sentences(findings),
        [each.document() for each in findings],
    )
    assert list(example) == [*told.detail, "correlationId", "detectedAt"]
    assert example["correlationId"] == example["taskId"]
    assert {name: example[name] for name in told.detail} == told.detail
    assert list(example["findings"][0]) == list(findings[0].document())
    said = TEXT[TEXT.index("Source `sellerbus.messages`:") :].partition("\n")[0]
    assert set(re.findall(r"`(Message[A-Za-z]+)`", said)) == set(message_events.OF_STATE.values())


def test_the_template_is_taken() -> None:
    template, findings = inspect("late", TEMPLATE.encode())
    assert (template is not None, findings) == (True, ())
    assert set(re.findall(r"`\{([a-zA-Z]+)\}`", section("### Templates"))) == set(ALWAYS)
    text = render(
        parse("late", TEMPLATE.encode()),
        message_type="unexpectedProblem",
        locale="de-AT",
        amazon_order_id=ORDER,
        marketplace_id="A1PA6795UKMFR9",
        values={"trackingLink": "https://track.example/1"},
    )
    assert text.startswith(f"Ihre Bestellung {ORDER}")


class FakeAws:
    """boto3 and its clients at once: keeps what it is called with."""

    def __init__(self) -> None:
        self.files: list[tuple[str, str, str]] = []
        self.messages: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def client(self, _: str) -> "FakeAws":
        return self

    def upload_file(self, *given: str) -> None:
        self.files.append(cast("tuple[str, str, str]", given))

    def send_message(self, **given: Any) -> None:
        self.messages.append(given)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.events += Entries
        return {"FailedEntryCount": 0}


def run_example(number: int) -> None:
    block = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[number]
    exec(compile(block, "docs/messages.md", "exec"), {})  # noqa: S102 - the repository's own text


def test_the_example_of_an_event_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = FakeAws()
    monkeypatch.setitem(sys.modules, "boto3", cast("ModuleType", aws))
    monkeypatch.setenv("EVENT_BUS_NAME", "bus")
    run_example(1)
    (event,) = aws.events
    assert (event["EventBusName"], event["Source"]) == ("bus", message_events.SOURCE)
    assert event["DetailType"] in REQUESTS
    assert read_request(json.loads(event["Detail"])).task_id == "late-4711"


def test_the_python_example_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = FakeAws()
    monkeypatch.setitem(sys.modules, "boto3", cast("ModuleType", aws))
    monkeypatch.setenv("MESSAGE_BUCKET_NAME", "bucket")
    monkeypatch.setenv("MESSAGE_TASK_QUEUE_URL", "queue")
    run_example(0)
    (message,) = aws.messages
    request = read_request(json.loads(message["MessageBody"]), bucket="bucket")
    assert (message["QueueUrl"], message["MessageGroupId"]) == ("queue", request.seller_id)
    (pointer,) = request.content.attachments
    assert aws.files == [(pointer.file_name, "bucket", pointer.key)]


def test_the_settings_and_their_defaults() -> None:
    table = {names(row[0])[0]: row[1] for row in rows("| key | default |")}
    given = Messages()
    defaults = {f"messages.{name}": getattr(given, name) for name in Messages.model_fields}
    assert set(table) == {*defaults, "orders_api_version", "retention.messages_days"}
    for name, value in defaults.items():
        assert table[name] == (f"`{str(value).lower()}`" if isinstance(value, bool) else str(value))
    assert table["retention.messages_days"] == str(Retention().messages_days) == str(LONGEST_MESSAGES_DAYS)
    example = (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")
    assert f"# orders_api_version: {table['orders_api_version'].strip('`')}" in example
    for name, value in defaults.items():
        assert f"#   {name.partition('.')[2]}: {str(value).lower()}\n" in example


def test_what_is_kept_and_how_long() -> None:
    table = {row[0]: row[1] for row in rows("| what | is gone |")}
    assert f"({LONGEST_MESSAGES_DAYS}, and no more)" in table["the text in the row"]
    assert f"some days after {KEPT_DAYS}:" in table["the row of an ended task"]


def test_the_ids_of_tasks_are_explained() -> None:
    told = section("### Task ids")
    for begin in (DERIVED, "event-", DERIVED_OF_LINES, "cli-", "refused-"):
        assert f"`{begin}`" in told


def test_the_practice_names_commands_and_seconds_that_are_there() -> None:
    practice = section("## Practise on your machine")
    simulator: Any = typer.main.get_command(simulator_app)
    said = re.findall(r"bin/simulator ([a-z]+(?: [a-z]+)?)([^`\n#]*)", practice)
    assert {words for words, _ in said} == {"orders add", "orders change", "outbox", "faults add"}
    for words, options in said:
        command = simulator
        for name in words.split():
            command = command.commands[name]
        known = {option for each in command.params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known
    assert set(re.findall(r"bin/simulator faults add (\S+)", practice)) <= PLANS.keys()
    local = yaml.safe_load((ROOT / "config" / "local.yaml").read_text(encoding="utf-8"))["messages"]
    seconds = re.findall(r"`([a-z_]+)` \((\d+) here\)", practice)
    assert seconds == [("settle_seconds", str(local["settle_seconds"]))]


def test_who_takes_everything_from_the_bus_is_told_what_to_leave_out() -> None:
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    block = text[text.index("### Rules that take everything") :].split("```json\n")[1].split("```")[0]
    pattern = json.loads(block)
    assert pattern["detail-type"] == [{"anything-but": [*REQUESTS, CANARY_TYPE]}]
    table = rows("### Rules that take everything", text)
    asked = [name for row in table for name in names(row[2])]
    assert sorted(asked) == sorted(REQUESTS)
    (told,) = [names(row[1]) for row in table if row[0] == f"`{message_events.SOURCE}`"]
    assert told == list(message_events.OF_STATE.values())


def test_every_function_is_in_the_architectures_table() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    told = [names(row[0])[0] for row in rows("| function | is called by |", text)]
    assert sorted(told) == sorted(each.parent.name for each in ROOT.glob("lambdas/*/handler.py"))


def slugs(document: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


DOCUMENTS = [*sorted(DOCS.glob("**/*.md")), ROOT / "README.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_headings_that_are_there(document: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]*)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert anchor in slugs(document.parent / target if target else document), f"{target}#{anchor}"
