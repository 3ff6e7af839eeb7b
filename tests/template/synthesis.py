"""Synthesised templates to ask questions of, without bundling and without a network."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from stacks.application import add_stacks
from stacks.settings import CONFIG_FOLDER, load_settings
from stacks.settings_model import Settings, StageSettings

LOCAL_ENVIRONMENT = {
    "SP_API_ENDPOINT": "http://127.0.0.1:4010",
    "LWA_ENDPOINT": "http://127.0.0.1:4010/auth/o2/token",
    "LOCAL_RUNTIME": "python3.13",
    "LOCAL_ARCHITECTURE": "x86_64",
    "FEEDS_API_VERSION": "2021-06-30",
}

Resource = Mapping[str, Any]

FOR_OTHER_STACKS = ("ExportsOutput", "PublishOutput")
"""What the names of outputs begin with that CDK makes for the references of other stacks."""


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    name: str
    body: Mapping[str, Any]

    def of_type(self, resource_type: str) -> dict[str, Resource]:
        """The resources of a type by logical id."""
        return {
            logical_id: resource
            for logical_id, resource in self.body["Resources"].items()
            if resource["Type"] == resource_type
        }

    def only(self, resource_type: str) -> Resource:
        """The one resource of a type."""
        (found,) = self.of_type(resource_type).values()
        return found

    def logical_id(self, resource_type: str, beginning: str) -> str:
        """The logical id of the one resource of a type whose id begins so, apart from CDK's digest."""
        (found,) = (
            name for name in self.of_type(resource_type) if name[:-8] == beginning or name == beginning
        )
        return found

    @property
    def outputs(self) -> set[str]:
        """The names of the outputs, without those that CDK makes for the cell's other stacks."""
        names: Mapping[str, Any] = self.body.get("Outputs", {})
        return {name for name in names if not name.startswith(FOR_OTHER_STACKS)}

    def functions(self) -> dict[str, Resource]:
        """The functions by their folder under lambdas/."""
        return {
            resource["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: resource
            for resource in self.of_type("AWS::Lambda::Function").values()
        }

    def rights(self, function: str) -> dict[str, Mapping[str, Any]]:
        """The statements of a function's role by Sid; X-Ray's, which CDK writes, has none and is "XRay"."""
        (role,) = self.functions()[function]["Properties"]["Role"]["Fn::GetAtt"][:1]
        statements = [
            statement
            for policy in self.of_type("AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Properties"]["Roles"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]
        return {statement.get("Sid", "XRay"): statement for statement in statements}


@dataclass(frozen=True)
class Synthesis:
    """All templates of one cell by their part of the stack's name, and the folder they lie in."""

    stage: str
    settings: Settings
    folder: Path
    templates: Mapping[str, Template]

    @property
    def prefix(self) -> str:
        """What names of the cell begin with."""
        return f"sellerbus-{self.stage}-{self.settings.region}"

    @property
    def has_partner_events(self) -> bool:
        """Whether a configured type comes by Amazon's EventBridge workflow."""
        return any(entry.type.startswith("LISTINGS_ITEM_") for entry in self.settings.notifications)

    def file(self, part: str, suffix: str) -> Path:
        """A file of the assembly, such as ("Notifications", "assets")."""
        return self.folder / f"{self.settings.region.capitalize()}{part}.{suffix}.json"

    @property
    def foundation(self) -> Template:
        return self.templates["Foundation"]

    @property
    def notifications(self) -> Template:
        return self.templates["Notifications"]

    @property
    def tasks(self) -> Template:
        return self.templates["Tasks"]

    @property
    def operations(self) -> Template:
        return self.templates["Operations"]

    @property
    def with_functions(self) -> list[Template]:
        """The stacks that have functions."""
        return [self.notifications, self.tasks, self.operations]

    @property
    def files(self) -> list[Path]:
        """The templates of this cell."""
        return [self.file(name, "template") for name in sorted(self.templates)]

    def all_of_type(self, resource_type: str) -> dict[str, Resource]:
        """The resources of a type in all stacks, by "Stack/LogicalId"."""
        return {
            f"{template.name}/{logical_id}": resource
            for template in self.templates.values()
            for logical_id, resource in template.of_type(resource_type).items()
        }


def settings_of(stage: str) -> Settings:
    """The settings of a stage's only cell."""
    (cell,) = load_settings(stage, environment=LOCAL_ENVIRONMENT).cells
    return cell


def all_regions(folder: Path) -> StageSettings:
    """config/example.yaml with what is commented out of its regions and types taken in."""
    text = (CONFIG_FOLDER / "example.yaml").read_text(encoding="utf-8")
    lines = [
        line.replace("  # ", "  ", 1) if _MEANT_TO_BE_TAKEN_IN.match(line) else line
        for line in text.splitlines()
    ]
    text = "\n".join(lines).replace("[ATVPDKIKX0DER]", "[ATVPDKIKX0DER, A1PA6795UKMFR9, A1VC38T7YXB528]")
    (folder / "example.yaml").write_text(text, encoding="utf-8")
    return load_settings("example", folder=folder, environment={})


_MEANT_TO_BE_TAKEN_IN = re.compile(r"  # (eu:|fe:|  aws_region|  marketplaces|- type)")


def make_app(folder: Path) -> cdk.App:
    """An app with the feature flags of cdk.json, which bundles nothing."""
    flags = json.loads((CONFIG_FOLDER.parent / "cdk.json").read_text(encoding="utf-8"))["context"]
    return cdk.App(outdir=str(folder), context={**flags, "aws:cdk:bundling-stacks": []})


def synthesise(stage: str, settings: Settings, folder: Path) -> Synthesis:
    """Synthesises a stage of one cell; raises where a check of the synthesis, as cdk-nag, finds something."""
    return synthesise_cells(stage, StageSettings((settings,)), folder)[settings.region]


def synthesise_cells(stage: str, settings: StageSettings, folder: Path) -> dict[str, Synthesis]:
    """Synthesises a stage; its cells by region."""
    app = make_app(folder)
    add_stacks(app, stage=stage, settings=settings)
    app.synth()
    return {
        cell.region: Synthesis(stage, cell, folder, _templates(folder, cell.region.capitalize()))
        for cell in settings.cells
    }


def _templates(folder: Path, beginning: str) -> dict[str, Template]:
    found = {
        path.name.removeprefix(beginning).removesuffix(".template.json"): path
        for path in folder.glob(f"{beginning}*.template.json")
    }
    return {
        name: Template(name, json.loads(path.read_text(encoding="utf-8"))) for name, path in found.items()
    }


def listed(value: Any) -> list[Any]:
    """IAM and CloudFormation let a list of one be written without brackets."""
    return value if isinstance(value, list) else [value]


def attribute(logical_id: str, name: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, name]}


def refers_to(value: Any, logical_id: str) -> bool:
    """Whether a value contains a reference to a resource, of the same stack or through its stack's export."""
    if isinstance(value, dict):
        if value.get("Ref") == logical_id or value.get("Fn::GetAtt", [None])[0] == logical_id:
            return True
        imported = value.get("Fn::ImportValue")
        if isinstance(imported, str) and logical_id in imported:
            return True
        return any(refers_to(item, logical_id) for item in value.values())
    if isinstance(value, list):
        return any(refers_to(item, logical_id) for item in value)
    return False
