"""Which cell of a stage has the registered application queue, and what the keys allow."""

from pathlib import Path

import pytest

from tests.unit.stacks.settings_files import only, stage

TWO = """
regions:
  na: {aws_region: us-east-1, marketplaces: [US]}
  eu: {aws_region: eu-west-1, marketplaces: [DE]}
sp_api: {sandbox: false}
notifications: [{type: ORDER_CHANGE}]
removal_policy: retain
"""


def homes(tmp_path: Path, more: str = "") -> dict[str, bool]:
    return {cell.region: cell.has_application_queue for cell in stage(tmp_path, TWO + more).cells}


def test_the_first_region_has_the_queue_unless_another_is_named(tmp_path: Path) -> None:
    assert homes(tmp_path) == {"na": True, "eu": False}
    assert homes(tmp_path, "client_secret: {application_queue: eu}") == {"na": False, "eu": True}


def test_each_cell_knows_where_the_others_are(tmp_path: Path) -> None:
    found = {
        cell.region: [(other.region, other.aws_region) for other in cell.other_cells]
        for cell in stage(tmp_path, TWO).cells
    }
    assert found == {"na": [("eu", "eu-west-1")], "eu": [("na", "us-east-1")]}


def test_what_is_so_where_nothing_is_said(tmp_path: Path) -> None:
    found = stage(tmp_path, TWO).shared.client_secret
    assert (found.rotate, found.days_before, found.answer_minutes) == (True, 30, 60)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{application_queue: fe}", "is not a region of this stage. Allowed: na or eu"),
        ("{application_queue: us}", "na"),
        ("{days_before: 7}", "from 8 to 90"),
        ("{days_before: 91}", "from 8 to 90"),
        ("{answer_minutes: 0}", "from 1 to 1440"),
        ("{rotate: 1}", "true, or false"),
        ("{rotation: true}", "rotation"),
    ],
)
def test_one_wrong_key(tmp_path: Path, section: str, words: str) -> None:
    assert words in only(tmp_path, f"{TWO}client_secret: {section}\n")
