"""`sellerbus secrets set`: what is stored, what is refused before anything is called, what is never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.ops.aws import STAGE, DeployedStage, foundation

CLIENT_ID = "amzn1.application-oa2-client.0123456789abcdef"
SECRET = "amzn1.oa2-cs.v1.0123456789abcdef"
BOTH = json.dumps({"clientId": CLIENT_ID, "clientSecret": SECRET})
SET = ("secrets", "set", "--stage", STAGE)


def stored(stage: DeployedStage, region: str = "na") -> Any:
    client = stage.client("secretsmanager", region)
    try:
        return json.loads(client.get_secret_value(SecretId=stage.secrets[region])["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        return None


def test_asked_for_in_a_terminal(stage: DeployedStage) -> None:
    finished = stage.run(*SET, typed=[CLIENT_ID, SECRET])
    assert finished.code == 0
    for region in ("na", "eu"):
        assert stored(stage, region) == {"clientId": CLIENT_ID, "clientSecret": SECRET}


def test_a_wrong_client_id_is_refused_before_the_secret_is_asked_for(stage: DeployedStage) -> None:
    finished = stage.run(*SET, typed=["amzn1.sp.solution.1"])
    assert finished.code == 2
    assert "is no client id" in finished.err


def test_a_secret_in_place_of_the_client_id_is_not_repeated(stage: DeployedStage) -> None:
    finished = stage.run(*SET, typed=[SECRET])
    assert finished.code == 2
    assert SECRET not in finished.err


def test_the_client_id_may_be_an_option(stage: DeployedStage) -> None:
    assert stage.run(*SET, "--client-id", CLIENT_ID, typed=[SECRET]).code == 0
    assert stage.run(*SET, "--client-id", CLIENT_ID, piped=SECRET + "\n").code == 0
    assert stored(stage) == {"clientId": CLIENT_ID, "clientSecret": SECRET}


def test_both_may_be_piped_as_json(stage: DeployedStage) -> None:
    assert stage.run(*SET, piped=BOTH).code == 0
    assert stored(stage) == {"clientId": CLIENT_ID, "clientSecret": SECRET}


def test_the_secret_is_shown_nowhere_and_what_is_next_is_said(stage: DeployedStage) -> None:
    for arguments in (SET, (*SET, "--json")):
        finished = stage.run(*arguments, piped=BOTH)
        assert SECRET not in finished.out + finished.err
        assert "sellerbus sellers add" in finished.err
    assert finished.document["stage"] == STAGE
    assert finished.document["clientId"] == CLIENT_ID
    rows = {row["region"]: row for row in finished.document["regions"]}
    assert rows["eu"]["secretArn"] == stage.secrets["eu"]
    assert rows["na"]["versionId"]


def test_a_region_that_is_not_deployed_yet_is_told(stage: DeployedStage) -> None:
    del stage.cloudformation.stacks[foundation("eu")]
    finished = stage.run(*SET, "--json", piped=BOTH)
    assert finished.code == 0
    assert [row["region"] for row in finished.document["regions"]] == ["na"]
    assert "run this again when it is: eu" in finished.err


def test_one_region_that_refuses_keeps_the_other_from_nothing(stage: DeployedStage) -> None:
    stage.refusals["secretsmanager", "na"] = ("put_secret_value", "AccessDeniedException")
    finished = stage.run(*SET, "--json", piped=BOTH)
    assert finished.code == 5
    assert "1 of 2 regions have not got the credentials: na" in finished.err
    assert "AccessDeniedException" in finished.document["regions"][0]["error"]
    assert stored(stage, "eu") == {"clientId": CLIENT_ID, "clientSecret": SECRET}
    assert "na: not stored" in " ".join(stage.run(*SET, piped=BOTH).out.replace("  ", ": ").split())


def test_all_regions_that_refuse_are_a_failure(stage: DeployedStage) -> None:
    for region in ("na", "eu"):
        stage.refusals["secretsmanager", region] = ("put_secret_value", "AccessDeniedException")
    finished = stage.run(*SET, piped=BOTH)
    assert finished.code == 1
    assert SECRET not in finished.out + finished.err


def test_the_secret_is_no_argument_and_not_repeated(stage: DeployedStage) -> None:
    finished = stage.run(*SET, "--client-secret", SECRET)
    assert finished.code == 2
    assert SECRET not in finished.err
    assert stored(stage) is None


@pytest.mark.parametrize(
    ("piped", "arguments", "what"),
    [
        ("", (), "No client secret was given"),
        (SECRET, (), "--client-id"),
        ("{", (), "is not JSON"),
        ('{"clientId": "x"}', (), "lacks the key clientSecret"),
        (BOTH, ("--client-id", CLIENT_ID + "0"), "differ"),
        (SECRET, ("--client-id", "amzn1.sp.solution.1"), "is no client id"),
        ("short", ("--client-id", CLIENT_ID), "too short"),
        ("two words that are long", ("--client-id", CLIENT_ID), "spaces"),
        (CLIENT_ID, ("--client-id", CLIENT_ID), "is a client id or a token"),
        ("Atzr|IwEB0123456789", ("--client-id", CLIENT_ID), "is a client id or a token"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_stored(
    stage: DeployedStage, piped: str, arguments: tuple[str, ...], what: str
) -> None:
    finished = stage.run(*SET, *arguments, piped=piped)
    assert finished.code == 2
    assert what in finished.err
    assert finished.out == ""
    assert stored(stage) is None


def test_a_stage_that_is_not_deployed_says_how(stage: DeployedStage) -> None:
    stage.cloudformation.stacks.clear()
    finished = stage.run(*SET, piped=BOTH)
    assert finished.code == 3
    assert f"make deploy STAGE={STAGE}" in finished.err


def test_a_stack_without_the_output_says_how(stage: DeployedStage) -> None:
    stage.cloudformation.stacks[foundation("na")] = {}
    finished = stage.run(*SET, piped=BOTH)
    assert finished.code == 5
    assert "has no output LwaCredentialsSecretArn" in finished.out


def test_a_refused_look_at_the_stack_is_not_taken_for_its_absence(stage: DeployedStage) -> None:
    stage.cloudformation.fault = "AccessDenied"
    finished = stage.run(*SET, piped=BOTH)
    assert finished.code == 1
    assert "AWS refused DescribeStacks: AccessDenied" in finished.err


def test_an_unknown_stage_is_refused(stage: DeployedStage) -> None:
    finished = stage.run("secrets", "set", "--stage", "nowhere", piped=BOTH)
    assert finished.code == 2
    assert "config/nowhere.yaml" in finished.err
