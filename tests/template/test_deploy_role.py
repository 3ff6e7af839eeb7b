"""docs/deploy/github-oidc-role.yaml: the role of a build server may deploy, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import decode

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "deploy" / "github-oidc-role.yaml"


@pytest.fixture(scope="module")
def role() -> Any:
    template, problems = decode(str(FILE))
    assert not problems
    return json.loads(json.dumps(template))["Resources"]["Role"]["Properties"]


def test_cfn_lint_finds_nothing() -> None:
    command = [sys.executable, "-W", "ignore", "-c", "from cfnlint.runner import main; main()", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_jobs_of_one_environment_of_one_repository_become_it(role: Any) -> None:
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trusted["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {
                "Fn::Sub": "repo:${Repository}:environment:${GitHubEnvironment}"
            },
        }
    }


def test_it_may_become_the_bootstrap_roles_and_look_twice(role: Any) -> None:
    (policy,) = role["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert [statement["Action"] for statement in statements] == [
        "sts:AssumeRole",
        "ssm:GetParameter",
        "secretsmanager:DescribeSecret",
    ]
    roles = [resource["Fn::Sub"] for resource in statements[0]["Resource"]]
    assert [name.split(":role/cdk-${Qualifier}-")[1].split("-role-")[0] for name in roles] == [
        "deploy",
        "file-publishing",
        "lookup",
    ]
    assert statements[2]["Condition"]["StringLike"] == {
        "aws:ResourceTag/aws:cloudformation:stack-name": {"Fn::Sub": "sellerbus-${Stage}-*-foundation"}
    }
