"""What the demo's story counts, how build/demo.json tells it, and how a step says that it fell short."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from local.notifications import Notification
from local.queues import DeadLetter, Received


class StoryError(Exception):
    """A step fell short; `function` is part of the name of the log group that tells more, if one does."""

    def __init__(self, message: str, function: str | None = None) -> None:
        super().__init__(message)
        self.function = function


@dataclass
class FeedCounts:
    """What the story of feeds counts, for one version of the Feeds API.

    submitted: feeds that Amazon has. The others of the first part are tasks by their end. lost_answer_feeds:
    what Amazon has of the one whose answer was lost; lost_answer_calls: how often createFeed was called for
    it.
    """

    submitted: int = 0
    completed: int = 0
    with_errors: int = 0
    refused: int = 0
    errors_listed: int = 0
    without_notification: int = 0
    lost_answer_feeds: int = 0
    lost_answer_calls: int = 0
    encrypted_documents: int = 0
    listing_changes: int = 0
    listing_changes_succeeded: int = 0
    listing_changes_failed: int = 0
    listing_change_feeds: int = 0
    seconds: float = 0.0

    def numbers(self) -> dict[str, Any]:
        """The counts as build/demo.json has them."""
        return {
            "feeds_submitted": self.submitted,
            "feeds_completed": self.completed,
            "feeds_with_errors": self.with_errors,
            "feeds_refused": self.refused,
            "feed_errors_listed": self.errors_listed,
            "without_notification": self.without_notification,
            "lost_answer_feeds": self.lost_answer_feeds,
            "lost_answer_calls": self.lost_answer_calls,
            "encrypted_documents": self.encrypted_documents,
            "listing_changes": self.listing_changes,
            "listing_changes_succeeded": self.listing_changes_succeeded,
            "listing_changes_failed": self.listing_changes_failed,
            "listing_change_feeds": self.listing_change_feeds,
            "feeds_seconds": round(self.seconds, 1),
        }


@dataclass
class MessageCounts:
    """What the story of messages counts.

    The first part are tasks by the state they stand in at the end. rules_refused: rules that a message was
    refused for. lost_answer_in_outbox: what the buyer has of the message whose answer was lost;
    lost_answer_calls: how often it was sent to Amazon. same_task_in_outbox and same_message_in_outbox: what
    the buyer has of those handed over twice, with a task id and without. in_outbox: all that buyers got.
    attachments: those among it whose bytes are the ones that were handed over.
    """

    sent: int = 0
    refused: int = 0
    not_allowed: int = 0
    failed: int = 0
    uncertain: int = 0
    settled_by_person: int = 0
    settled_by_itself: int = 0
    types_sent: int = 0
    rules_refused: int = 0
    lost_answer_in_outbox: int = 0
    lost_answer_calls: int = 0
    same_task_in_outbox: int = 0
    same_message_in_outbox: int = 0
    in_outbox: int = 0
    attachments: int = 0
    events: int = 0
    seconds: float = 0.0

    def numbers(self) -> dict[str, Any]:
        """The counts as build/demo.json has them."""
        return {
            "messages_sent": self.sent,
            "messages_refused": self.refused,
            "messages_not_allowed": self.not_allowed,
            "messages_failed": self.failed,
            "messages_uncertain": self.uncertain,
            "settled_by_person": self.settled_by_person,
            "settled_by_itself": self.settled_by_itself,
            "message_types_sent": self.types_sent,
            "rules_refused": self.rules_refused,
            "lost_answer_in_outbox": self.lost_answer_in_outbox,
            "lost_answer_calls": self.lost_answer_calls,
            "same_task_in_outbox": self.same_task_in_outbox,
            "same_message_in_outbox": self.same_message_in_outbox,
            "in_outbox": self.in_outbox,
            "attachments_received": self.attachments,
            "events": self.events,
            "messages_seconds": round(self.seconds, 1),
        }


@dataclass
class OperationCounts:
    """What the story of operating the stage counts. None, 0 or empty: the story ended before.

    rotation_seconds: from Amazon's notice until every region used the new secret. rotation_failures: calls to
    Amazon that were refused meanwhile. missed_again: what a second look for missed events found.
    doctor_checks: of all regions. breaks_named: the checks that named what was broken.
    """

    rotated_regions: int = 0
    rotation_seconds: float = 0.0
    rotation_notifications: int = 0
    rotation_feeds: int = 0
    rotation_tokens: int = 0
    rotation_failures: int | None = None
    missed_found: int = 0
    missed_again: int | None = None
    canary_milliseconds: int | None = None
    dead_letters_redriven: int = 0
    doctor_checks: int = 0
    doctor_seconds: float = 0.0
    breaks_named: list[str] = field(default_factory=list)
    breaks_cleared: int = 0

    def numbers(self) -> dict[str, Any]:
        """The counts as build/demo.json has them."""
        numbers = asdict(self)
        rounded = {name: round(numbers[name], 1) for name in ("rotation_seconds", "doctor_seconds")}
        return numbers | rounded


@dataclass
class Outcome:
    """What happened, counted. `notifications` pairs what was published with its notificationId."""

    copies_each: int = 0
    published: int = 0
    messages: int = 0
    malformed: int = 0
    notifications: dict[str, Notification] = field(default_factory=dict)
    late_id: str = ""
    received: Received = field(default_factory=Received)
    dead: list[DeadLetter] = field(default_factory=list)
    subscriptions: int = 0
    third_seller_subscriptions: int = 0
    deploy_seconds: float = 0.0
    second_deploy_changes: list[str] | None = None
    by_event_bridge: int = 0
    drift_restored: int = 0
    drift_reported: int = 0
    foreign_destination: str = ""
    left_at_amazon: int | None = None
    feeds: dict[str, FeedCounts] = field(default_factory=dict)
    """By version of the Feeds API."""
    buyer_messages: MessageCounts | None = None
    """None where the story ended before."""
    operations: OperationCounts = field(default_factory=OperationCounts)
    expected: set[str] = field(default_factory=set)
    """The notificationIds of what came by other steps than those that publish: each checked there."""

    @property
    def lost(self) -> list[str]:
        """The notificationIds that were published and never came."""
        return sorted(self.notifications.keys() - self.received.by_notification.keys())

    @property
    def stale(self) -> list[str]:
        """The notificationIds that came marked as overtaken by a newer one."""
        return sorted({delivery.notification_id for delivery in self.received.deliveries if delivery.stale})

    def numbers(self) -> dict[str, Any]:
        """The counts of build/demo.json; None where the story ended before."""
        return {
            "published": self.published,
            "copies": self.messages - self.published - self.malformed,
            "malformed": self.malformed,
            "delivered_unique": len(self.received.by_notification.keys() & self.notifications.keys()),
            "delivered_twice": len(self.received.twice),
            "lost": len(self.lost),
            "stale": len(self.stale),
            "dead_lettered": len(self.dead),
            "subscriptions": self.subscriptions,
            "third_seller_subscriptions": self.third_seller_subscriptions,
            "by_event_bridge": self.by_event_bridge,
            "drift_restored": self.drift_restored,
            "drift_reported": self.drift_reported,
            "deploy_seconds": round(self.deploy_seconds, 1),
            "second_deploy_changes": (
                None if self.second_deploy_changes is None else len(self.second_deploy_changes)
            ),
            "left_at_amazon": self.left_at_amazon,
        }
