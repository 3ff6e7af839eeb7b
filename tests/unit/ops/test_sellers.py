"""`sellerbus sellers`: sellers come, are listed and go; what is wrong is refused before any call."""

from __future__ import annotations

from typing import Any

import pytest

from ops import console
from tests.unit.ops.aws import STAGE, DeployedStage, foundation, notifications

SELLER = "A2EXAMPLE3SELLER"
TOKEN = "Atzr|IwEB0123456789"
ADD = ("sellers", "add", SELLER, "--stage", STAGE, "--marketplaces", "US,CA")


def test_added_with_the_token_sealed_to_the_seller(stage: DeployedStage) -> None:
    finished = stage.run(*ADD, "--json", typed=[TOKEN])
    assert finished.code == 0
    assert finished.document["marketplaceIds"] == ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]
    (row,) = stage.rows()
    opened = stage.client("kms").decrypt(
        CiphertextBlob=row["refreshToken"]["B"],
        EncryptionContext={"sellerId": SELLER},
        KeyId=stage.keys["na"],
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
        (SELLER, "JP", TOKEN, "stage example has only na, eu"),
        (SELLER, "GB", TOKEN, "not among the marketplaces of region eu of stage example"),
        (TOKEN, "US", TOKEN, "is a token or a secret"),
        (SELLER, f"US,{TOKEN}", TOKEN, "is a token or a secret"),
        ("A2 " * 20, "US", TOKEN, "the text (not shown"),
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
    assert stage.rows() == []


def test_the_region_is_that_of_the_marketplaces(stage: DeployedStage) -> None:
    finished = stage.run(
        "sellers", "add", SELLER, "--stage", STAGE, "--marketplaces", "DE", "--json", piped=TOKEN
    )
    assert finished.document["region"] == "eu"
    assert (len(stage.rows("na")), len(stage.rows("eu"))) == (0, 1)


def test_own_types_are_a_part_of_the_configured_ones(stage: DeployedStage) -> None:
    finished = stage.run(*ADD, "--types", "order_change,PRICING_HEALTH", "--json", piped=TOKEN)
    assert finished.document["notificationTypes"] == ["ORDER_CHANGE", "PRICING_HEALTH"]
    assert stage.run(*ADD, "--replace", "--json", piped=TOKEN).document["notificationTypes"] == [
        "ORDER_CHANGE",
        "PRICING_HEALTH",
    ]
    all_again = stage.run(*ADD, "--replace", "--types", "all", "--json", piped=TOKEN)
    assert all_again.document["notificationTypes"] is None


@pytest.mark.parametrize(
    ("types", "what"),
    [("ANY_OFFER_CHANGED", "Configured are FEED_PROCESSING_FINISHED"), ("all,ORDER_CHANGE", "stands alone")],
)
def test_other_types_are_refused(stage: DeployedStage, types: str, what: str) -> None:
    finished = stage.run(*ADD, "--types", types, piped=TOKEN)
    assert finished.code == 2
    assert "--types: " in finished.err
    assert what in finished.err
    assert stage.rows() == []


def listed(stage: DeployedStage, *arguments: str) -> dict[str, Any]:
    finished = stage.run("sellers", "list", "--stage", STAGE, "--json", *arguments)
    assert finished.code == 0
    return {row["sellerId"]: row for row in finished.document}


def test_listed_as_a_table_and_as_json(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    stage.run("sellers", "add", "A1OTHER", "--stage", STAGE, "--marketplaces", "DE", piped=TOKEN)
    table = stage.run("sellers", "list", "--stage", STAGE).out
    assert table.index("A1OTHER") < table.index(SELLER)
    assert "US, CA" in table
    rows = listed(stage)
    assert {name: row["region"] for name, row in rows.items()} == {"A1OTHER": "eu", SELLER: "na"}
    assert set(rows[SELLER]) == {
        "sellerId", "region", "marketplaceIds", "notificationTypes", "status", "createdAt", "updatedAt",
        "state", "subscriptions", "wanted", "blocked", "finishedAt", "lastError",
    }  # fmt: skip
    assert set(listed(stage, "--region", "eu")) == {"A1OTHER"}


def test_a_long_id_stands_whole_in_a_narrow_terminal(
    stage: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_id = "A" * 20
    stage.run("sellers", "add", long_id, "--stage", STAGE, "--marketplaces", "US,CA,MX,BR", piped=TOKEN)
    monkeypatch.setenv("COLUMNS", "40")
    assert long_id in stage.run("sellers", "list", "--stage", STAGE).out


def test_the_state_is_what_the_last_run_left(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    assert (listed(stage)[SELLER]["state"], listed(stage)[SELLER]["wanted"]) == ("pending", 3)
    stage.remember(
        SELLER,
        finishedAt={"S": "2099-01-01T00:00:00.000+00:00"},
        subscriptions={"SS": ["ORDER_CHANGE sub-1", "PRICING_HEALTH sub-2"]},
        types={"SS": ["ORDER_CHANGE", "PRICING_HEALTH"]},
        settled={"SS": ["ORDER_CHANGE x", "PRICING_HEALTH x"]},
    )
    row = listed(stage)[SELLER]
    assert (row["state"], row["subscriptions"], row["wanted"]) == ("settled", 2, 3)
    assert "2 of 3" in stage.run("sellers", "list", "--stage", STAGE).out
    stage.remember(SELLER, finishedAt={"S": "2020-01-01T00:00:00.000+00:00"})
    assert listed(stage)[SELLER]["state"] == "pending"
    settled: dict[str, Any] = {"types": {"SS": ["ORDER_CHANGE"]}, "settled": {"SS": ["ORDER_CHANGE x"]}}
    late = {"S": "2099-01-01T00:00:00.000+00:00"}
    stage.remember(SELLER, finishedAt=late, blocked={"SS": ["ORDER_CHANGE 1.0"]}, **settled)
    assert listed(stage)[SELLER]["state"] == "blocked"
    # A run has ended and put the seller back, to wait for quota.
    stage.remember(SELLER, finishedAt={"S": "2099-01-01T00:00:00.000+00:00"}, types={"SS": ["ORDER_CHANGE"]})
    assert listed(stage)[SELLER]["state"] == "pending"
    stage.remember(SELLER, leaseUntil={"N": "4070908800"})
    assert listed(stage)[SELLER]["state"] == "working"
    stage.remember(
        SELLER, finishedAt={"S": "2099-01-01T00:00:00.000+00:00"}, lastError={"S": "createSubscription: 403"}
    )
    assert listed(stage)[SELLER]["lastError"] == "createSubscription: 403"
    told = stage.run("sellers", "list", "--stage", STAGE)
    assert "failing: createSubscription: 403" in told.out
    assert "failing: the last run could not do everything" in told.err
    assert "2099-01-01 00:00" in told.out
    stage.remember(
        SELLER, finishedAt=late, lastError={"S": "whole"}, lastErrorBrief={"S": "refused (403): createX"}
    )
    told = stage.run("sellers", "list", "--stage", STAGE)
    assert "failing: refused (403): createX" in told.out
    assert "whole" not in told.out


def test_a_long_error_is_shown_whole_and_wrapped_between_words(
    stage: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    words = [f"word{number:03}" for number in range(40)]
    stage.remember(SELLER, lastError={"S": " ".join(words)})
    assert " ".join(words) in stage.run(*SHOW).out
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(console, "_terminal_width", lambda: 80)
    lines = stage.run(*SHOW).out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [word for word in " ".join(lines).split() if word.startswith("word")] == words


def test_a_state_that_nobody_is_in_is_not_explained(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    told = stage.run("sellers", "list", "--stage", STAGE)
    assert "pending: " in told.err
    assert "settled" not in told.err


def test_a_seller_for_whom_nothing_is_wanted_is_settled_after_its_run(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    stage.remember(SELLER, finishedAt={"S": "2099-01-01T00:00:00.000+00:00"})
    assert listed(stage)[SELLER]["state"] == "settled"


SHOW = ("sellers", "show", SELLER, "--stage", STAGE)


def test_shown_with_everything_but_the_token(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, "--types", "ORDER_CHANGE", piped=TOKEN)
    stage.remember(
        SELLER,
        finishedAt={"S": "2099-01-01T00:00:00.000+00:00"},
        subscriptions={"SS": ["ORDER_CHANGE sub-1"]},
        blocked={"SS": ["PRICING_HEALTH 1.0"]},
        lastError={"S": "refused Atzr|abcdef"},
    )
    finished = stage.run(*SHOW, "--json")
    assert finished.document["subscriptions"] == [
        {"notificationType": "ORDER_CHANGE", "subscriptionId": "sub-1"}
    ]
    assert (finished.document["wanted"], finished.document["busy"]) == (1, False)
    assert finished.document["blocked"] == ["PRICING_HEALTH 1.0"]
    told = stage.run(*SHOW)
    for text in ("ORDER_CHANGE", "sub-1", "1 of 1", "PRICING_HEALTH 1.0", "2099-01-01", "refused [token]"):
        assert text in told.out
    assert "failing: the last run could not do everything" in told.err
    assert "refreshToken" not in finished.out
    assert "Atzr|" not in finished.out + told.out


def test_shown_before_the_first_deployment(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    finished = stage.run(*SHOW)
    assert finished.code == 0
    assert "none that is remembered" in finished.out
    assert "all that are configured" in finished.out


def test_a_seller_of_several_regions_asks_for_one(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    stage.run("sellers", "add", SELLER, "--stage", STAGE, "--marketplaces", "DE", piped=TOKEN)
    finished = stage.run(*SHOW)
    assert finished.code == 2
    assert "is in several regions of stage example: na and eu" in finished.err
    assert "--region" in finished.err
    assert stage.run(*SHOW, "--region", "EU", "--json").document["region"] == "eu"


def test_a_region_that_is_not_configured_points_to_the_file(stage: DeployedStage) -> None:
    finished = stage.run(*SHOW, "--region", "fe")
    assert finished.code == 2
    assert "no region fe, only na, eu" in finished.err
    assert "config/example.yaml" in finished.err


def set_status(stage: DeployedStage, status: str) -> None:
    stage.client("dynamodb").update_item(
        TableName="sellers",
        Key={"sellerId": {"S": SELLER}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
    )


def test_paused_and_resumed(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    paused = stage.run("sellers", "pause", SELLER, "--stage", STAGE, "--json")
    assert (paused.code, paused.document["status"]) == (0, "paused")
    assert "are deleted within about a minute" in paused.err
    again = stage.run("sellers", "pause", SELLER, "--stage", STAGE)
    assert again.code == 0
    assert "already paused" in again.out
    assert listed(stage)[SELLER]["wanted"] == 0
    stage.remember(
        SELLER,
        finishedAt={"S": "2099-01-01T00:00:00.000+00:00"},
        types={"SS": ["X"]},
        subscriptions={"SS": ["X s"]},
    )
    told = stage.run("sellers", "list", "--stage", STAGE)
    assert "1 left" in told.out
    assert "pending: " in told.err
    stage.remember(SELLER, finishedAt={"S": "2099-01-01T00:00:00.000+00:00"})
    assert listed(stage)[SELLER]["state"] == "paused"
    resumed = stage.run("sellers", "resume", SELLER, "--stage", STAGE)
    assert (resumed.code, stage.rows()[0]["status"]["S"]) == (0, "active")
    assert "are made within about a minute" in resumed.err


def test_a_revoked_seller_says_what_a_person_has_to_do(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    set_status(stage, "revoked")
    stage.remember(
        SELLER, finishedAt={"S": "2099-01-01T00:00:00.000+00:00"}, subscriptions={"SS": ["ORDER_CHANGE s"]}
    )
    row = listed(stage)[SELLER]
    assert (row["state"], row["subscriptions"], row["wanted"]) == ("revoked", 1, 0)
    shown = stage.run(*SHOW)
    assert "1 on record" in shown.out
    assert f"bin/sellerbus sellers add {SELLER} --stage {STAGE} --marketplaces US,CA --replace" in shown.err
    assert "has revoked" not in shown.err
    assert "revoked, expired, or another application's" in shown.err


@pytest.mark.parametrize(
    ("status", "what"),
    [("revoked", "Amazon refuses its authorisation"), ("removing", "is being removed")],
)
@pytest.mark.parametrize("command", ["pause", "resume"])
def test_who_has_revoked_or_goes_needs_a_new_token(
    stage: DeployedStage, command: str, status: str, what: str
) -> None:
    stage.run(*ADD, piped=TOKEN)
    set_status(stage, status)
    finished = stage.run("sellers", command, SELLER, "--stage", STAGE)
    assert finished.code == 5
    assert what in finished.err
    assert f"sellers add {SELLER} --stage {STAGE} --marketplaces US,CA --replace" in finished.err
    assert stage.rows()[0]["status"]["S"] == status


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
    assert stage.rows()[0]["status"] == {"S": "active"}
    assert stage.run(*remove, "--forget").document["removed"] is True
    assert stage.rows() == []


def test_removed_at_once_where_nothing_runs_and_nothing_was_kept(
    stage: DeployedStage,
) -> None:
    destroyed_whole(stage)
    stage.run(*ADD, piped=TOKEN)
    finished = stage.run("sellers", "remove", SELLER, "--stage", STAGE, "--yes", "--json")
    assert finished.document["removed"] is True
    assert stage.rows() == []


def destroyed_whole(stage: DeployedStage) -> None:
    stage.configure(("removal_policy: retain", "removal_policy: destroy"))


def test_marked_for_removal_where_the_stack_follows(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    stage.run(*ADD, piped=TOKEN)
    finished = stage.run("sellers", "remove", SELLER, "--stage", STAGE, "--yes", "--json")
    assert (finished.document["removed"], finished.document["status"]) == (False, "removing")
    assert stage.rows()[0]["status"] == {"S": "removing"}
    assert stage.run(*ADD, piped=TOKEN).code == 4


@pytest.mark.parametrize(("typed", "code", "left"), [(["y"], 0, 0), (["n"], 2, 1), (None, 2, 1)])
def test_removal_is_confirmed(stage: DeployedStage, typed: list[str] | None, code: int, left: int) -> None:
    destroyed_whole(stage)
    stage.run(*ADD, piped=TOKEN)
    assert stage.run("sellers", "remove", SELLER, "--stage", STAGE, typed=typed).code == code
    assert len(stage.rows()) == left


def test_a_seller_that_is_not_there_cannot_be_removed(stage: DeployedStage) -> None:
    stage.deploy_notifications()
    finished = stage.run("sellers", "remove", SELLER, "--stage", STAGE, "--yes")
    assert finished.code == 3
    assert "sellers list" in finished.err


def test_help_documents_exit_codes_and_rights(stage: DeployedStage) -> None:
    assert "Exit codes" in stage.run("--help").out
    for group, right in (("sellers", "dynamodb:GetItem"), ("subscriptions", "lambda:InvokeFunction")):
        assert right in stage.run(group, "--help").out


def test_another_account_is_refused(stage: DeployedStage) -> None:
    stage.configure(("123456789012", "999999999999"))
    finished = stage.run("sellers", "list", "--stage", STAGE)
    assert finished.code == 2
    assert "999999999999" in finished.err


def test_a_stage_of_which_nothing_is_deployed_says_how(stage: DeployedStage) -> None:
    stage.cloudformation.stacks.clear()
    finished = stage.run("sellers", "list", "--stage", STAGE)
    assert finished.code == 3
    assert f"{foundation('na')} is not deployed" in finished.err


def test_a_region_that_is_not_deployed_yet_has_no_sellers(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    del stage.cloudformation.stacks[foundation("eu")]
    assert set(listed(stage)) == {SELLER}
    finished = stage.run("sellers", "add", "A1OTHER", "--stage", STAGE, "--marketplaces", "DE", piped=TOKEN)
    assert finished.code == 3
    assert foundation("eu") in finished.err


def test_an_older_stack_without_the_table_says_so(stage: DeployedStage) -> None:
    stage.run(*ADD, piped=TOKEN)
    stage.cloudformation.stacks[notifications("na")] = {}
    finished = stage.run(*SHOW)
    assert finished.code == 1
    assert "has no output SubscriptionStateTableName" in finished.err


def test_another_account_is_told_from_a_stage_that_is_not_deployed(stage: DeployedStage) -> None:
    stage.configure(("123456789012", "999999999999"))
    stage.cloudformation.stacks.clear()
    finished = stage.run("sellers", "list", "--stage", STAGE)
    assert finished.code == 2
    assert "of account 123456789012, but" in finished.err
    assert "make deploy" not in finished.err


@pytest.mark.parametrize("piped", ["\ufeff" + TOKEN, "\ufeff" + TOKEN + "\r\n"])
def test_a_byte_order_mark_is_no_part_of_the_token(stage: DeployedStage, piped: str) -> None:
    assert stage.run(*ADD, piped=piped).code == 0
    (row,) = stage.rows()
    opened = stage.client("kms").decrypt(
        KeyId=stage.keys["na"],
        CiphertextBlob=bytes(row["refreshToken"]["B"]),
        EncryptionContext={"sellerId": SELLER},
    )
    assert opened["Plaintext"].decode() == TOKEN


@pytest.mark.parametrize(
    "piped", [TOKEN + "\u200b", TOKEN[:9] + "\u2013" + TOKEN[9:], b"Atzr|\xff\xfe0123456789"]
)
def test_what_no_token_has_is_refused_and_not_repeated(stage: DeployedStage, piped: str | bytes) -> None:
    finished = stage.run(*ADD, piped=piped)
    assert finished.code == 2
    assert "Atzr|" not in finished.err
    assert "Traceback" not in finished.err
    assert stage.rows() == []


def test_an_old_client_secret_as_an_argument_is_not_repeated(stage: DeployedStage) -> None:
    secret = "0123456789abcdef" * 4
    finished = stage.run(*ADD, secret, piped=TOKEN)
    assert finished.code == 2
    assert secret not in finished.out + finished.err
