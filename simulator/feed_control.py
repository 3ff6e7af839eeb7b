"""The part of the control API for feeds: what shall become of them, and what has.

    POST   feeds/fates {feedType?, sellerId?, count?, lasting?, status?, document?, report?,
                        reportContentType?, gzip?, stuckAt?, notifications?, notificationDelaySeconds?,
                        early?, answerLost?, listedAfterSeconds?}
    GET, DELETE feeds/fates                                               those that wait
    POST   feeds/delays {feedType?, queueSeconds?, processingSeconds?}
    GET    feeds?sellerId=&feedType=
    POST   feeds/{feedId}/release {sellerId?, region?}                    a stuck one goes on
    POST   feeds/{feedId}/end {status, document?, sellerId?, region?}     at once
    POST   feeds/{feedId}/notify {copies?, sellerId?, region?}            once more
    POST   feeds/{feedId}/age {days, sellerId?, region?}                  it and its report become older
    POST   documents/url-lifetime {seconds}

A feedId is unique only together with the seller, who is needed where several have one.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulator.control_route import ConflictError, NotFoundError, content, route
from simulator.fates import ENDS, Delays, Fate, Status
from simulator.feed_book import Feed
from simulator.feed_life import FeedLife
from simulator.feed_types import FEED_TYPES
from simulator.fields import FieldError, Fields
from simulator.regions import REGIONS
from simulator.world import World

_SECONDS_A_DAY = 86_400
_UNENDED = (Status.IN_QUEUE, Status.IN_PROGRESS)


class FeedControl:
    def __init__(self, world: World, life: FeedLife) -> None:
        self._world = world
        self._life = life

    def routes(self) -> list[Route]:
        return [
            route("POST", "/feeds/fates", self._add_fate),
            route("GET", "/feeds/fates", self._list_fates),
            route("DELETE", "/feeds/fates", self._clear_fates),
            route("POST", "/feeds/delays", self._delay),
            route("GET", "/feeds", self._list),
            route("POST", "/feeds/{feed_id}/release", self._release),
            route("POST", "/feeds/{feed_id}/end", self._end),
            route("POST", "/feeds/{feed_id}/notify", self._notify),
            route("POST", "/feeds/{feed_id}/age", self._age),
            route("POST", "/documents/url-lifetime", self._set_url_lifetime),
        ]

    def state(self) -> dict[str, object]:
        """What the state of the simulator says of feeds."""
        book = self._world.feeds
        return {"feeds": book.overview(book.feeds.values()), "feedFates": len(book.fates.waiting)}

    async def _add_fate(self, request: Request) -> object:
        fields = Fields(await content(request))
        count, lasting = fields.optional_integer("count"), fields.flag("lasting")
        fate = _fate(fields)
        fields.done()
        if lasting and count is not None:
            raise FieldError("give count, or lasting")
        self._world.feeds.fates.add(fate, None if lasting else 1 if count is None else count)
        return {"waiting": len(self._world.feeds.fates.waiting)}

    async def _list_fates(self, _: Request) -> object:
        return [
            {**fate.told(), "count": count, "lasting": count is None}
            for fate, count in self._world.feeds.fates.waiting
        ]

    async def _clear_fates(self, _: Request) -> object:
        cleared = len(self._world.feeds.fates.waiting)
        self._world.feeds.fates.clear()
        return {"cleared": cleared}

    async def _delay(self, request: Request) -> object:
        fields = Fields(await content(request))
        feed_type = _feed_type(fields)
        usual = Delays()
        delays = Delays(
            fields.number("queueSeconds", usual.queue_seconds),
            fields.number("processingSeconds", usual.processing_seconds),
        )
        fields.done()
        self._world.feeds.fates.delay(delays, feed_type)
        return {
            "feedType": feed_type,
            "queueSeconds": delays.queue_seconds,
            "processingSeconds": delays.processing_seconds,
        }

    async def _list(self, request: Request) -> object:
        seller_id, feed_type = (request.query_params.get(name) for name in ("sellerId", "feedType"))
        return self._world.feeds.overview(
            feed
            for feed in self._world.feeds.feeds.values()
            if seller_id in (None, feed.seller_id) and feed_type in (None, feed.feed_type)
        )

    async def _release(self, request: Request) -> object:
        feed, fields = await self._named(request)
        fields.done()
        if not feed.stuck:
            raise ConflictError(f"feed {feed.feed_id} is not stuck, it is {feed.status.value}")
        self._life.release(feed)
        return self._shown(feed)

    async def _end(self, request: Request) -> object:
        feed, fields = await self._named(request)
        wanted = fields.choice("status", tuple(status.value for status in ENDS))
        if wanted is None:
            raise FieldError("status is required")
        status, given = Status(wanted), fields.optional_flag("document")
        fields.done()
        if feed.status not in _UNENDED:
            raise ConflictError(f"feed {feed.feed_id} has ended already, {feed.status.value}")
        await self._life.end(feed, status, document=status is Status.DONE if given is None else given)
        return self._shown(feed)

    async def _notify(self, request: Request) -> object:
        feed, fields = await self._named(request)
        copies = fields.integer("copies", 1)
        fields.done()
        if feed.status in _UNENDED:
            raise ConflictError(f"feed {feed.feed_id} is {feed.status.value}; Amazon tells of its end only")
        await self._life.notify(feed, copies)
        return self._shown(feed)

    async def _age(self, request: Request) -> object:
        feed, fields = await self._named(request)
        seconds = fields.number("days") * _SECONDS_A_DAY
        fields.done()
        if seconds <= 0:
            raise FieldError("days must be above 0")
        feed.created_at -= seconds
        report = self._world.feeds.documents.get(feed.report_document_id or "")
        if report is not None:
            report.created_at -= seconds
        return self._shown(feed)

    async def _set_url_lifetime(self, request: Request) -> object:
        fields = Fields(await content(request))
        seconds = fields.integer("seconds", 0)
        fields.done()
        if seconds < 1:
            raise FieldError("seconds must be an integer of at least 1; it counts for URLs from now")
        self._world.feeds.url_seconds = seconds
        return {"seconds": seconds}

    async def _named(self, request: Request) -> tuple[Feed, Fields]:
        fields = Fields(await content(request))
        feed_id = request.path_params["feed_id"]
        seller_id, region = fields.optional_text("sellerId"), fields.choice("region", REGIONS)
        found = self._world.feeds.named(feed_id, seller_id, region)
        if not found:
            raise NotFoundError(f"no feed {feed_id}" + (f" of seller {seller_id}" if seller_id else ""))
        if len(found) > 1:
            sellers = ", ".join(sorted({f"{feed.seller_id} in {feed.region}" for feed in found}))
            raise FieldError(f"sellerId: several have a feed {feed_id}: {sellers}; give sellerId and region")
        return found[0], fields

    def _shown(self, feed: Feed) -> object:
        return self._world.feeds.overview([feed])[0]


def _feed_type(fields: Fields) -> str | None:
    return fields.choice("feedType", tuple(FEED_TYPES))


def _status(fields: Fields, name: str, allowed: tuple[Status, ...]) -> Status | None:
    value = fields.choice(name, tuple(status.value for status in allowed))
    return Status(value) if value else None


def _fate(fields: Fields) -> Fate:
    usual = Fate()
    given: dict[str, Any] = {
        "feed_type": _feed_type(fields),
        "seller_id": fields.optional_text("sellerId"),
        "status": _status(fields, "status", ENDS),
        "document": fields.optional_flag("document"),
        "report": fields.optional_text("report"),
        "report_content_type": fields.optional_text("reportContentType"),
        "gzip": fields.optional_flag("gzip"),
        "stuck_at": _status(fields, "stuckAt", _UNENDED),
        "notifications": fields.integer("notifications", usual.notifications),
        "notification_delay_seconds": fields.number("notificationDelaySeconds"),
        "early": fields.flag("early"),
        "answer_lost": fields.flag("answerLost"),
        "listed_after_seconds": fields.number("listedAfterSeconds"),
    }
    return Fate(**given)
