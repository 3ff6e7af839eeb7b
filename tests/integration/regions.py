"""A deployment of three regions of its own, made and taken away while other tests wait for theirs."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from local.deployment import Deployment, Seller, start_deployment
from local.runs import new_folder, record

STAGE = "regions"
AWS_REGIONS = {"na": "us-east-1", "eu": "eu-west-1", "fe": "us-west-2"}
SELLERS = {
    "na": Seller("A7NORTHAMERICA", ("ATVPDKIKX0DER", "A1AM78C64UM0Y8")),
    "eu": Seller("A8EUROPE", ("A1PA6795UKMFR9",)),
    "fe": Seller("A9FAREAST", ("A1VC38T7YXB528",)),
}
CONFIG = """
emulator: true
regions:
  na:
    aws_region: us-east-1
    marketplaces: [US, MX]
    endpoint: {na}
    lwa_endpoint: {lwa}
  eu:
    aws_region: eu-west-1
    marketplaces: [DE, FR]
    endpoint: {eu}
    lwa_endpoint: {lwa}
    notifications:
      - type: ORDER_CHANGE
      - type: LISTINGS_ITEM_STATUS_CHANGE
  fe:
    aws_region: us-west-2
    marketplaces: [JP]
    endpoint: {fe}
    lwa_endpoint: {lwa}
sp_api:
  sandbox: false
notifications:
  - type: ORDER_CHANGE
  - type: ANY_OFFER_CHANGED
    processing_directive:
      eventFilter:
        eventFilterType: ANY_OFFER_CHANGED
        marketplaceIds: [ATVPDKIKX0DER, A1VC38T7YXB528]
existing_subscriptions: keep
removal_policy: destroy
architecture: env:LOCAL_ARCHITECTURE
runtime: env:LOCAL_RUNTIME
"""


class Regions:
    """Begins to deploy three regions, each with its seller; who wants them waits until they are there."""

    def __init__(self) -> None:
        self._folder = new_folder("regions")
        self._deployment = start_deployment(self._folder)
        record(self._folder, self._deployment)
        self._pool = ThreadPoolExecutor(1)
        self._destroying: Future[object] | None = None
        self._deploying = self._pool.submit(deploy, self._deployment, self._folder)

    def deployed(self) -> Deployment:
        """The deployment, once it is complete. Raises what it failed with."""
        self._deploying.result()
        return self._deployment

    def begin_to_destroy(self) -> None:
        """Takes all of them away, meanwhile."""
        if self._destroying is None:
            self._destroying = self._pool.submit(self._deployment.destroy)

    def destroyed(self) -> Deployment:
        """What is left of the deployment, once that is done. Raises what it failed with."""
        self.deployed()
        self.begin_to_destroy()
        assert self._destroying
        self._destroying.result()
        return self._deployment

    def stop(self) -> None:
        """Stops what is running. What is being destroyed is destroyed; a deploy fails where it goes on."""
        if self._destroying:
            self._pool.shutdown()
        self._deployment.stop()
        self._pool.shutdown()

    def remove(self) -> None:
        """Removes what is on disk."""
        shutil.rmtree(self._folder)


def deploy(deployment: Deployment, folder: Path) -> None:
    amazon, config = deployment.simulator, folder / "config"
    config.mkdir()
    endpoints = {region: amazon.endpoint(region) for region in AWS_REGIONS}
    text = CONFIG.format(lwa=amazon.lwa_endpoint, **endpoints)
    (config / f"{STAGE}.yaml").write_text(text, encoding="utf-8")
    deployment.stage, deployment.aws_regions = STAGE, tuple(AWS_REGIONS.values())
    deployment.variables = {"SELLERBUS_CONFIG_FOLDER": str(config), "SELLERBUS_STAGE": STAGE}
    deployment.bootstrap_and_synth()
    deployment.deploy_foundation()
    deployment.set_credentials()
    for seller in SELLERS.values():
        deployment.add_seller(seller)
    deployment.deploy_stacks("--concurrency", "3")
