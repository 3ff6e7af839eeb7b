"""Several regions in one stage: a complete set of stacks each, that share nothing but the code."""

import json
from typing import Any

from tests.template.synthesis import Synthesis

PARTS = {
    "Foundation": "foundation",
    "Notifications": "notifications",
    "Tasks": "tasks",
    "Operations": "operations",
    "ExampleConsumer": "example-consumer",
}


def stack_artifacts(synthesis: Synthesis) -> dict[str, Any]:
    manifest = json.loads((synthesis.folder / "manifest.json").read_text(encoding="utf-8"))
    return {
        name: artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def test_stacks_are_named_after_stage_and_region(synthesis: Synthesis) -> None:
    region = synthesis.settings.region
    names = {
        name: artifact["properties"]["stackName"]
        for name, artifact in stack_artifacts(synthesis).items()
        if name.startswith(region.capitalize())
    }
    assert names == {
        f"{region.capitalize()}{part}": f"{synthesis.prefix}-{name}" for part, name in PARTS.items()
    }


def test_each_region_has_all_stacks_in_its_own_aws_region(regions: dict[str, Synthesis]) -> None:
    environments = {
        name: artifact["environment"].split("/")[-1]
        for name, artifact in stack_artifacts(regions["na"]).items()
    }
    assert environments == {
        f"{region.capitalize()}{part}": synthesis.settings.aws_region
        for region, synthesis in regions.items()
        for part in PARTS
    }
    assert len(set(environments.values())) == 3


def test_a_region_needs_no_other(regions: dict[str, Synthesis]) -> None:
    for region, synthesis in regions.items():
        others = {name for name in regions if name != region}
        for part, template in synthesis.templates.items():
            if part == "Operations":
                # A new client secret is handed on to the other regions' application queues, by their names.
                continue
            text = json.dumps(template.body)
            assert not [name for name in others if f"sellerbus-example-{name}" in text]
        for name, artifact in stack_artifacts(synthesis).items():
            if name.startswith(region.capitalize()):
                needed = {need for need in artifact["dependencies"] if not need.endswith(".assets")}
                assert all(need.startswith(region.capitalize()) for need in needed)


def test_a_region_alone_is_what_it_is_beside_others(
    example: Synthesis, regions: dict[str, Synthesis]
) -> None:
    """What a region gets depends on nothing but its own settings."""
    assert regions["na"].templates.keys() == example.templates.keys()
    for part in ("ExampleConsumer", "Foundation", "Tasks"):
        together, alone = regions["na"].templates[part].body, example.templates[part].body
        differing = {
            name for name in alone["Resources"] if alone["Resources"][name] != together["Resources"][name]
        }
        assert differing == set()


def test_each_regions_sellers_filter_by_its_marketplaces(regions: dict[str, Synthesis]) -> None:
    for synthesis in regions.values():
        text = json.dumps(synthesis.notifications.only("Custom::SpApiSubscriptions")["Properties"]["Wanted"])
        filtered = {"na": "ATVPDKIKX0DER", "eu": "A1PA6795UKMFR9", "fe": "A1VC38T7YXB528"}
        assert [name for name, identifier in filtered.items() if identifier in text] == [
            synthesis.settings.region
        ]


def test_configured_tags_are_on_every_stack(regions: dict[str, Synthesis]) -> None:
    tags = [artifact["properties"]["tags"] for artifact in stack_artifacts(regions["na"]).values()]
    assert tags == [{"cost-center": "commerce"}] * len(PARTS) * len(regions)
