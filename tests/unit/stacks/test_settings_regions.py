"""Several regions in one file: each cell's own settings, and what regions demand of each other."""

from pathlib import Path

import pytest

from stacks.settings_model import StageSettings, needs_eventbridge
from tests.unit.stacks.settings_files import only, problems, stage

THREE = """\
regions:
  fe: {aws_region: us-west-2, marketplaces: [JP]}
  na: {aws_region: us-east-1, marketplaces: [US]}
  eu: {aws_region: eu-west-1, marketplaces: [DE, UK]}
sp_api: {sandbox: false}
removal_policy: retain
alarm_email: operations@example.com
"""
ORDERS = "notifications: [{type: ORDER_CHANGE}]\n"
US, DE, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1VC38T7YXB528"


def filtered(*identifiers: str) -> str:
    directive = f"eventFilter: {{eventFilterType: ORDER_CHANGE, marketplaceIds: [{', '.join(identifiers)}]}}"
    return f"[{{type: ORDER_CHANGE, processing_directive: {{{directive}}}}}]"


def own_list(text: str, region: str, notifications: str) -> str:
    """The file with a list of its own in one region."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"  {region}:"))
    return text.replace(line, f"{line[:-1]}, notifications: {notifications}}}")


def directives(settings: StageSettings) -> dict[str, tuple[str, ...] | None]:
    found: dict[str, tuple[str, ...] | None] = {}
    for cell in settings.cells:
        directive = cell.notifications[0].processing_directive
        assert directive is not None
        assert directive.event_filter is not None
        found[cell.region] = directive.event_filter.marketplace_ids
    return found


def test_each_region_is_a_cell_with_what_all_share(tmp_path: Path) -> None:
    settings = stage(tmp_path, THREE + ORDERS)

    assert [(cell.region, cell.aws_region) for cell in settings.cells] == [
        ("na", "us-east-1"),
        ("eu", "eu-west-1"),
        ("fe", "us-west-2"),
    ]
    assert [cell.sp_api.region for cell in settings.cells] == ["na", "eu", "fe"]
    assert settings.cell("eu").marketplaces == (DE, "A1F83G8C2ARO7P")
    assert {cell.alarm_email for cell in settings.cells} == {"operations@example.com"}
    assert {cell.notifications[0].type for cell in settings.cells} == {"ORDER_CHANGE"}
    assert settings.shared.removal_policy == "retain"


def test_a_region_that_is_not_configured_has_no_cell(tmp_path: Path) -> None:
    settings = stage(tmp_path, THREE.replace("  fe:", "#") + ORDERS)

    with pytest.raises(KeyError, match="'fe' is not among the configured regions: na, eu"):
        settings.cell("fe")


def test_a_region_may_have_a_list_of_its_own(tmp_path: Path) -> None:
    settings = stage(tmp_path, own_list(THREE, "eu", "[{type: FEE_PROMOTION}]") + ORDERS)

    assert [cell.notifications[0].type for cell in settings.cells] == [
        "ORDER_CHANGE",
        "FEE_PROMOTION",
        "ORDER_CHANGE",
    ]


def test_lists_of_their_own_in_every_region_need_none_for_all(tmp_path: Path) -> None:
    text = THREE
    for region in ("na", "eu", "fe"):
        text = own_list(text, region, "[{type: FEE_PROMOTION}]")

    assert len(stage(tmp_path, text).cells) == 3
    assert only(tmp_path, text + ORDERS).startswith("prod.yaml:8: notifications: is for no region")


def test_a_list_for_all_is_missing_where_one_region_has_none_of_its_own(tmp_path: Path) -> None:
    text = own_list(own_list(THREE, "na", "[{type: FEE_PROMOTION}]"), "eu", "[{type: FEE_PROMOTION}]")

    assert only(tmp_path, text).startswith("prod.yaml: notifications: is missing. Allowed: a list")


def test_a_regions_own_list_is_checked_like_the_one_for_all(tmp_path: Path) -> None:
    text = own_list(
        THREE, "eu", "[{type: ORDER_STATUS_CHANGE}, {type: FEE_PROMOTION}, {type: FEE_PROMOTION}]"
    )

    found = problems(tmp_path, text + ORDERS)

    assert [problem.split(" =")[0] for problem in found] == [
        "prod.yaml:4: regions.eu.notifications[0].type",
        "prod.yaml:4: regions.eu.notifications[2]",
    ]


def test_each_cell_filters_by_its_own_marketplaces(tmp_path: Path) -> None:
    settings = stage(tmp_path, f"{THREE}notifications: {filtered(DE, US, JP)}\n")

    assert directives(settings) == {"na": (US,), "eu": (DE,), "fe": (JP,)}


def test_a_filter_that_leaves_a_region_nothing_is_refused(tmp_path: Path) -> None:
    problem = only(tmp_path, f"{THREE}notifications: {filtered(DE, US)}\n")

    assert "marketplaceIds: has no marketplace of region fe, and the entry is for na, eu, fe" in problem
    assert "regions.fe.notifications" in problem.split("Allowed: ")[1]


def test_a_filter_in_a_regions_list_takes_that_regions_marketplaces_only(tmp_path: Path) -> None:
    good = own_list(THREE, "eu", filtered(DE)) + f"notifications: {filtered(US, JP)}\n"
    assert directives(stage(tmp_path, good)) == {"na": (US,), "eu": (DE,), "fe": (JP,)}

    problem = only(tmp_path, own_list(THREE, "eu", filtered(DE, US)) + ORDERS)
    assert problem.startswith("prod.yaml:4: regions.eu.notifications[0].processing_directive.eventFilter")
    assert f"marketplaceIds[1] = '{US}': is a marketplace of region na, but the entry is for eu" in problem


OLD = """\
aws_region: us-east-1
sp_api:
  region: na
  sandbox: false
  endpoint: http://127.0.0.1:1
marketplaces: [US]
notifications: [{type: ORDER_CHANGE}]
removal_policy: retain
"""


def test_a_file_of_one_region_is_told_where_its_keys_stand_now(tmp_path: Path) -> None:
    found = problems(tmp_path, OLD)

    moved = {problem.split(": ")[1].split(" =")[0]: problem for problem in found}
    assert set(moved) == {"regions", "aws_region", "sp_api.region", "sp_api.endpoint", "marketplaces"}
    for key, place in {
        "aws_region": "regions.na.aws_region",
        "sp_api.endpoint": "regions.na.endpoint",
        "marketplaces": "regions.na.marketplaces",
    }.items():
        assert f"Allowed: the same under {place}." in moved[key]
    assert "Allowed: regions.na, a mapping with aws_region and marketplaces" in moved["sp_api.region"]
    assert "prod.yaml:3: sp_api.region = 'na': belongs to a region" in moved["sp_api.region"]


def test_an_old_file_whose_region_is_unclear_is_told_what_there_is(tmp_path: Path) -> None:
    found = problems(tmp_path, OLD.replace("region: na", "region: us"))

    assert any("regions.<na, eu or fe>.aws_region" in problem for problem in found)


LISTINGS = "notifications: [{type: LISTINGS_ITEM_STATUS_CHANGE}, {type: ORDER_CHANGE}]\n"


def test_types_of_the_eventbridge_workflow_can_be_wanted(tmp_path: Path) -> None:
    settings = stage(tmp_path, own_list(THREE, "eu", "[{type: ORDER_CHANGE}]") + LISTINGS)

    assert [needs_eventbridge(cell) for cell in settings.cells] == [True, False, True]


def test_two_cells_in_one_aws_region_cannot_both_have_an_eventbridge_destination(tmp_path: Path) -> None:
    together = THREE.replace("us-west-2", "us-east-1")

    problem = only(tmp_path, together + LISTINGS)

    assert problem.startswith(
        "prod.yaml:2: regions.fe.aws_region = 'us-east-1': is the AWS region of na too, and both have types "
        "of Amazon's EventBridge workflow (LISTINGS_ITEM_STATUS_CHANGE)"
    )
    assert "regions.fe.notifications" in problem.split("Allowed: ")[1]
    assert len(stage(tmp_path, together + ORDERS).cells) == 3
    assert len(stage(tmp_path, own_list(together, "fe", "[{type: ORDER_CHANGE}]") + LISTINGS).cells) == 3
