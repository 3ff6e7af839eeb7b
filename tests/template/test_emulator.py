"""How the emulator's stage differs from the others, and that it differs in nothing else."""

import json
import re
from typing import Any

import pytest

from stacks.emulator import REFUSED_TYPES
from tests.template.synthesis import FOR_OTHER_STACKS, Synthesis, settings_of, synthesise


def test_exactly_the_types_that_the_emulator_refuses_are_left_out(local: Synthesis) -> None:
    for template in local.templates.values():
        for name, resource in template.body["Resources"].items():
            computes = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
            refused = computes or resource["Type"] in REFUSED_TYPES
            assert ("Condition" in resource) == refused, name


def test_alarms_on_single_metrics_stay(local: Synthesis) -> None:
    alarms = local.all_of_type("AWS::CloudWatch::Alarm").values()
    kept = [alarm for alarm in alarms if "Condition" not in alarm]
    assert 100 < len(kept) < len(alarms)


def test_templates_for_aws_have_no_conditions(example: Synthesis) -> None:
    for template in example.templates.values():
        assert "Conditions" not in template.body
        policies = [policy["Properties"] for policy in template.of_type("AWS::IAM::Policy").values()]
        assert not re.search(r"sqs:\w+Batch", json.dumps(policies))


def test_both_make_the_same_resources(local: Synthesis, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The settings of the local stage, but for AWS."""
    settings = settings_of("local")
    sp_api = settings.sp_api.model_copy(update={"endpoint": None, "lwa_endpoint": None})
    on_aws = synthesise(
        "local",
        settings.model_copy(update={"emulator": False, "sp_api": sp_api}),
        tmp_path_factory.mktemp("on-aws"),
    )
    for name, template in on_aws.templates.items():
        here = plain(local.templates[name].body)
        there = plain(template.body)
        assert here == there


def plain(body: Any) -> Any:
    """A template without what is meant to differ."""
    text = json.loads(json.dumps(body))
    text.pop("Conditions", None)
    # The dashboard shows no alarms that are left out, so it asks other stacks for fewer of them. The digests
    # are of the settings, which differ.
    text["Outputs"] = {
        name: output
        for name, output in text.get("Outputs", {}).items()
        if not name.startswith(FOR_OTHER_STACKS) and not name.endswith("Digest")
    }
    for resource in text["Resources"].values():
        resource.pop("Condition", None)
        resource.pop("Metadata", None)
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            resource.pop("Properties")
        # Nobody waits on a developer's machine.
        resource.get("Properties", {}).pop("MaximumBatchingWindowInSeconds", None)
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        for name in ("DOCUMENT_HOSTS", "SP_API_ENDPOINT", "LWA_ENDPOINT"):
            variables.pop(name, None)
        for statement in resource.get("Properties", {}).get("PolicyDocument", {}).get("Statement", []):
            actions = statement["Action"]
            if isinstance(actions, list):
                kept = [action for action in actions if not action.endswith("Batch")]
                statement["Action"] = kept[0] if len(kept) == 1 else kept
    return text
