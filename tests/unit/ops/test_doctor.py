"""The doctor: what it prints, skips, mends and writes down, and how long it takes."""

from __future__ import annotations

import json
import re
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.doctor import runner
from ops.doctor.catalogue import CHECKS
from ops.doctor.check import Check, Finding, Level, Looked, NeedsError, NotCheckedError, Outcome, Scope
from ops.doctor.facts import Facts
from ops.errors import FAILED, CommandError
from ops.stage import open_stage
from tests.unit.ops.aws import STAGE, DeployedStage
from tests.unit.ops.doctor_aws import refused
from tests.unit.ops.doctor_stage import SELLERS, DoctorStage

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")


@pytest.fixture
def world(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DoctorStage:
    return DoctorStage(stage, monkeypatch, tmp_path)


def test_all_is_well(world: DoctorStage) -> None:
    finished = world.doctor("--json")
    assert [row for row in finished.document["checks"] if row["findings"]] == []
    outcomes = {row["id"]: row["outcome"] for row in finished.document["checks"]}
    assert {name for name, outcome in outcomes.items() if outcome != "well"} == {"SB-DEST-002"}
    assert finished.code == 0
    assert finished.err == ""
    assert [row["id"] for row in finished.document["checks"]] == [check.id for check in CHECKS]


def test_a_finding_tells_a_person_all_that_is_known_and_skips_only_what_needs_it(world: DoctorStage) -> None:
    world.stage.client("sqs").set_queue_attributes(
        QueueUrl=world.urls["notification"], Attributes={"Policy": ""}
    )
    told = world.doctor()
    assert told.code == 1
    lines = told.out.splitlines()
    assert "FAILURE  SB-QUEUE-002    na  not as Amazon needs it" in lines
    begin = lines.index("FAILURE  SB-QUEUE-002    na  not as Amazon needs it")
    labels = [line.split()[0] for line in lines[begin + 2 : begin + 8] if line.strip()]
    assert labels == ["Whom:", "Since:", "Evidence:", "there", "Mend:", "More:"]
    assert "skipped  SB-ARRIVE-001   na  skipped: needs SB-QUEUE-002" in lines
    assert sum(line.startswith("skipped") for line in lines) == 1
    assert lines[-2] == f"  bin/sellerbus doctor --stage {STAGE} --check SB-QUEUE-002 --fix"


def test_one_check_runs_with_what_it_needs(world: DoctorStage) -> None:
    ids = {row["id"] for row in world.doctor("--check", "sb-key-002", "--json").document["checks"]}
    assert ids == {
        *("SB-LOCAL-003", "SB-AWS-001", "SB-AWS-002", "SB-AWS-003"),
        *("SB-STACK-001", "SB-KEY-001", "SB-KEY-002"),
    }


def test_wrong_arguments_are_refused_before_anything_is_looked_at(stage: DeployedStage) -> None:
    unknown = stage.run("doctor", "--stage", STAGE, "--check", "SB-NOPE-001")
    assert unknown.code == 2
    assert "--list-checks" in unknown.err
    assert stage.run("doctor").code == 2
    assert stage.run("doctor", "--stage", STAGE, "--region", "fe").code == 2


def test_a_stage_that_is_not_configured_is_a_finding(stage: DeployedStage) -> None:
    finished = stage.run("doctor", "--stage", "nowhere", "--json")
    outcomes = {row["id"]: row for row in finished.document["checks"]}
    assert outcomes["SB-LOCAL-003"]["outcome"] == "failure"
    assert outcomes["SB-QUEUE-002"]["needs"] == ["SB-LOCAL-003"]
    assert finished.code == 1


def test_strict_takes_warnings_for_failures(world: DoctorStage) -> None:
    world.functions.free = 10
    assert world.doctor().code == 0
    assert world.doctor("--strict").code == 1


def test_what_aws_hides_is_unknown_and_not_well(world: DoctorStage) -> None:
    world.stage.refusals["kms", "na"] = ("get_key_policy", "AccessDenied")
    finished = world.doctor("--json")
    rows = {row["id"]: row for row in finished.document["checks"]}
    assert rows["SB-KEY-002"]["outcome"] == "unknown"
    assert "AccessDenied" in rows["SB-KEY-002"]["findings"][0]["evidence"][0]
    assert rows["SB-ARRIVE-001"]["needs"] == ["SB-KEY-002"]
    assert finished.code == 0
    assert world.doctor("--strict").code == 1


def test_one_sellers_fault_keeps_nobody_elses_from_being_looked_at(world: DoctorStage) -> None:
    world.amazon.tokens.pop(SELLERS[0])
    world.amazon.subscriptions[SELLERS[1]].clear()
    found = {(row["id"], tuple(row["subjects"])) for row in world.findings()}
    assert found == {("SB-SELLER-002", (SELLERS[0],)), ("SB-SUBS-001", (SELLERS[1],))}


def test_fix_mends_the_harmless_and_looks_again(world: DoctorStage) -> None:
    world.stage.client("sqs").set_queue_attributes(
        QueueUrl=world.urls["notification"], Attributes={"Policy": ""}
    )
    world.rules.rules["daily"] = "DISABLED"
    world.amazon.subscriptions[SELLERS[0]].clear()
    world.amazon.tokens.pop(SELLERS[1])
    finished = world.doctor("--fix", "--json")
    left = [row["id"] for row in finished.document["checks"] if row["findings"]]
    assert left == ["SB-SELLER-002"]
    # Skipped at first, for the queue's policy.
    rows = {row["id"]: row for row in finished.document["checks"]}
    assert rows["SB-ARRIVE-001"]["outcome"] == "well", rows["SB-ARRIVE-001"]
    assert finished.code == 1
    for check in ("SB-QUEUE-002", "SB-MAP-002", "SB-SUBS-001"):
        assert re.search(rf"{check} na: .*: done\.", finished.err)


def test_fix_says_where_it_mends_nothing(world: DoctorStage) -> None:
    world.amazon.tokens.pop(SELLERS[0])
    finished = world.doctor("--fix")
    assert finished.code == 1
    assert "Nothing was found that --fix mends" in finished.err


def test_nothing_is_mended_without_fix(world: DoctorStage) -> None:
    world.rules.rules["daily"] = "DISABLED"
    world.doctor()
    assert world.rules.rules["daily"] == "DISABLED"


def test_the_bundle_tells_nothing_of_anybody(world: DoctorStage, tmp_path: Path) -> None:
    world.amazon.tokens.pop(SELLERS[0])
    path = tmp_path / "doctor.json"
    world.doctor("--bundle", str(path))
    text = path.read_text(encoding="utf-8")
    for secret in (*SELLERS, "123456789012", "on-call@example.com", "Atzr|", "amzn1."):
        assert secret not in text
    document = json.loads(text)
    (row,) = [row for row in document["doctor"]["checks"] if row["id"] == "SB-SELLER-002"]
    assert row["findings"][0]["subjects"] == ["seller-1"]
    assert "seller-1" in row["findings"][0]["mend"][0]
    assert document["cells"]["na"]["stacks"]["tasks"]["status"] == "UPDATE_COMPLETE"
    assert path.stat().st_mode & 0o777 == 0o600
    again = world.doctor("--bundle", str(path))
    assert again.code == 2
    assert path.read_text(encoding="utf-8") == text


def test_the_checks_are_listed_without_a_stage(stage: DeployedStage) -> None:
    listed = stage.run("doctor", "--list-checks", "--json").document
    assert [row["id"] for row in listed] == [check.id for check in CHECKS]
    assert "SB-LWA-001" in stage.run("doctor", "--list-checks").out
    assert stage.cloudformation.asked == []


def test_fifty_sellers_take_less_than_ten_seconds(world: DoctorStage) -> None:
    for number in range(48):
        name = f"A{number:02d}MANYSELLERS"
        world.amazon.subscriptions[name] = set(world.amazon.subscriptions[SELLERS[0]])
        world.add_seller(name)
    # As long as a warm function takes to ask Amazon for nine types, or for ten sellers' tokens.
    world.amazon.seconds = 0.7
    begun = time.monotonic()
    assert world.findings() == []
    assert time.monotonic() - begun < 10


def test_ids_are_stable_distinct_and_explained() -> None:
    ids = [check.id for check in CHECKS]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"SB-[A-Z]+-\d{3}", name) for name in ids)
    known: set[str] = set()
    for check in CHECKS:
        assert set(check.needs) <= known, f"{check.id} needs one that stands further in"
        known.add(check.id)


def test_the_document_has_every_check_under_its_id() -> None:
    headings = re.findall(r"^### (SB-\S+)$", DOCUMENT, re.MULTILINE)
    assert headings == [check.id for check in CHECKS]
    parts = re.split(r"^### SB-\S+$", DOCUMENT, flags=re.MULTILINE)[1:]
    for check, text in zip(CHECKS, parts, strict=True):
        assert check.title.lower() in text.lower(), check.id
        for word in ("**Looks at**", "**A finding means**", "**Mend**"):
            assert word in text, f"{check.id} lacks {word}"


def _facts() -> Facts:
    return Facts("example", lambda service, region: None)


def _check(name: str, run: object, *needs: str) -> Check:
    return Check(name, name, run, needs=needs, scope=Scope.STAGE)  # type: ignore[arg-type]


def _run(*checks: Check) -> dict[str, Outcome]:
    return {row.check.id: row.outcome for row in runner.run(checks, _facts(), {})}


def _well(_: Facts) -> Looked:
    return Looked("well")


def _finding(level: Level = Level.FAILURE, *, subjects: frozenset[str] = frozenset()) -> Looked:
    finding = Finding("it is bad", "everybody", ("mend it",), level=level, subjects=subjects)
    return Looked("bad", (finding,))


def test_a_report_comes_as_soon_as_it_is_known() -> None:
    late = threading.Event()

    def slow(_: Facts) -> Looked:
        assert late.wait(5)
        return Looked("late")

    seen = []
    for report in runner.run([_check("SLOW", slow), _check("FAST", _well)], _facts(), {}):
        seen.append(report.check.id)
        late.set()
    assert seen == ["FAST", "SLOW"]


def test_who_needs_what_failed_is_skipped_and_names_the_root() -> None:
    checks = [
        _check("ROOT", lambda _: _finding()),
        _check("NEXT", _well, "ROOT"),
        _check("LAST", _well, "NEXT"),
        _check("OTHER", _well),
    ]
    reports = {row.check.id: row for row in runner.run(checks, _facts(), {})}
    assert {name: row.outcome.value for name, row in reports.items()} == {
        "ROOT": "failure",
        "NEXT": "skipped",
        "LAST": "skipped",
        "OTHER": "well",
    }
    assert reports["LAST"].reason == "needs ROOT"


def test_a_warning_and_what_is_limited_to_some_skips_nobody() -> None:
    seen: list[frozenset[str]] = []

    def after(facts: Facts) -> Looked:
        seen.append(facts.broken("SOME"))
        return Looked("well")

    outcomes = _run(
        _check("WARNS", lambda _: _finding(Level.WARNING)),
        _check("SOME", lambda _: _finding(subjects=frozenset({"A1"}))),
        _check("AFTER", after, "WARNS", "SOME"),
    )
    assert outcomes["AFTER"] is Outcome.WELL
    assert seen == [frozenset({"A1"})]


def test_what_a_check_may_say_instead_of_looking() -> None:
    def not_here(_: Facts) -> Looked:
        raise NotCheckedError("not here")

    def needs(_: Facts) -> Looked:
        raise NeedsError("SB-STACK-001")

    def fails(_: Facts) -> Looked:
        raise CommandError("the function failed", FAILED)

    def denied(_: Facts) -> Looked:
        raise refused("AccessDenied", "DescribeKey")

    assert _run(
        _check("A", not_here),
        _check("B", needs),
        _check("C", fails),
        _check("D", denied),
        _check("E", _well, "A"),
    ) == {
        "A": Outcome.NOT_CHECKED,
        "B": Outcome.SKIPPED,
        "C": Outcome.UNKNOWN,
        "D": Outcome.UNKNOWN,
        "E": Outcome.WELL,
    }


def test_a_defect_of_a_check_is_not_taken_for_a_finding() -> None:
    def defect(_: Facts) -> Looked:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _run(_check("A", defect))


def test_what_several_need_is_asked_for_once() -> None:
    facts, asked, gate = _facts(), [], threading.Barrier(2)

    def look() -> int:
        asked.append(1)
        time.sleep(0.05)
        return 7

    def ask() -> None:
        gate.wait()
        assert facts.once("x", look) == 7

    other = threading.Thread(target=ask)
    other.start()
    ask()
    other.join()
    assert asked == [1]


def test_a_production_stage_is_mended_with_its_name_only(world: DoctorStage) -> None:
    world.rules.rules["daily"] = "DISABLED"
    world.stage.configure(
        ("  eu: {aws_region: eu-west-1, marketplaces: [DE, FR]}\n", ""),
        ("removal_policy: retain", "removal_policy: retain\nproduction: true"),
    )
    assert open_stage(STAGE, world.clients).settings.shared.production is True
    (command,) = next(row for row in world.findings() if row["id"] == "SB-MAP-002")["mend"]
    assert command.endswith(f"--fix --confirm={STAGE}")
    assert world.doctor("--fix").code == 2
    assert world.rules.rules["daily"] == "DISABLED"
    world.mend(command)
    assert world.rules.rules["daily"] == "ENABLED"


def test_times_are_of_now(world: DoctorStage) -> None:
    at = datetime.fromisoformat(world.doctor("--json").document["at"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
