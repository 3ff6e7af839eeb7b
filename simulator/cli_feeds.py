"""The commands for feeds: what shall become of those to come, and of those that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.command import AsJson, Region, Url, call
from simulator.printing import show
from simulator.wording import FEED_OPTIONS

FEED_COLUMNS = (
    "sellerId",
    "region",
    "feedId",
    "feedType",
    "processingStatus",
    "stuck",
    "submissions",
    "notifications",
    "createdTime",
)

feeds = typer.Typer(help="What becomes of feeds.", no_args_is_help=True)
documents = typer.Typer(help="The storage of feed documents.", no_args_is_help=True)

FeedId = Annotated[str, typer.Argument(help="Unique only together with the seller.", show_default=False)]
Seller = Annotated[str | None, typer.Option(help="Needed where several have the feedId.")]
FeedType = Annotated[str | None, typer.Option("--type", help="Of this feed type only.", show_default=False)]


@feeds.command("list")
def list_feeds(url: Url = None, as_json: AsJson = False) -> None:
    """All feeds; `submissions` is how many of the seller and type have the same content."""
    _show(call(url, "GET", "feeds"), as_json)


@feeds.command("next")
def next_feeds(
    url: Url = None,
    feed_type: FeedType = None,
    seller: Annotated[str | None, typer.Option(help="Of this seller only.")] = None,
    count: Annotated[int | None, typer.Option(help="How many feeds it befalls; 1 unless --lasting.")] = None,
    lasting: Annotated[bool, typer.Option("--lasting", help="It befalls all from now on.")] = False,
    status: Annotated[str | None, typer.Option(help="End so: DONE, FATAL or CANCELLED.")] = None,
    document: Annotated[
        bool | None, typer.Option("--document/--no-document", help="With a report, or without.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="A file that is the report.")] = None,
    report_content_type: Annotated[str | None, typer.Option(help="Of that; UTF-8 text if not given.")] = None,
    gzip: Annotated[bool | None, typer.Option("--gzip/--no-gzip", help="Whether it is compressed.")] = None,
    stuck_at: Annotated[str | None, typer.Option(help="Stay IN_QUEUE or IN_PROGRESS.")] = None,
    notifications: Annotated[int, typer.Option(help="How often the notification comes.")] = 1,
    notification_delay: Annotated[float, typer.Option(help="Seconds before it comes.")] = 0.0,
    early: Annotated[
        bool, typer.Option("--early", help="Process, and notify, before createFeed answers.")
    ] = False,
    answer_lost: Annotated[
        bool, typer.Option("--answer-lost", help="Make the feed, and never answer createFeed.")
    ] = False,
    listed_after: Annotated[float, typer.Option(help="Seconds before getFeeds lists it.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """What shall become of the next feeds."""
    body = {
        "feedType": feed_type,
        "sellerId": seller,
        "count": count,
        "lasting": lasting,
        "status": status,
        "document": document,
        "report": _read(report) if report else None,
        "reportContentType": report_content_type,
        "gzip": gzip,
        "stuckAt": stuck_at,
        "notifications": notifications,
        "notificationDelaySeconds": notification_delay,
        "early": early,
        "answerLost": answer_lost,
        "listedAfterSeconds": listed_after,
    }
    waiting = call(url, "POST", "feeds/fates", body, options=FEED_OPTIONS)
    show(waiting, as_json, "Feed fates", [waiting])


@feeds.command("fates")
def list_fates(url: Url = None, as_json: AsJson = False) -> None:
    """What `next` has said and has not befallen a feed yet; the first that fits befalls the next feed."""
    waiting = call(url, "GET", "feeds/fates")
    show(waiting, as_json, "Feed fates", [_fate_row(fate) for fate in waiting])


@feeds.command("clear")
def clear_fates(url: Url = None, as_json: AsJson = False) -> None:
    """Forget what `next` has said, --lasting ones too; feeds that are there keep their fate."""
    cleared = call(url, "DELETE", "feeds/fates")
    show(cleared, as_json, "Feed fates", [cleared])


@feeds.command("delay")
def delay_feeds(
    url: Url = None,
    feed_type: FeedType = None,
    queue: Annotated[float, typer.Option(help="Seconds in the queue.")] = 0.5,
    processing: Annotated[float, typer.Option(help="Seconds in progress.")] = 0.5,
    as_json: AsJson = False,
) -> None:
    """How long feeds take from now on."""
    body = {"feedType": feed_type, "queueSeconds": queue, "processingSeconds": processing}
    delays = call(url, "POST", "feeds/delays", body, options=FEED_OPTIONS)
    show(delays, as_json, "Delays", [delays])


@feeds.command("release")
def release_feed(
    feed_id: FeedId, url: Url = None, seller: Seller = None, region: Region = None, as_json: AsJson = False
) -> None:
    """A stuck feed goes on."""
    _change(url, feed_id, "release", seller, region, as_json)


@feeds.command("end")
def end_feed(
    feed_id: FeedId,
    status: Annotated[str, typer.Option(help="DONE, FATAL or CANCELLED.")],
    url: Url = None,
    document: Annotated[
        bool | None, typer.Option("--document/--no-document", help="With a report; DONE has one if not said.")
    ] = None,
    seller: Seller = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """A feed ends at once, stuck or not."""
    _change(url, feed_id, "end", seller, region, as_json, status=status, document=document)


@feeds.command("notify")
def notify_of_feed(
    feed_id: FeedId,
    url: Url = None,
    copies: Annotated[int, typer.Option(help="How often.")] = 1,
    seller: Seller = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """The notification of a feed's end comes once more."""
    _change(url, feed_id, "notify", seller, region, as_json, copies=copies)


@feeds.command("age")
def age_feed(
    feed_id: FeedId,
    days: float,
    url: Url = None,
    seller: Seller = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """A feed and its report become older: Amazon keeps reports 28 days, feeds 90."""
    _change(url, feed_id, "age", seller, region, as_json, days=days)


@documents.command("url-lifetime")
def set_url_lifetime(seconds: int, url: Url = None, as_json: AsJson = False) -> None:
    """Presigned URLs made from now on expire after so many seconds; Amazon's after 300."""
    told = call(url, "POST", "documents/url-lifetime", {"seconds": seconds})
    show(told, as_json, "Presigned URLs", [told])


def _fate_row(fate: dict[str, Any]) -> dict[str, object]:
    apart = ("count", "lasting", "feedType", "sellerId", "report")
    willed = [f"{name}={value}" for name, value in fate.items() if name not in apart]
    if "report" in fate:
        willed.append(f"report of {len(fate['report'])} characters")
    return {
        "befalls": "all" if fate["lasting"] else f"the next {fate['count']}",
        "feedType": fate.get("feedType"),
        "sellerId": fate.get("sellerId"),
        "fate": ", ".join(willed) or "as usual",
    }


def _change(
    url: str | None,
    feed_id: str,
    what: str,
    seller: str | None,
    region: str | None,
    as_json: bool,
    **more: object,
) -> None:
    body = {"sellerId": seller, "region": region, **more}
    _show([call(url, "POST", f"feeds/{feed_id}/{what}", body, options=FEED_OPTIONS)], as_json)


def _show(found: list[dict[str, Any]], as_json: bool) -> None:
    rows = [{name: feed[name] for name in FEED_COLUMNS} for feed in found]
    show(found, as_json, "Feeds", rows)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error), param_hint="--report") from error
