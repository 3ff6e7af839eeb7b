"""Every half hour: what should Amazon have notified that never came?"""

import os
from typing import Any

from sellerbus.api.errors import AuthorizationRevokedError, SellingPartnerError
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.missed.finding import Failed, Run, by_type
from sellerbus.missed.sending import MOST_WAITING
from sellerbus.notifications.ledger import event_id
from sellerbus.runtime import config, missed_events
from sellerbus.runtime.emf import Group, counted, emit
from sellerbus.runtime.missed_config import FindMissedEventsConfig
from sellerbus.runtime.observability import LambdaContext, logger
from sellerbus.sellers.rows import SellerError

MARGIN_SECONDS = 30.0
"""A look that was begun is brought to the end of its page, with all calls' time-outs."""
_MOST_TOLD = 50
_BY_TYPE = (("service",), ("service", "notificationType"))

log = logger()


class SellersNotLookedAtError(RuntimeError):
    """Of some sellers nothing is known: a defect of ours."""


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look for all sellers; answers with what was checked and found.

    While the notification queue is far behind, nothing is looked for: the next run takes up the same time.
    Raises SellersNotLookedAtError after all that where a look met a defect of ours: the alarm tells.
    """
    del event
    settings = config.load(FindMissedEventsConfig, os.environ)
    waiting = missed_events.waiting_notifications(settings)
    if waiting > MOST_WAITING:
        log.warning("not looked for missed events: our own queue is behind", waiting=waiting)
        return {"checked": 0, "missed": 0, "left": None, "waiting": waiting}
    events = missed_events.missed_events(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    run = events.find(missed_events.wanted_subscriptions(settings))
    counts = by_type(run)
    for notification_type, (checked, missed) in counts.items():
        metrics = {"MissedEventsChecked": counted(checked), "MissedEventsFound": counted(missed)}
        emit([Group(_BY_TYPE, metrics)], notificationType=notification_type)
    _tell(run)
    defects = [each for each in run.failed if not _is_expected(each)]
    if defects:
        raise SellersNotLookedAtError(f"{len(defects)} sellers could not be looked at: the log names them")
    return {
        "checked": sum(checked for checked, _ in counts.values()),
        "missed": sum(missed for _, missed in counts.values()),
        "left": run.left,
    }


def _tell(run: Run) -> None:
    cut_off = [found for found in run.found if found.cut_off]
    log.info(
        "looked for missed events",
        looks=len(run.found),
        checked=sum(found.checked for found in run.found),
        cut_off=len(cut_off),
        cut_off_because=cut_off[0].cut_off if cut_off else None,
        failed=len(run.failed),
        left_for_next_time=run.left,
    )
    missed = [change for found in run.found for change in found.missed]
    for change in missed[:_MOST_TOLD]:
        log.warning(
            "a notification of Amazon's was missed and is made up for",
            correlation_id=event_id(change.notification_id),
            notification_type=change.notification_type,
            seller_id=change.seller_id,
            entity_kind=change.entity_kind,
            entity_id=change.entity_id,
            changed_at=change.at,
        )
    if len(missed) > _MOST_TOLD:
        log.warning("more notifications were missed than are told", untold=len(missed) - _MOST_TOLD)
    for found in run.found:
        if found.left_out or found.given_up:
            log.warning(
                "not everything could be looked at",
                seller_id=found.seller_id,
                notification_type=found.notification_type,
                left_out=found.left_out,
                hours_given_up=round(found.given_up.total_seconds() / 3600, 1),
            )
    for each in run.failed[:_MOST_TOLD]:
        if _is_expected(each):
            log.warning(
                "a seller could not be looked at now",
                seller_id=each.seller_id,
                notification_type=each.notification_type,
                reason=str(each.error),
            )
        else:
            log.error(
                "a seller could not be looked at",
                seller_id=each.seller_id,
                notification_type=each.notification_type,
                exc_info=each.error,
            )


def _is_expected(failed: Failed) -> bool:
    """What Amazon, AWS or the seller's own row is the reason of; the rest is a defect of ours."""
    return isinstance(
        failed.error, AuthorizationRevokedError | SellingPartnerError | StoreUnavailableError | SellerError
    )
