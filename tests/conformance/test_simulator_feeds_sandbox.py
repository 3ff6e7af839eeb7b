"""Every static sandbox case of the models of the Feeds API, answered by the simulator as the model says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.feeds_model import OPERATIONS, VERSIONS

CASES = [
    pytest.param(version, operation, int(status), case, id=f"{version}: {operation} {status}")
    for (version, operation), (_, _, said) in sorted(OPERATIONS.items())
    for status, response in said["responses"].items()
    for case in response.get("x-amzn-api-sandbox", {}).get("static", [])
]


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


def ask(simulated: Amazon, version: str, operation: str, given: dict[str, Any]) -> requests.Response:
    method, path, _ = OPERATIONS[version, operation]
    places = {name: value for name, value in given.items() if f"{{{name}}}" in path}
    query = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in given.items()
        if name not in (*places, "body")
    }
    simulated.control("POST", "reset")
    token = simulated.seller_token()
    return simulated.call(
        method, path.format(**places), token, body=given.get("body"), query=query, sandbox=True
    )


def test_every_operation_has_a_case_of_success_and_one_of_failure() -> None:
    assert len(CASES) == 2 * len(OPERATIONS) == 24


@pytest.mark.parametrize(("version", "operation", "status", "case"), CASES)
def test_static_sandbox_case(
    simulated: Amazon, version: str, operation: str, status: int, case: dict[str, Any]
) -> None:
    given = {name: held["value"] for name, held in case["request"]["parameters"].items()}
    answer = ask(simulated, version, operation, given)
    assert answer.status_code == status, answer.text
    if "response" in case:
        assert answer.json() == case["response"]
    else:
        assert answer.content == b""
    assert simulated.control("GET", "state")["feeds"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_sandbox_refuses_what_matches_no_case(simulated: Amazon, version: str) -> None:
    answer = ask(simulated, version, "getFeed", {"feedId": "another"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "Could not match input arguments"
