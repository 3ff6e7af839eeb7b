"""From the deliveries of a batch to what is claimed: parsed, copies together, no id twice at a time."""

from collections.abc import Sequence
from dataclasses import replace

from sellerbus.notifications.catalogue import describe
from sellerbus.notifications.envelope import InvalidNotificationError, parse_envelope
from sellerbus.notifications.ledger import Claim, new_token
from sellerbus.notifications.queues import Delivery
from sellerbus.notifications.results import BatchResults, Candidate


def parsed(deliveries: Sequence[Delivery], batch: BatchResults) -> list[Candidate]:
    """Read the deliveries; what can't be read goes to the batch's results."""
    candidates: dict[tuple[str, str], Candidate] = {}
    for delivery in deliveries:
        try:
            envelope = parse_envelope(delivery.body)
            subject = describe(envelope)
        except InvalidNotificationError as error:
            batch.reject([delivery], None, (error.reason, error.detail))
            continue
        except Exception as error:  # noqa: BLE001 - a defect of ours costs this delivery, never its batch
            batch.defective(delivery, error)
            continue
        identity = (envelope.notification_id, envelope.content_hash)
        known = candidates.get(identity)
        candidates[identity] = (
            replace(known, deliveries=(*known.deliveries, delivery))
            if known
            else Candidate((delivery,), envelope, subject)
        )
    return list(candidates.values())


def waves(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Split so that no wave holds a notificationId twice: a transaction takes an item only once.

    One wave, but where one id came with two contents in one batch.
    """
    split: list[dict[str, Candidate]] = []
    for candidate in candidates:
        identity = candidate.envelope.notification_id
        wave = next((wave for wave in split if identity not in wave), None)
        if wave is None:
            wave = {}
            split.append(wave)
        wave[identity] = candidate
    return [list(wave.values()) for wave in split]


def claim_of(candidate: Candidate, now: int) -> Claim:
    """now: ms since 1970."""
    return Claim(
        notification_id=candidate.envelope.notification_id,
        notification_type=candidate.envelope.notification_type,
        content_hash=candidate.envelope.content_hash,
        message_id=candidate.deliveries[0].message_id,
        token=new_token(now),
    )
