"""The part of the story in which feeds are handed over, and what Amazon did with them comes back.

It is told twice, for each version of the Feeds API. All is handed over first, so that one waits while another
is worked on. Taken are the two request examples of Amazon's guide to Feeds v2020-09-04, a feed of which
Amazon refuses some messages, one whose notification never comes and one whose createFeed is never answered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.cast import INDIAN_SELLER, SELLERS, THIRD_SELLER
from local.commands import CommandError, Finished
from local.demo_stage import EUROPE
from local.deployment import DONE_IN_PART, Deployment
from local.feed_documents import bad_numbers, skus
from local.feed_scenes import END_SECONDS, Scenes, await_events, told
from local.feed_tasks import FeedTasks
from local.handing_over import (
    ACKNOWLEDGEMENTS,
    BAD,
    EASY_SHIP,
    EASY_SHIP_OPTIONS,
    MESSAGES,
    PRODUCTS,
    SHIPMENTS,
    hand_over,
)
from local.outcome import FeedCounts, Outcome, StoryError
from local.screen import Screen
from local.story_of_changes import check_changes

VERSIONS = ("2021-06-30", "2020-09-04")
ENCRYPTED = "2020-09-04"
_LOOKS_FOR_FEEDS = "Operations/MissedFindMissedEvents"


def tell_feeds(
    version: str, *, beside: Callable[[Deployment], object] | None = None
) -> Callable[[Deployment, Screen, Outcome], None]:
    """The story's step for a version of the Feeds API, which the stacks must be deployed with.

    beside: what is done while feeds wait, once all are handed over.
    """

    def tell(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
        started = time.monotonic()
        counts = outcome.feeds[version] = FeedCounts()
        scenes = Scenes(deployment, version, outcome, counts)
        with ThreadPoolExecutor(3) as pool:
            hand_over(scenes, screen, pool)
            aside = pool.submit(beside, deployment) if beside else None
            check_products(scenes, screen)
            check_easy_ship(scenes, screen)
            check_without_notification(scenes, screen)
            check_lost_answer(scenes, screen)
            check_listings(scenes, screen)
            with screen.step("500 single listing changes are one feed, and each gets its own result") as step:
                check_changes(deployment, version, outcome, scenes.changes, step)
        if aside:
            aside.result()
        check_all(scenes, screen)
        counts.seconds = time.monotonic() - started

    tell.__name__ = f"tell_feeds_{version}"
    return tell


def tell_feeds_and_switch(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """The feeds of the first version; then the stacks are those of the second, synthesised meanwhile."""
    assemblies: list[Path] = []
    tell = tell_feeds(VERSIONS[0], beside=lambda held: assemblies.append(held.synth_version(ENCRYPTED)))
    tell(deployment, screen, outcome)
    switch_version(deployment, screen, assemblies[0])


def switch_version(deployment: Deployment, screen: Screen, assembly: Path) -> None:
    """The version that encrypts documents changes what speaks with the Feeds API, and nothing else."""
    with screen.step(
        f"cdk deploy with feeds_api_version {ENCRYPTED} changes only what speaks with it"
    ) as step:
        deployment.on_line = step.progress
        second = deployment.deploy_tasks(ENCRYPTED, assembly)
        others = [
            name
            for name in second.redefined
            if not name.partition("/")[0].endswith("Tasks") and _LOOKS_FOR_FEEDS not in name
        ]
        # Where anything of a stack changes, the emulator takes all of its resources for touched.
        stacks = {name.partition("/")[0] for name in second.touched}
        others += [name for name in stacks if not name.endswith(("-tasks", "-operations"))]
        if others or not second.redefined:
            raise StoryError(f"only resources of the Tasks stacks should change, not {others or 'none'}")
        step.result = f"{len(second.redefined)} resources defined anew"


def check_products(scenes: Scenes, screen: Screen) -> None:
    """The guide's first example: refused with its reason, but in the time of v2020-09-04."""
    if scenes.version == ENCRYPTED:
        with screen.step(f"{PRODUCTS}, the guide's first example, goes through as in its time") as step:
            scenes.completed("products", step)
            step.result = "a file with its side file"
        return
    with screen.step(f"{PRODUCTS}, the guide's first example, is refused, and kept with the reason") as step:
        row = scenes.end("products", step)
        reason = str(row.get("reason"))
        if row["outcome"] != "REFUSED" or "2025-07-31" not in reason:
            raise StoryError(
                f"{PRODUCTS} should be refused as removed on 2025-07-31, but it is {told(row)}", "CheckFeed"
            )
        if scenes.feeds(SELLERS[1].seller_id, PRODUCTS):
            raise StoryError(f"{PRODUCTS} was refused, and Amazon has a feed of it", "SubmitFeed")
        scenes.counts.refused += 1
        step.result = reason


def check_easy_ship(scenes: Scenes, screen: Screen) -> None:
    """The guide's second example goes through with its options."""
    with screen.step(f"{EASY_SHIP}, the guide's second example, goes through with its feedOptions") as step:
        _await_command(scenes.easy_ship)
        scenes.completed("easy-ship", step, tasks=FeedTasks.of(scenes.deployment, EUROPE))
        found = scenes.feeds(INDIAN_SELLER.seller_id, EASY_SHIP)
        if [feed["feedOptions"] for feed in found] != [EASY_SHIP_OPTIONS]:
            raise StoryError(
                f"Amazon should have one feed with the options {EASY_SHIP_OPTIONS}, it has {found}",
                "SubmitFeed",
            )
        step.result = " ".join(f"{name}={value}" for name, value in EASY_SHIP_OPTIONS.items())


def check_listings(scenes: Scenes, screen: Screen) -> None:
    """Each message that Amazon refuses is listed by its SKU, and no other."""
    with screen.step(
        f"{MESSAGES:,} listings of which {BAD} are bad: `sellerbus feeds errors` lists those"
    ) as step:
        _await_command(scenes.listings)
        row = scenes.end("listings", step)
        if row["outcome"] != "COMPLETED_WITH_ERRORS":
            raise StoryError(f"the feed should be COMPLETED_WITH_ERRORS, but it is {told(row)}", "Feed")
        said = scenes.deployment.commands.sellerbus(
            *("feeds", "errors", scenes.task_id("listings"), "--stage", scenes.deployment.stage, "--json")
        )
        listed = sorted(str(error["sku"]) for error in errors_in(said.output))
        bad = bad_numbers(MESSAGES, BAD)
        everything = enumerate(skus(MESSAGES, f"CUP-{scenes.version}"), start=1)
        wanted = sorted(sku for number, sku in everything if number in bad)
        if listed != wanted:
            wrong = sorted(set(listed) ^ set(wanted))
            raise StoryError(
                f"the {BAD} bad messages should be listed by their SKUs, {len(listed)} are; listed or "
                f"missing by mistake: {wrong[:5]}",
                "CollectFeedReport",
            )
        scenes.counts.errors_listed = len(listed)
        step.result = f"{len(listed)} SKUs, {listed[0]} the first"


def check_without_notification(scenes: Scenes, screen: Screen) -> None:
    """A feed that Amazon never tells of is asked for by getFeed."""
    with screen.step("One that Amazon never tells of is found ended by a slow getFeed") as step:
        scenes.completed("shipments", step)
        found = scenes.feeds(SELLERS[0].seller_id, SHIPMENTS)
        paths = tuple(f"/{feed['feedId']}" for feed in found)
        looks = [
            entry
            for entry in scenes.deployment.simulator.requests(
                f"feeds/{scenes.version}/getFeed", seller_id=SELLERS[0].seller_id
            )
            if entry["path"].endswith(paths)
        ]
        if [feed["notifications"] for feed in found] != [0] or not looks:
            raise StoryError(
                f"one feed should have been found by getFeed alone, which was called {len(looks)} times for "
                f"{found}",
                "FollowFeed",
            )
        scenes.counts.without_notification = 1
        step.result = f"{len(looks)} getFeed"


def check_lost_answer(scenes: Scenes, screen: Screen) -> None:
    """createFeed is not repeated: the feed that it made is found by getFeeds and adopted."""
    with screen.step(
        "One whose createFeed is never answered: Amazon has one feed, looked for and adopted"
    ) as step:
        row = scenes.completed("lost-answer", step)
        seller_id = THIRD_SELLER.seller_id
        found = scenes.feeds(seller_id, ACKNOWLEDGEMENTS)
        calls = scenes.deployment.simulator.requests(
            f"feeds/{scenes.version}/createFeed", seller_id=seller_id
        )
        scenes.counts.lost_answer_feeds, scenes.counts.lost_answer_calls = len(found), len(calls)
        if len(found) != 1 or [entry["cut"] for entry in calls] != ["after"]:
            raise StoryError(
                f"createFeed should have been called once, and have made one feed; calls: {calls}, feeds: "
                f"{found}",
                "SubmitFeed",
            )
        if row.get("feedId") != found[0]["feedId"]:
            raise StoryError(f"the task should have feed {found[0]['feedId']}: {told(row)}", "SubmitFeed")
        step.result = f"{len(calls)} createFeed, {len(found)} feed"


def check_all(scenes: Scenes, screen: Screen) -> None:
    """Each end was told once on the bus; documents were encrypted where the version asks for that."""
    with screen.step("Each end is an event on the bus, once") as step:
        events = await_events(scenes, step)
        counts = scenes.counts
        counts.completed = sum(row["outcome"] == "COMPLETED" for row in scenes.rows.values())
        counts.with_errors = sum(row["outcome"] == "COMPLETED_WITH_ERRORS" for row in scenes.rows.values())
        feeds = [
            feed
            for feed in scenes.deployment.simulator.state()["feeds"]
            if feed["apiVersion"] == scenes.version
        ]
        counts.submitted = len(feeds)
        counts.encrypted_documents = sum(feed["encryptedDocuments"] for feed in feeds)
        wanted = 2 * len(feeds) if scenes.version == ENCRYPTED else 0
        if counts.encrypted_documents != wanted:
            raise StoryError(
                f"{wanted} documents of {len(feeds)} feeds should be encrypted, not "
                f"{counts.encrypted_documents}",
                "SubmitFeed",
            )
        step.result = f"{events} events" + (f", {wanted} documents encrypted" if wanted else "")


def errors_in(output: str) -> list[dict[str, Any]]:
    """The messages that `sellerbus feeds errors --json` printed, after what it may have said before."""
    return list(json.loads(output[output.index("{") :])["messages"])


def _await_command(submitted: Future[Finished] | None) -> None:
    """Waits for `sellerbus feeds submit`, which ends in part where it waited for a feed with errors."""
    if submitted is not None:
        try:
            submitted.result(END_SECONDS)
        except CommandError as error:
            if error.code != DONE_IN_PART:
                raise
