"""Faults as a client meets them: lost answers, closed connections, answers that are not JSON, late ones."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon

DESTINATIONS = "/notifications/v1/destinations"
BODY = {"name": "n", "resourceSpecification": {"sqs": {"arn": QUEUE_ARN}}}


@pytest.fixture
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


def destinations(simulated: Amazon) -> int:
    return len(simulated.control("GET", "state")["destinations"])


@pytest.mark.parametrize(("cut", "made"), [("before", 0), ("after", 1)])
def test_a_cut_closes_the_connection_before_or_after_the_work(simulated: Amazon, cut: str, made: int) -> None:
    token = simulated.grantless_token()
    simulated.control("POST", "faults", {"operation": "createDestination", "cut": cut})
    with pytest.raises(requests.ConnectionError):
        simulated.call("POST", DESTINATIONS, token, body=BODY)
    assert destinations(simulated) == made
    [entry] = simulated.control("GET", "requests?operation=createDestination")
    assert (entry["status"], entry["cut"]) == (None, cut)
    again = simulated.call("POST", DESTINATIONS, token, body=BODY)
    assert again.status_code == (409 if made else 200)


def test_a_cut_sends_not_one_byte(simulated: Amazon) -> None:
    token = simulated.grantless_token()
    simulated.control("POST", "faults", {"operation": "getDestinations", "cut": "after"})
    address = urlsplit(simulated.url)
    request = (
        f"GET {DESTINATIONS} HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\nx-amz-access-token: {token}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100) == b""


def test_the_token_endpoint_can_fail_and_be_cut(simulated: Amazon) -> None:
    simulated.control("POST", "faults", {"operation": "lwa", "status": 503})
    simulated.control("POST", "faults", {"operation": "lwa", "cut": "before"})
    failed = simulated.session.post(f"{simulated.url}/auth/o2/token", data={}, timeout=10)
    assert (failed.status_code, failed.json()["error"]) == (503, "server_error")
    with pytest.raises(requests.ConnectionError):
        simulated.session.post(f"{simulated.url}/auth/o2/token", data={}, timeout=10)
    assert simulated.grantless_token()


def test_a_fault_counts_down_and_leaves_other_operations_alone(simulated: Amazon) -> None:
    token = simulated.grantless_token()
    simulated.control("POST", "faults", {"operation": "getDestinations", "status": 500, "count": 2})
    assert simulated.call("GET", DESTINATIONS + "/x", token).status_code == 404
    answers = [simulated.call("GET", DESTINATIONS, token).status_code for _ in range(3)]
    assert answers == [500, 500, 200]


@pytest.mark.parametrize(("carried_out", "made"), [(False, 0), (True, 1)])
def test_an_error_may_hide_that_the_work_was_done(simulated: Amazon, carried_out: bool, made: int) -> None:
    fault = {"operation": "createDestination", "status": 500, "carriedOut": carried_out}
    simulated.control("POST", "faults", fault)
    assert simulated.call("POST", DESTINATIONS, simulated.grantless_token(), body=BODY).status_code == 500
    assert destinations(simulated) == made


def test_a_body_that_is_not_json(simulated: Amazon) -> None:
    simulated.control("POST", "faults", {"operation": "getDestinations", "body": "<html>Bad Gateway"})
    simulated.control("POST", "faults", {"operation": "getDestinations", "status": 200, "body": "<html>"})
    token = simulated.grantless_token()
    first, second = (simulated.call("GET", DESTINATIONS, token) for _ in range(2))
    assert (first.status_code, first.text) == (500, "<html>Bad Gateway")
    assert (second.status_code, second.text) == (200, "<html>")


def test_a_delay_alone_only_delays(simulated: Amazon) -> None:
    token = simulated.grantless_token()
    simulated.control("POST", "faults", {"operation": "getDestinations", "delaySeconds": 0.3})
    started = time.monotonic()
    assert simulated.call("GET", DESTINATIONS, token).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_shorter_life_of_tokens_is_told_and_kept(simulated: Amazon) -> None:
    simulated.control("POST", "tokens", {"expiresInSeconds": 10})
    token = simulated.grantless_token()
    simulated.clock.now += 9
    assert simulated.call("GET", DESTINATIONS, token).status_code == 200
    simulated.clock.now += 1
    assert simulated.call("GET", DESTINATIONS, token).status_code == 403


def test_a_client_that_leaves_in_the_middle_does_no_harm(simulated: Amazon) -> None:
    address = urlsplit(simulated.url)
    head = "POST /auth/o2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ngrant"
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        connection.sendall(head.encode())
    assert simulated.grantless_token()
    assert sorted(entry["status"] or 0 for entry in simulated.control("GET", "requests?operation=lwa")) == [
        0,
        200,
    ]


def test_the_process_says_where_it_listens_and_logs_no_secret(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    secret = "never-to-be-printed"
    with (tmp_path / "errors.log").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "serve", "--port", "0", "--ready-file", str(ready)],
            env={"SIMULATOR_CLIENT_SECRET": secret, "PATH": ""},
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout
        with process.stdout:
            try:
                url = json.loads(process.stdout.readline())["url"]
                assert json.loads(ready.read_text(encoding="utf-8")) == {"url": url}
                form = {
                    "grant_type": "client_credentials",
                    "client_id": "amzn1.application-oa2-client.local",
                    "client_secret": secret,
                    "scope": "sellingpartnerapi::notifications",
                }
                with requests.Session() as session:
                    token = session.post(f"{url}/auth/o2/token", data=form, timeout=10).json()["access_token"]
                    health = session.get(f"{url}/_simulator/health", timeout=10).json()
                assert health == {"status": "ok", "applications": ["amzn1.application-oa2-client.local"]}
            finally:
                process.terminate()
                process.wait(timeout=20)
            printed = process.stdout.read() + (tmp_path / "errors.log").read_text(encoding="utf-8")
    assert secret not in printed
    assert token not in printed
    assert printed == ""
