"""One seller's run without a lease, a registry or a bus."""

from __future__ import annotations

from collections.abc import Sequence

from sellerbus.api.lwa import SellerGrant
from sellerbus.notifications.deletion_turns import DeletionTurns
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.reconciliation import SellerRun
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.type_run import SubscriptionsApi
from sellerbus.notifications.wanted import Wanted


def seller_run(api: SubscriptionsApi, record: Record, told: list[Finding] | None = None) -> SellerRun:
    """`told` gets what is reported."""
    findings = told if told is not None else []

    def begin(types: Sequence[str]) -> None:
        for name in types:
            record.settled.pop(name, None)

    return SellerRun(
        api,
        record,
        DeletionTurns(api, clock=lambda: 0.0),
        report=findings.extend,
        begin=begin,
        clock=lambda: 0.0,
    )


def bring_to(
    api: SubscriptionsApi,
    grant: SellerGrant,
    wanted: Wanted,
    job: SellerJob,
    record: Record,
    *,
    clear: bool = False,
    told: list[Finding] | None = None,
) -> Outcome:
    return seller_run(api, record, told).bring_to(grant, wanted, job, clear=clear)


def delete_recorded(api: SubscriptionsApi, seller_id: str, record: Record) -> Outcome:
    return seller_run(api, record).delete_recorded(seller_id)
