"""Hands over what the story of feeds is about: as files in the inbox, as events, and with `sellerbus`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from local.cast import INDIAN_SELLER, SELLERS, THIRD_SELLER
from local.commands import Finished
from local.feed_documents import (
    FLAT_FILE_TYPE,
    FOLDER,
    JSON_TYPE,
    LISTINGS,
    XML_TYPE,
    bad_numbers,
    document,
    listings_feed,
)
from local.feed_scenes import Scenes
from local.screen import Screen
from local.story_of_changes import hand_over_changes

MESSAGES, BAD = 1_000, 37
PRODUCTS, EASY_SHIP = "POST_PRODUCT_DATA", "POST_EASYSHIP_DOCUMENTS"
SHIPMENTS, ACKNOWLEDGEMENTS = "POST_FLAT_FILE_FULFILLMENT_DATA", "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
# As in the guide, but for the input document, which is this run's own.
PRODUCT_MARKETPLACES = ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")
EASY_SHIP_OPTIONS = {"AmazonOrderId": "902-3159896-1390916", "DocumentType": "ShippingLabel"}


def hand_over(scenes: Scenes, screen: Screen, pool: ThreadPoolExecutor) -> None:
    """All feeds and changes of a version: as files in the inbox, by `sellerbus`, as events."""
    version, amazon = scenes.version, scenes.deployment.simulator
    with screen.step(f"Feeds v{version}: handed over as files, as events and with `sellerbus`") as step:
        amazon.decide_fate(feedType=SHIPMENTS, sellerId=SELLERS[0].seller_id, notifications=0)
        amazon.decide_fate(feedType=ACKNOWLEDGEMENTS, sellerId=THIRD_SELLER.seller_id, answerLost=True)
        scenes.easy_ship = pool.submit(_submit_easy_ship, scenes)
        scenes.listings = pool.submit(_submit_listings, scenes)
        tasks = scenes.tasks
        key = tasks.put(SELLERS[1].seller_id, PRODUCTS, f"{version}.xml", document("product.xml"))
        tasks.put_options(
            key,
            marketplaceIds=list(PRODUCT_MARKETPLACES),
            contentType=XML_TYPE,
            taskId=scenes.task_id("products"),
        )
        tasks.put(
            SELLERS[0].seller_id,
            SHIPMENTS,
            f"{version}.txt",
            document("shipments.txt"),
            content_type=FLAT_FILE_TYPE,
            metadata={"task-id": scenes.task_id("shipments"), "marketplace-ids": "ATVPDKIKX0DER"},
        )
        lost = {
            "taskId": scenes.task_id("lost-answer"),
            "sellerId": THIRD_SELLER.seller_id,
            "feedType": ACKNOWLEDGEMENTS,
            "marketplaceIds": list(THIRD_SELLER.marketplace_ids),
            "contentType": FLAT_FILE_TYPE,
            "content": f"order-id\tmerchant-order-id\n111-2222222-3333331\tours-{version}\n",
        }
        tasks.request("FeedRequested", [lost])
        scenes.changes = hand_over_changes(scenes.deployment, version)
        step.result = f"5 feeds and {len(scenes.changes.wanted)} listing changes"


def _submit_listings(scenes: Scenes) -> Finished:
    version, folder = scenes.version, scenes.deployment.folder
    file = folder / f"listings-{version}.json"
    seller = SELLERS[0].seller_id
    file.write_bytes(listings_feed(seller, MESSAGES, bad_numbers(MESSAGES, BAD), f"CUP-{version}"))
    return scenes.deployment.commands.sellerbus(
        *("feeds", "submit", str(file), "--stage", scenes.deployment.stage, "--seller", seller),
        *("--type", LISTINGS, "--marketplaces", "US", "--content-type", JSON_TYPE),
        *("--task-id", scenes.task_id("listings"), "--wait"),
    )


def _submit_easy_ship(scenes: Scenes) -> Finished:
    options = [part for name, value in EASY_SHIP_OPTIONS.items() for part in ("--option", f"{name}={value}")]
    return scenes.deployment.commands.sellerbus(
        *("feeds", "submit", str(FOLDER / "easy_ship.xml"), "--stage", scenes.deployment.stage),
        *("--seller", INDIAN_SELLER.seller_id, "--type", EASY_SHIP, "--marketplaces", "IN"),
        *("--task-id", scenes.task_id("easy-ship"), *options),
    )
