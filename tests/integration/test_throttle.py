"""Eight processes spend one quota that they have to find out first: all of it, and nothing beyond."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from local.commands import ROOT, clean_environment
from local.emulator import Emulator, start_emulator, stop_emulator
from local.simulator import Simulator, start_simulator, stop_simulator
from sellerbus.api import operations
from sellerbus.api.errors import ThrottledError
from tests.integration import quota_worker

PROCESSES = 8
RATE, BURST = 20.0, 10
SECONDS = 11.0
SETTLING_SECONDS = 3.0
"""For the rate, of which a twentieth is known at first, to be learned by all and caught up with."""

TABLE = "quota"
OPERATION = "getSubscriptions"
CLIENT_SECRET = "quota-test-secret"


@dataclass
class Stage:
    """Amazon's stand-in and a quota table; `settings` are what a worker is given."""

    emulator: Emulator
    simulator: Simulator
    settings: dict[str, Any]

    def row(self) -> dict[str, Any]:
        (row,) = self.emulator.client("dynamodb").scan(TableName=TABLE)["Items"]
        return dict(row)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    emulator = start_emulator(tmp_path / "emulator")
    try:
        simulator = start_simulator(tmp_path / "simulator", emulator, CLIENT_SECRET)
        try:
            emulator.client("dynamodb").create_table(
                TableName=TABLE,
                AttributeDefinitions=[{"AttributeName": "bucket", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "bucket", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
            requests.post(
                f"{simulator.url}/_simulator/rates",
                json={"operation": OPERATION, "ratePerSecond": RATE, "burst": BURST},
                timeout=10,
            ).raise_for_status()
            settings = {
                "sp_api": simulator.url,
                "lwa": simulator.lwa_endpoint,
                "client_id": simulator.client_id,
                "client_secret": CLIENT_SECRET,
                "refresh_token": simulator.add_seller(quota_worker.SELLER_ID, ["ATVPDKIKX0DER"]),
                "table": TABLE,
            }
            yield Stage(emulator, simulator, settings)
        finally:
            stop_simulator(simulator)
    finally:
        stop_emulator(emulator)


def work(stage: Stage, environment: dict[str, str]) -> list[dict[str, int]]:
    """Let the processes call for SECONDS, all at once; return what each of them counted."""
    workers = [
        subprocess.Popen(
            [sys.executable, str(Path(quota_worker.__file__)), json.dumps(stage.settings)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        assert [worker.stdout.readline() for worker in workers if worker.stdout] == ["ready\n"] * PROCESSES
        until = time.time() + SECONDS
        for worker in workers:
            assert worker.stdin
            worker.stdin.write(f"{until}\n")
            worker.stdin.flush()
        outputs = [worker.communicate(timeout=SECONDS + 20)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    return [json.loads(output) for output in outputs]


def test_eight_processes_use_one_quota_up_and_never_overdraw_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = stage.emulator.environment()
    environment = clean_environment(os.environ) | variables | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas/layers/shared/python")])
    }  # fmt: skip
    counted = work(stage, environment)

    journal = [entry for entry in stage.simulator.requests() if entry["operation"] == OPERATION]
    assert {entry["status"] for entry in journal} == {200}
    assert sum(worker["refusals"] for worker in counted) == 0
    assert len(journal) == sum(worker["calls"] for worker in counted)
    assert min(worker["calls"] for worker in counted) > 0

    assert float(stage.row()["learnedRate"]["N"]) == RATE
    times = [datetime.fromisoformat(entry["time"]).timestamp() for entry in journal]
    first, last = times[0] + SETTLING_SECONDS, times[-1]
    assert last - first >= SECONDS / 2
    used = sum(1 for moment in times if first < moment <= last) / (RATE * (last - first))
    assert used >= 0.95, f"{used:.1%} of the quota was used within {last - first:.1f} seconds"

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    holder, seller = quota_worker.make_client(stage.settings)
    holder.book(operations.GET_SUBSCRIPTIONS, seller=seller, count=100, most_seconds=30)
    other, seller = quota_worker.make_client(stage.settings)
    began = time.monotonic()
    with pytest.raises(ThrottledError) as caught:
        other.call(operations.GET_SUBSCRIPTIONS, seller=seller, query=quota_worker.QUERY)
    # A hundred turns ahead of it are five seconds, and it does not sleep through them.
    assert 3.0 < caught.value.seconds <= 5.1
    assert time.monotonic() - began < 2.0
