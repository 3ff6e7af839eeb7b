"""What the control API refuses is said in the options of the command line."""

import pytest

from simulator.wording import FAULT_OPTIONS, PUBLISH_OPTIONS, with_options


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("the body: copies must be from 1 to 1000, got 0", "--copies must be from 1 to 1000, got 0"),
        ("several sellers are subscribed: give sellerId, one of ['A']", "give --seller, one of ['A']"),
        (
            "send anything else as a raw body, or with keepMetadata and via: destination",
            "send anything else with --raw, or with --keep-metadata and --via destination",
        ),
        ("create one, or give destinationId", "or give --destination-id"),
        ("no destination with id via-1", "no destination with id via-1"),
    ],
)
def test_a_refused_notification(refusal: str, said: str) -> None:
    assert said in with_options(refusal, PUBLISH_OPTIONS)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("give cut, or status and body", "give --cut, or --status and --body"),
        ("status 700 is not an HTTP status", "--status 700 is not an HTTP status"),
        ("for a lost answer use cut: after", "for a lost answer use --cut after"),
    ],
)
def test_a_refused_fault(refusal: str, said: str) -> None:
    assert with_options(refusal, FAULT_OPTIONS) == said


def test_nothing_else_is_reworded() -> None:
    assert with_options("no seller N", {}) == "no seller N"
