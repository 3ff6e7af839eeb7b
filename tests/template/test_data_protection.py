"""docs/data-protection.md leaves out nothing that keeps data, and its days are those of the settings."""

import re
from pathlib import Path

from stacks.settings_sections import LONGEST_MESSAGES_DAYS, Retention
from tests.template.synthesis import Synthesis

TEXT = (Path(__file__).parents[2] / "docs" / "data-protection.md").read_text(encoding="utf-8")
KEPT = TEXT[TEXT.index("## What is kept where") : TEXT.index("Three things stay longer")]
KEEPERS = (
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)


def test_everything_that_keeps_data_has_its_row(example: Synthesis) -> None:
    rows = [row.split(" | ")[0] for row in KEPT.splitlines() if row.startswith("| ")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    found = set()
    for kind in KEEPERS:
        for path in example.all_of_type(kind):
            part, _, logical_id = path.partition("/")
            if part == "ExampleConsumer" or "DeadLetterQueue" in logical_id:
                continue
            role = logical_id[:-8]
            matching = {name for name in named if role.endswith(name)}
            assert matching, f"{path} keeps data, and the document has no row for it"
            found |= matching
    assert found == named


def test_the_days_are_the_defaults() -> None:
    told = dict(re.findall(r"`(\w+_days)` \((\d+)", KEPT))
    defaults = {name: str(value) for name, value in Retention().model_dump().items()}
    assert told == {name: defaults[name] for name in defaults}
    assert "28, and no more" in KEPT
    assert LONGEST_MESSAGES_DAYS == 28


def test_every_table_can_be_recovered_for_as_long_as_is_said(example: Synthesis) -> None:
    for path, table in example.all_of_type("AWS::DynamoDB::Table").items():
        recovery = table["Properties"]["PointInTimeRecoverySpecification"]
        days = recovery.get("RecoveryPeriodInDays", 35)
        assert days == (1 if "MessagesTable" in path else 35), path


def test_the_policys_requirements_are_all_there() -> None:
    numbers = re.findall(r"^\| \*\*(\d(?:\.\d)?) ", TEXT, re.MULTILINE)
    assert numbers == [f"1.{each}" for each in range(1, 9)] + [f"2.{each}" for each in range(1, 8)] + ["3"]
