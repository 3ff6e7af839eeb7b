"""Composing a message, question by question, as somebody at a terminal sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.formatted_text import StyleAndTextTuples

from ops.compose_asking import Asking
from ops.compose_flow import Flow
from ops.compose_letter import Letter
from ops.compose_page import folded
from ops.message_drafts import Draft
from sellerbus.messaging.templates import parse
from tests.unit.ops.compose_screen import Person, at_terminal, pasted
from tests.unit.ops.compose_shop import (
    CANADA,
    ORDER,
    OTHER_ORDER,
    RULE,
    UNLISTED,
    US,
    WARRANTY,
    Shop,
    kind,
    limits,
    order,
)


@contextmanager
def composing(shop: Shop, letter: Letter | None = None, **size: int) -> Iterator[Person]:
    """Somebody who composes a message for the shop."""
    with at_terminal(
        lambda terminal: Flow(Asking(terminal, shop), letter or Letter()).run(), **size
    ) as person:
        yield person


def to_text(person: Person) -> None:
    """Take the first order and the first type."""
    person.sees("Which order", ORDER)
    person.press("Enter")
    person.sees("What is the message for?")
    person.press("Enter")
    person.sees("What do you want to tell the buyer?")


def to_end(person: Person, text: str = "Is the name on the cup spelled well?") -> None:
    """Write a text, attach nothing."""
    to_text(person)
    person.press(text, "Ctrl-S")
    person.sees("What shall be attached?")
    person.press("Enter")
    person.sees("Is this what the buyer shall get?")


def send(person: Person) -> Draft:
    person.press("Enter")
    person.sees("Send this message to the buyer now?")
    person.press("Up", "Enter")
    letter: Letter = person.result()
    return letter.draft()


def test_from_the_order_to_the_message_as_the_guide_has_it(tmp_path: Path) -> None:
    file = tmp_path / "example.txt"
    file.write_text("This is the attachment.", encoding="utf-8")
    shop = Shop()
    with composing(shop) as person:
        screen = person.sees("Which order is the message about?", "[1 Order]")
        # One seller in one marketplace: neither is asked for.
        assert "A2BAZU3EXAMPLE, US" in screen
        assert "unshipped" in screen
        assert "3 d ago" in screen
        assert "2 items, 34.50 USD" in screen
        person.press("Enter")
        screen = person.sees("What is the message for?", "[2 Message type]")
        assert "Confirm customization details" in screen
        assert "Ask your customer to verify" in screen
        person.press("Enter")
        screen = person.sees(
            "What do you want to tell the buyer?", "[3 Text]", "0 of 800 characters, 800 left"
        )
        assert RULE[:80] in screen
        assert "The buyer's language is en-US" in screen
        person.press("Hello", "Enter", "there", "Ctrl-S")
        person.sees("What shall be attached?", "[4 Attachments]")
        person.press("Up", "Enter")
        person.sees("Which file?")
        person.press(str(file), "Enter")
        person.sees("Under which name", "example.txt", "a text file")
        person.press("Enter")
        person.sees("Go on with 1 attachment", "23 bytes")
        person.press("Enter")
        screen = person.sees("Is this what the buyer shall get?", "[5 Check and send]")
        assert "│ Hello\n" in screen
        assert "│ there" in screen
        assert "example.txt (23 bytes)" in screen
        draft = send(person)
    assert (draft.seller_id, draft.marketplace, draft.amazon_order_id) == ("A2BAZU3EXAMPLE", US, ORDER)
    assert (draft.message_type, draft.text) == ("confirmCustomizationDetails", "Hello\nthere")
    assert [each.file_name for each in draft.files] == ["example.txt"]
    assert not draft.force
    assert shop.asked == [f"orders of {US}", f"actions of {ORDER}", "same"]


def test_what_is_answered_is_wiped_from_the_screen() -> None:
    with composing(Shop()) as person:
        to_end(person)
        send(person)
        assert person.screen == ""


def test_two_times_enter_at_the_end_sends_nothing() -> None:
    with composing(Shop()) as person:
        to_end(person)
        person.press("Enter")
        person.sees("Send this message to the buyer now?")
        person.press("Enter")
        person.sees("Is this what the buyer shall get?")


def test_a_type_that_is_not_possible_is_shown_with_why_and_not_taken() -> None:
    with composing(Shop()) as person:
        person.sees("Which order")
        person.press("Enter")
        screen = person.sees("✗ Confirm delivery details", "it is delivered already")
        assert "negative feedback" not in screen
        person.press(*["Down"] * 4)
        person.sees("Not possible now: it is delivered already")
        person.press("Enter", "Up")
        screen = person.sees("What is the message for?")
        person.press("Enter")
        person.sees("What shall be attached?", "Send invoice")


def test_no_type_at_all_leads_back_to_the_orders() -> None:
    with composing(Shop(allowed=(kind("warranty", "Warranty", allowed=False),))) as person:
        person.sees("Which order")
        person.press("Enter")
        person.sees("Amazon allows none for this order now.", "Amazon does not offer it")
        person.press("Enter")
        person.press("Esc")
        person.sees("Which order")


def test_orders_are_found_by_typing_and_one_that_is_not_listed_is_taken() -> None:
    shop = Shop()
    with composing(shop) as person:
        person.sees("2 to choose from")
        person.press("shipped")
        person.sees("2 found")
        person.press(" 1111")
        screen = person.sees("1 found")
        assert OTHER_ORDER in screen
        assert ORDER not in screen
        person.press("Ctrl-U", "no such")
        person.sees("Nothing matches what you typed")
        person.press("Enter")
        person.sees("take some of it back")
        person.press("Ctrl-U", UNLISTED)
        person.sees("an order that is not listed")
        person.press("Enter")
        person.sees("What is the message for?", UNLISTED)
    assert shop.asked[-1] == f"actions of {UNLISTED}"


def test_a_type_is_found_by_its_title_and_by_the_name_that_documents_have() -> None:
    types = (kind("unexpectedProblem", "Notify of late shipping"), kind("invoice", "Send the bill"))
    with composing(Shop(allowed=types)) as person:
        person.sees("Which order")
        person.press("Enter")
        person.sees("2 to choose from")
        person.press("unexpectedProb")
        assert "Send the bill" not in person.sees("1 found", "Notify of late shipping")
        person.press("Ctrl-U", "bill")
        assert "Notify of late shipping" not in person.sees("1 found", "Send the bill")


def test_orders_are_asked_for_anew_on_demand() -> None:
    shop = Shop(complete=False)
    with composing(shop) as person:
        screen = person.sees("Orders of the last 30 days, read 2 min ago")
        assert "there are more" in screen
        shop.listed = (order(UNLISTED),)
        person.press("Ctrl-R")
        person.sees(UNLISTED)
    assert shop.asked == [f"orders of {US}", f"orders of {US} anew"]


def test_where_orders_can_not_be_listed_an_id_is_typed() -> None:
    with composing(Shop(failures={"orders": "Amazon refused it."})) as person:
        person.sees("The orders can't be listed: Amazon refused it.")
        person.press(ORDER, "Enter")
        person.sees("What is the message for?")


def test_what_amazon_refuses_of_an_order_is_said_and_another_taken() -> None:
    shop = Shop(failures={"actions": "There is no such order."})
    with composing(shop) as person:
        person.sees(ORDER)
        person.press("Enter")
        person.sees("There is no such order.", "Which order")
        shop.failures.clear()
        person.press("Enter")
        person.sees("What is the message for?")


def test_several_sellers_and_marketplaces_are_asked_for_first_and_again_when_going_back() -> None:
    shop = Shop(marketplaces=(US, CANADA), seller_ids=("A2BAZU3EXAMPLE", "A2EW6EXAMPLE11"))
    with composing(shop) as person:
        screen = person.sees("Whose order is it?")
        # There is nothing before the first question.
        assert "Esc" not in screen
        person.press("Down", "Enter")
        person.sees("In which marketplace")
        person.press("Down", "Enter")
        person.sees("Which order", "A2EW6EXAMPLE11, CA")
        person.press("Esc")
        person.sees("In which marketplace")
        person.press("Esc")
        person.sees("Whose order is it?")
        person.press("Enter")
        person.sees("In which marketplace")
        person.press("Enter")
        person.sees("A2BAZU3EXAMPLE, US")
    assert shop.asked == [f"orders of {CANADA}", f"orders of {US}"]


class TestText:
    def test_is_counted_while_it_is_written_and_not_taken_beyond_its_limit(self) -> None:
        short = kind("confirmOrderDetails", "Confirm", text=limits(10, minimum=1))
        with composing(Shop(allowed=(short,))) as person:
            to_text(person)
            person.press("Ctrl-S")
            person.sees("There is no text yet.")
            person.press("123456789")
            person.sees("9 of 10 characters, 1 left")
            # A character is a code point, as Amazon's schema counts.
            person.press("😀é")
            person.sees("11 of 10 characters, 1 too many")
            person.press("Ctrl-S")
            person.sees("What do you want to tell the buyer?", "Amazon takes 10 for this type at most")
            person.press("Backspace", "Ctrl-S")
            person.sees("Is this what the buyer shall get?")

    def test_is_checked_while_it_is_written(self) -> None:
        with composing(Shop(locale="de-DE")) as person:
            to_text(person)
            person.press("Write to me@example.com")
            person.sees("✗ The text has an e-mail address")
            person.press("Ctrl-S")
            person.sees("[3 Text]")
            person.press("Ctrl-U", "See https://example.com for it")
            person.sees("! The text has a link", "related to order completion")
            person.sees_no("e-mail address: Amazon")
            # A warning keeps nobody back.
            person.press("Ctrl-S")
            person.sees("What shall be attached?")
            person.press("Enter")
            person.sees("! The text has a link", "Send it")

    def test_is_taken_as_it_is_pasted_without_what_ends_in_blanks(self) -> None:
        with composing(Shop()) as person:
            to_text(person)
            person.press(pasted("one\r\ntwo\rthree \n\n"), "Ctrl-S")
            person.sees("What shall be attached?")
            person.press("Enter")
            person.sees("Is this what")
            assert send(person).text == "one\ntwo\nthree"

    def test_is_kept_when_going_back_and_when_the_type_changes(self) -> None:
        with composing(Shop()) as person:
            to_text(person)
            person.press("Hello", "Esc")
            person.sees("What is the message for?")
            person.press("Down", "Enter")
            person.sees(
                "What do you want to tell the buyer?", "Confirm order details", "5 of 2000 characters"
            )

    def test_is_not_lost_by_leaving_without_a_question(self) -> None:
        with composing(Shop()) as person:
            to_text(person)
            person.press("Hello", "Ctrl-C")
            person.sees("Leave without sending?", "What you wrote is not kept.")
            person.press("Enter")
            person.sees("5 of 800 characters")
            person.press("Ctrl-C")
            person.sees("Leave without sending?")
            person.press("Down", "Enter")
            with pytest.raises(KeyboardInterrupt):
                person.result()

    def test_leaving_takes_no_question_where_nothing_is_written(self) -> None:
        with composing(Shop()) as person:
            to_text(person)
            person.press("Ctrl-C")
            with pytest.raises(KeyboardInterrupt):
                person.result()


def template(name: str, **changes: Any) -> Any:
    document = {
        "messageType": "confirmCustomizationDetails",
        "texts": {"en-US": "About {orderId} of {marketplace}: see {link}."},
        "placeholders": ["link"],
        **changes,
    }
    return parse(name, json.dumps(document).encode())


class TestTemplates:
    def test_their_text_is_put_where_the_cursor_is(self) -> None:
        with composing(Shop(ready=(template("greeting"),))) as person:
            to_text(person)
            person.press("Hello. ", "Ctrl-T")
            person.sees("Which template?", "greeting")
            person.press("Enter")
            person.sees("What shall stand for {link}?")
            person.press("Enter")
            person.sees("The template needs a text")
            person.press("this", "Enter")
            person.sees(f"Hello. About {ORDER} of Amazon.com: see this.")

    def test_one_in_another_language_is_not_possible(self) -> None:
        german = template("gruss", texts={"de-DE": "Hallo {link}"})
        with composing(Shop(ready=(german,))) as person:
            to_text(person)
            person.press("Ctrl-T")
            person.sees("✗ gruss", "Not possible now: There is no text in the buyer's language, en-US.")
            person.press("Esc")
            person.sees("0 of 800 characters")

    @pytest.mark.parametrize(
        ("failures", "said"),
        [
            ({}, "The stage has no template for messages of this type"),
            ({"templates": "S3 refused."}, "The templates can't be read: S3 refused."),
        ],
    )
    def test_none_is_said(self, failures: dict[str, str], said: str) -> None:
        with composing(Shop(failures=failures)) as person:
            to_text(person)
            person.press("Hi", "Ctrl-T")
            person.sees(said, "2 of 800 characters")


class TestTheEnd:
    def test_leads_back_to_what_is_to_be_changed_and_keeps_the_rest(self) -> None:
        with composing(Shop()) as person:
            to_end(person)
            person.press(*["Down"] * 3, "Enter")
            person.sees("What do you want to tell the buyer?", "36 of 800")
            person.press(" Yes?", "Ctrl-S")
            person.sees("Is this what the buyer shall get?", "spelled well? Yes?")
            person.press(*["Down"] * 2, "Enter")
            person.sees("What is the message for?")
            person.press("Down", "Enter")
            # Another type asks again for what depends on it.
            person.sees("What do you want to tell the buyer?", "Confirm order details", "41 of 2000")
            person.press("Ctrl-S")
            person.sees("Is this what the buyer shall get?")
            assert send(person).message_type == "confirmOrderDetails"

    def test_going_back_from_a_change_changes_nothing_else(self) -> None:
        with composing(Shop()) as person:
            to_end(person)
            person.press("Down", "Enter")
            person.sees("Which order")
            person.press("Esc")
            person.sees("Is this what the buyer shall get?", ORDER)
            # Esc here is one question back.
            person.press("Esc")
            person.sees("What shall be attached?")

    def test_a_change_that_can_not_be_sent_is_not_offered_to_be(self) -> None:
        shop = Shop()
        with composing(shop) as person:
            to_end(person)
            person.press(*["Down"] * 3, "Enter")
            person.sees("What do you want to tell the buyer?")
            person.press(" me@example.com", "Esc")
            person.sees("✗ Send it", "The text has an e-mail address")
            person.press("Up", "Up", "Up", "Up", "Up", "Enter")
            screen = person.sees("Not possible now", "Choose another.")
            assert screen.count("Not possible now") == 1
        # What can't be sent can't be looked for either: the stage would refuse its words.
        assert shop.asked.count("same") == 1

    def test_the_same_message_is_told_of_and_sent_again_only_on_demand(self) -> None:
        with composing(Shop(before="sqs-1")) as person:
            to_end(person)
            person.sees("! The same message was handed over before, as task sqs-1.", "Send it again")
            assert send(person).force

    def test_what_can_not_be_told_of_the_same_message_is_said(self) -> None:
        with composing(Shop(failures={"same": "DynamoDB refused."})) as person:
            to_end(person)
            person.sees("can't be told: DynamoDB refused.")
            assert not send(person).force

    def test_a_long_text_is_scrolled(self) -> None:
        lines = "\n".join(f"line {number}" for number in range(40))
        with composing(Shop()) as person:
            to_text(person)
            person.press(pasted(lines), "Ctrl-S")
            person.sees("What shall be attached?")
            person.press("Enter")
            screen = person.sees("lines 1 to 12 of 40")
            assert "│ line 0\n" in screen
            person.press(*["PgDn"] * 9)
            screen = person.sees("lines 29 to 40 of 40")
            assert "│ line 39" in screen


class TestAttachments:
    def start(self, person: Person) -> None:
        """Take the invoice, which is its attachments."""
        person.sees("Which order")
        person.press("Enter")
        person.sees("What is the message for?")
        person.press("invoice", "Enter")
        person.sees("What shall be attached?")

    def add(self, person: Person, path: str) -> None:
        person.press("Enter")
        person.sees("Which file?")
        person.press(path, "Enter")

    def test_that_are_wanted_are_not_passed_by(self, tmp_path: Path) -> None:
        (tmp_path / "invoice.pdf").write_bytes(b"%PDF-1.7 something")
        with composing(Shop()) as person:
            self.start(person)
            person.sees("✗ Go on without attachments", "Amazon wants 1 attachment at least.")
            self.add(person, str(tmp_path / "invoice.pdf"))
            person.sees("Under which name")
            person.press("Ctrl-U", "x/y.pdf", "Enter")
            person.sees("slash")
            person.press("Ctrl-U", "Your invoice.pdf", "Enter")
            person.sees("Go on with 1 attachment", "Your invoice.pdf")
            person.press("Enter")
            person.sees("Is this what the buyer shall get?")
            assert [each.file_name for each in send(person).files] == ["Your invoice.pdf"]

    def test_are_checked_as_they_are_added(self, tmp_path: Path) -> None:
        (tmp_path / "empty.txt").write_bytes(b"")
        (tmp_path / "photo.pdf").write_bytes(b"\x89PNG\r\n\x1a\n....")
        (tmp_path / "big.txt").write_bytes(b"x" * 10_000_000)
        with composing(Shop()) as person:
            self.start(person)
            self.add(person, str(tmp_path / "missing.txt"))
            person.sees("cannot be read: No such file")
            for name, said in (
                ("empty.txt", "The file is empty"),
                ("photo.pdf", "a PDF by its name and a PNG image by its content"),
                ("big.txt", "10,000,000 bytes together"),
            ):
                person.press("Ctrl-U", str(tmp_path / name), "Enter")
                person.sees(said, "Which file?")
            person.press("Ctrl-U", str(tmp_path), "Enter")
            person.sees("That is a folder")
            person.press("Ctrl-U", "Enter")
            person.sees("Type the path of a file")

    def test_a_name_that_amazon_does_not_take_can_be_changed(self, tmp_path: Path) -> None:
        (tmp_path / "notes.md").write_text("Notes.", encoding="utf-8")
        with composing(Shop()) as person:
            self.start(person)
            self.add(person, str(tmp_path / "notes.md"))
            person.sees("Under which name")
            person.press("Enter")
            person.sees("must end with one of")
            person.press(*["Backspace"] * 3, ".txt", "Enter")
            person.sees("Go on with 1 attachment", "notes.txt")

    def test_the_same_name_twice_is_refused_and_files_are_taken_off(self, tmp_path: Path) -> None:
        for name in ("one.txt", "two.txt"):
            (tmp_path / name).write_text(name, encoding="utf-8")
        with composing(Shop()) as person:
            self.start(person)
            self.add(person, f"'{tmp_path / 'one.txt'}'")
            person.sees("Under which name")
            person.press("Enter")
            person.sees("Go on with 1 attachment")
            person.press("Up")
            self.add(person, (tmp_path / "two.txt").as_uri())
            person.sees("Under which name")
            person.press("Ctrl-U", "one.txt", "Enter")
            person.sees("the same name")
            person.press("Ctrl-U", "two.txt", "Enter")
            person.sees("Go on with 2 attachments")
            person.press("Up", "Up", "Up", "Del")
            screen = person.sees("Go on with 1 attachment\n")
            assert "two.txt" in screen
            assert "one.txt" not in screen

    def test_paths_are_completed(self, tmp_path: Path) -> None:
        (tmp_path / "a long name.txt").write_text("Hello.", encoding="utf-8")
        with composing(Shop()) as person:
            self.start(person)
            person.press("Enter")
            person.sees("Which file?")
            person.press(f"{tmp_path}/a lo", "Tab")
            person.sees("a long name.txt")
            person.press("Enter")
            person.sees("Under which name")


class TestCoverage:
    def start(self, person: Person, file: Path) -> None:
        file.write_text("Two years.", encoding="utf-8")
        person.sees("Which order")
        person.press("Enter")
        person.sees("What is the message for?")
        person.press("warranty", "Enter")
        person.sees("What shall be attached?")
        person.press("Enter")
        person.sees("Which file?")
        person.press(str(file), "Enter")
        person.sees("Under which name")
        person.press("Enter")
        person.sees("Go on with 1 attachment")
        person.press("Enter")
        person.sees("From when does the warranty cover?")

    def test_is_asked_for_as_days_in_order(self, tmp_path: Path) -> None:
        with composing(Shop()) as person:
            self.start(person, tmp_path / "warranty.txt")
            person.press("soon", "Enter")
            person.sees("That is no day")
            person.press("Ctrl-U", "2026-11-22", "Enter")
            person.sees("Until when does it cover?")
            person.press("2026-11-21", "Enter")
            person.sees("must end after its start")
            person.press("Ctrl-U", "2028-11-21", "Enter")
            person.sees("Is this what", "2026-11-22T00:00:00Z to 2028-11-21T23:59:59Z")
            draft = send(person)
        assert draft.coverage_start_date == "2026-11-22T00:00:00Z"
        assert draft.coverage_end_date == "2028-11-21T23:59:59Z"
        assert draft.text is None

    def test_may_be_left_out_with_a_warning(self, tmp_path: Path) -> None:
        with composing(Shop()) as person:
            self.start(person, tmp_path / "warranty.txt")
            person.press("Enter")
            person.sees("Is this what", "! The message will not say from when until when")

    def test_cannot_be_left_out_where_the_order_asks_for_it(self, tmp_path: Path) -> None:
        needed = replace(WARRANTY, coverage_required=True)
        with composing(Shop(allowed=(needed,))) as person:
            self.start(person, tmp_path / "warranty.txt")
            assert "Enter alone" not in person.screen
            person.press("Enter")
            person.sees("without the dates")

    def test_going_back_from_its_end_asks_for_its_start(self, tmp_path: Path) -> None:
        with composing(Shop()) as person:
            self.start(person, tmp_path / "warranty.txt")
            person.press("2026-11-22", "Enter")
            person.sees("Until when")
            person.press("Esc")
            person.sees("From when does the warranty cover?", "2026-11-22T00:00:00Z")
            person.press("Esc")
            person.sees("What shall be attached?")


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 24), (200, 60)])
def test_every_question_fits_the_terminal(columns: int, rows: int) -> None:
    many = tuple(order(f"902-0000000-{number:07}") for number in range(40))
    with composing(Shop(listed=many), columns=columns, rows=rows) as person:
        person.sees("Which order", "Enter choose", "902-0000000-0000000")
        person.press(*["Down"] * 39)
        person.sees("902-0000000-0000039")
        person.press("Enter")
        person.sees("What is the message for?", "Enter choose")
        person.press("Enter")
        person.sees("What do you want to tell the buyer?", "Ctrl-S go on", "0 of 800 characters")
        person.press(pasted("word " * 150), "Ctrl-S")
        person.sees("What shall be attached?")
        person.press("Enter")
        person.sees("Is this what the buyer shall get?", "Send it", "Leave without sending")


def test_what_is_said_is_broken_between_words() -> None:
    line: StyleAndTextTuples = [("class:label", "one two "), ("", "three\nfour  five-six seven")]
    broken = "".join(part[1] for part in folded(line, 10))
    assert broken == "one two \nthree\nfour  \nfive-six \nseven"
    # A word that fits nowhere is left to the terminal.
    assert folded([("", "abcdefghijklmnop")], 10) == [("", "abcdefghijklmnop")]


def test_why_a_type_is_not_possible_is_cut_in_the_list_and_whole_below_it() -> None:
    why = "it is not offered " * 8
    with composing(
        Shop(allowed=(kind("invoice", "Send invoice", allowed=False, why=why),)), columns=80
    ) as person:
        person.sees("Which order")
        person.press("Enter")
        screen = person.sees("What is the message for?", "Not possible now: it is not offered")
        assert next(line for line in screen.splitlines() if "Send invoice" in line).endswith("…")


def test_texts_of_others_do_not_reach_the_terminal_as_commands() -> None:
    evil = kind("invoice", "Send\x1b]0;gotcha\x07 invoice", description="\x1b[2J", attachments=limits(5))
    with composing(Shop(allowed=(evil,))) as person:
        person.sees("Which order")
        person.press("Enter")
        person.sees("What is the message for?", "Send")
        assert "gotcha\x07" not in person.bytes
        assert "\x1b]0;" not in person.bytes
