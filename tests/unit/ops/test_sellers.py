"""`sellerbus sellers`: sellers come, are listed and go; what is wrong is refused before any call."""

from __future__ import annotations

from typing import Any

import pytest

from ops import stage as stage_module
from stacks.settings import load_settings
from tests.unit.ops.aws import STAGE, DeployedStage

SELLER = "A2EXAMPLE3SELLER"
TOKEN = "Atzr|IwEB0123456789"
ADD = ("sellers", "add", SELLER, "--stage", STAGE, "--marketplaces", "US,CA")


def rows(stage: DeployedStage) -> list[Any]:
    return list(stage.client("dynamodb").scan(TableName="sellers")["Items"])


def test_added_with_the_token_sealed_to_the_seller(stage: DeployedStage) -> None:
    finished = stage.run(*ADD, "--json", typed=[TOKEN])
    assert finished.code == 0
    assert finished.document["marketplaceIds"] == ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]
    (row,) = rows(stage)
    opened = stage.client("kms").decrypt(
        CiphertextBlob=row["refreshToken"]["B"], EncryptionContext={"sellerId": SELLER}, KeyId=stage.key
    )
    assert opened["Plaintext"] == TOKEN.encode()


def test_the_token_may_be_piped_and_is_shown_nowhere(stage: DeployedStage) -> None:
    finished = stage.run(*ADD, piped=TOKEN + "\n")
    assert finished.code == 0
    assert TOKEN not in finished.out + finished.err
    assert "US, CA" in finished.out


def test_marketplaces_may_be_given_one_by_one(stage: DeployedStage) -> None:
    arguments = ("--marketplace", "ATVPDKIKX0DER", "--marketplace", "mx")
    finished = stage.run("sellers", "add", SELLER, "--stage", STAGE, *arguments, "--json", piped=TOKEN)
    assert finished.document["marketplaceIds"] == ["ATVPDKIKX0DER", "A1AM78C64UM0Y8"]


def test_says_when_the_subscriptions_come(stage: DeployedStage) -> None:
    assert "when the stage is deployed" in stage.run(*ADD, piped=TOKEN).err
    stage.deploy_notifications()
    assert "within about a minute" in stage.run(*ADD, "--replace", piped=TOKEN).err


def test_a_seller_that_is_there_is_a_conflict_unless_replaced(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    finished = stage.run(*ADD, piped=TOKEN)
    assert finished.code == 4
    assert "status active" in finished.err
    assert "--replace" in finished.err
    assert stage.run(*ADD, "--replace", piped=TOKEN).code == 0


@pytest.mark.parametrize(
    ("seller", "marketplaces", "token", "what"),
    [
        ("a2example", "US", TOKEN, "is no seller id"),
        (SELLER, "XX", TOKEN, "'XX' is no marketplace"),
        (SELLER, ",", TOKEN, "none given"),
        (SELLER, "US,DE", TOKEN, "one region"),
        (SELLER, "DE", TOKEN, "stage example is of region na"),
        (SELLER, "US", "", "No refresh token was given"),
        (SELLER, "US", "Atzr|x two", "spaces"),
        (SELLER, "US", "Atzr1", "too short"),
        (SELLER, "US", "Atza|IwEB0123456789", "access token"),
        (SELLER, "US", "amzn1.oa2-cs.v1.0123", "client secret"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_called(
    stage: DeployedStage, seller: str, marketplaces: str, token: str, what: str
) -> None:
    finished = stage.run(
        "sellers", "add", seller, "--stage", STAGE, "--marketplaces", marketplaces, piped=token
    )
    assert finished.code == 2
    assert what in finished.err
    assert finished.out == ""
    if token:
        assert token not in finished.err
    assert rows(stage) == []


def test_a_marketplace_that_the_stage_does_not_work_for_is_refused(
    stage: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_us = load_settings(STAGE).model_copy(update={"marketplaces": ("ATVPDKIKX0DER",)})
    monkeypatch.setattr(stage_module, "load_settings", lambda name: only_us)
    finished = stage.run(*ADD, piped=TOKEN)
    assert finished.code == 2
    assert "CA is not among the marketplaces of stage example" in finished.err
    assert rows(stage) == []


def test_listed_as_a_table_and_as_json(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    stage.run("sellers", "add", "A1OTHER", "--stage", STAGE, "--marketplaces", "BR", piped=TOKEN)
    table = stage.run("sellers", "list", "--stage", STAGE).out
    assert table.index("A1OTHER") < table.index(SELLER)
    assert "US, CA" in table
    listed = stage.run("sellers", "list", "--stage", STAGE, "--json").document
    assert [row["sellerId"] for row in listed] == ["A1OTHER", SELLER]
    assert set(listed[0]) == {"sellerId", "region", "marketplaceIds", "status", "createdAt", "updatedAt"}


def test_nobody_to_list_is_an_empty_list(stage: DeployedStage) -> None:
    assert stage.run("sellers", "list", "--stage", STAGE, "--json").document == []
    assert stage.run("sellers", "list", "--stage", STAGE).code == 0


def test_without_the_stack_a_stage_that_retains_keeps_the_token_unless_told_to_forget(
    stage: DeployedStage,
) -> None:
    stage.run(*ADD, piped=TOKEN)
    remove = ("sellers", "remove", SELLER, "--stage", STAGE, "--yes", "--json")
    refused = stage.run(*remove)
    assert refused.code == 2
    assert "removal_policy: retain" in refused.err
    assert "make deploy STAGE=example" in refused.err
    assert rows(stage)[0]["status"] == {"S": "active"}
    assert stage.run(*remove, "--forget").document["removed"] is True
    assert rows(stage) == []


def test_removed_at_once_where_nothing_runs_and_nothing_was_kept(
    stage: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    destroyed_whole(monkeypatch)
    stage.run(*ADD, piped=TOKEN)
    finished = stage.run("sellers", "remove", SELLER, "--stage", STAGE, "--yes", "--json")
    assert finished.document["removed"] is True
    assert rows(stage) == []


def destroyed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    other = load_settings(STAGE).model_copy(update={"removal_policy": "destroy"})
    monkeypatch.setattr(stage_module, "load_settings", lambda name: other)


def test_marked_for_removal_where_the_stack_follows(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    finished = stage.run("sellers", "remove", SELLER, "--stage", STAGE, "--yes", "--json")
    assert (finished.document["removed"], finished.document["status"]) == (False, "removing")
    assert rows(stage)[0]["status"] == {"S": "removing"}
    assert stage.run(*ADD, piped=TOKEN).code == 4


@pytest.mark.parametrize(("typed", "code", "left"), [(["y"], 0, 0), (["n"], 2, 1), (None, 2, 1)])
def test_removal_is_confirmed(
    stage: DeployedStage,
    monkeypatch: pytest.MonkeyPatch,
    typed: list[str] | None,
    code: int,
    left: int,
) -> None:
    destroyed_whole(monkeypatch)
    stage.run(*ADD, piped=TOKEN)
    assert stage.run("sellers", "remove", SELLER, "--stage", STAGE, typed=typed).code == code
    assert len(rows(stage)) == left


def test_a_seller_that_is_not_there_cannot_be_removed(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    finished = stage.run("sellers", "remove", SELLER, "--stage", STAGE, "--yes")
    assert finished.code == 3
    assert "sellers list" in finished.err


def test_help_documents_the_exit_codes(stage: DeployedStage) -> None:
    assert "Exit codes" in stage.run("--help").out


def test_another_account_is_refused(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    other = load_settings(STAGE).model_copy(update={"account": "999999999999"})
    monkeypatch.setattr(stage_module, "load_settings", lambda name: other)
    finished = stage.run("sellers", "list", "--stage", STAGE)
    assert finished.code == 2
    assert "999999999999" in finished.err
