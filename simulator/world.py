"""Everything that Amazon knows in this simulation, from applications and authorisations to messages.

All of it is read and changed on one event loop, so no locks are needed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.application_secrets import ApplicationSecrets
from simulator.catalogue import CATALOGUE, NotificationType
from simulator.faults import Faults
from simulator.feed_book import FeedBook
from simulator.journal import Journal
from simulator.mint import Clock, Mint
from simulator.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from simulator.order_book import OrderBook
from simulator.outbox import Outbox
from simulator.regions import DEFAULT_REGION
from simulator.throttle import Throttle
from simulator.upload_book import UploadBook

SCOPES = frozenset({NOTIFICATIONS_SCOPE, ROTATION_SCOPE, "sellingpartnerapi::migration"})
TOKEN_LIFETIME_SECONDS = 3600


@dataclass(frozen=True)
class Application:
    client_id: str
    client_secret: str = field(repr=False)
    scopes: frozenset[str] = SCOPES

    @property
    def application_id(self) -> str:
        """The id in notifications and error texts, which at Amazon is not the client id either."""
        return f"amzn1.sellerapps.app.{uuid.uuid5(uuid.NAMESPACE_URL, self.client_id)}"


@dataclass
class Seller:
    """A seller in one region; the same id in another region is another authorisation."""

    seller_id: str
    marketplace_ids: tuple[str, ...] = ()
    revoked: bool = False
    region: str = DEFAULT_REGION


@dataclass(frozen=True)
class Authorisation:
    """What a refresh token stands for."""

    client_id: str
    seller_id: str
    region: str = DEFAULT_REGION


@dataclass(frozen=True)
class AccessToken:
    """What an access token stands for: a seller in a region, or a grantless scope, for all regions."""

    client_id: str
    expires_at: float
    seller_id: str | None = None
    scope: str | None = None
    region: str = DEFAULT_REGION


@dataclass(frozen=True)
class Destination:
    destination_id: str
    client_id: str
    name: str
    resource: dict[str, dict[str, str]]
    region: str = DEFAULT_REGION

    @property
    def event_source(self) -> dict[str, str] | None:
        """Of an EventBridge destination: name, accountId and (AWS) region of its event source."""
        return self.resource.get("eventBridge")

    @property
    def queue_arn(self) -> str | None:
        sqs = self.resource.get("sqs")
        return sqs["arn"] if sqs else None

    def as_json(self) -> dict[str, object]:
        return {"destinationId": self.destination_id, "name": self.name, "resource": self.resource}


@dataclass(frozen=True)
class Subscription:
    subscription_id: str
    sequence: int
    client_id: str
    seller_id: str
    notification_type: str
    payload_version: str
    destination_id: str
    processing_directive: dict[str, Any] | None = None
    region: str = DEFAULT_REGION

    @property
    def filter_expression(self) -> str | None:
        return (self.processing_directive or {}).get("filterExpression")

    def as_json(self) -> dict[str, object]:
        body: dict[str, object] = {
            "subscriptionId": self.subscription_id,
            "payloadVersion": self.payload_version,
            "destinationId": self.destination_id,
        }
        if self.processing_directive is not None:
            body["processingDirective"] = self.processing_directive
        return body


class World:
    """The state behind every front end; `reset` returns it to how it started."""

    def __init__(self, *, mint: Mint, clock: Clock, applications: Iterable[Application] = ()) -> None:
        self.mint = mint
        self.clock = clock
        self._initial_applications = tuple(applications)
        self.reset()

    def reset(self) -> None:
        self.applications = {app.client_id: app for app in self._initial_applications}
        self._secrets: dict[Application, ApplicationSecrets] = {}
        self.sellers: dict[tuple[str, str], Seller] = {}
        self.authorisations: dict[str, Authorisation] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.destinations: dict[str, Destination] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.notification_types: dict[str, NotificationType] = dict(CATALOGUE)
        self.token_lifetime_seconds = TOKEN_LIFETIME_SECONDS
        self.throttle = Throttle(self.clock)
        self.faults = Faults()
        self.journal = Journal()
        self.feeds = FeedBook()
        self.orders = OrderBook()
        self.uploads = UploadBook()
        self.outbox = Outbox()
        self._sequence = 0

    def secrets_of(self, application: Application) -> ApplicationSecrets:
        """The client secrets of an application, of which that it was added with is the first."""
        if application not in self._secrets:
            self._secrets[application] = ApplicationSecrets(application.client_secret, self.clock())
        return self._secrets[application]

    def authorise(
        self,
        seller_id: str,
        client_id: str,
        marketplace_ids: Iterable[str] = (),
        refresh_token: str | None = None,
        region: str = DEFAULT_REGION,
    ) -> str:
        """The seller authorises the application in a region; returns the refresh token.

        After a revocation this is a new authorisation: the seller's older refresh tokens stay invalid.
        """
        key = (region, seller_id)
        seller = self.sellers.setdefault(key, Seller(seller_id, region=region))
        if seller.revoked:
            self.authorisations = {
                token: held
                for token, held in self.authorisations.items()
                if (held.region, held.seller_id) != key
            }
            self.access_tokens = {
                token: held
                for token, held in self.access_tokens.items()
                if (held.region, held.seller_id) != key
            }
            seller.revoked = False
        seller.marketplace_ids = tuple(marketplace_ids) or seller.marketplace_ids
        token = refresh_token or self.mint.refresh_token()
        self.authorisations[token] = Authorisation(client_id, seller_id, region)
        return token

    def is_revoked(self, held: Authorisation | AccessToken | Subscription) -> bool:
        """Whether the seller behind it has withdrawn the authorisation. A grantless token has none."""
        return held.seller_id is not None and self.sellers[(held.region, held.seller_id)].revoked

    def add_destination(
        self, client_id: str, name: str, resource: dict[str, dict[str, str]], region: str = DEFAULT_REGION
    ) -> Destination:
        destination = Destination(self.mint.identifier(), client_id, name, resource, region)
        self.destinations[destination.destination_id] = destination
        return destination

    def add_subscription(self, draft: Subscription, destination_id: str | None = None) -> Subscription:
        """Stores a subscription under a new id and the next place in the order of creation.

        `destination_id` takes the place of the draft's.
        """
        self._sequence += 1
        made = replace(
            draft,
            subscription_id=self.mint.identifier(),
            sequence=self._sequence,
            destination_id=destination_id or draft.destination_id,
        )
        self.subscriptions[made.subscription_id] = made
        return made

    def destination_of(
        self, client_id: str, destination_id: str, region: str = DEFAULT_REGION
    ) -> Destination | None:
        """An application sees its own destinations only, and at each endpoint those of the region."""
        found = self.destinations.get(destination_id)
        return found if found and (found.client_id, found.region) == (client_id, region) else None

    def subscriptions_of(
        self,
        seller_id: str,
        notification_type: str,
        *,
        client_id: str | None = None,
        region: str = DEFAULT_REGION,
    ) -> list[Subscription]:
        """A seller's subscriptions of a type in the order of creation; of one application, or of all."""
        return [
            held
            for held in self.subscriptions.values()
            if (held.region, held.seller_id) == (region, seller_id)
            and held.notification_type == notification_type
            and client_id in (None, held.client_id)
        ]
