"""Synthesised templates to ask questions of, without bundling and without a network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from stacks.application import add_stacks
from stacks.settings import CONFIG_FOLDER, load_settings
from stacks.settings_model import Settings

LOCAL_ENVIRONMENT = {
    "SP_API_ENDPOINT": "http://127.0.0.1:4010",
    "LWA_ENDPOINT": "http://127.0.0.1:4010/auth/o2/token",
    "LOCAL_RUNTIME": "python3.13",
    "LOCAL_ARCHITECTURE": "x86_64",
}

Resource = Mapping[str, Any]


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
    """All templates of a stage, and the folder they lie in."""

    stage: str
    settings: Settings
    folder: Path
    templates: Mapping[str, Template]

    @property
    def foundation(self) -> Template:
        return self.templates["Foundation"]

    @property
    def notifications(self) -> Template:
        return self.templates["Notifications"]

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.template.json"))

    def all_of_type(self, resource_type: str) -> dict[str, Resource]:
        """The resources of a type in all stacks, by "Stack/LogicalId"."""
        return {
            f"{template.name}/{logical_id}": resource
            for template in self.templates.values()
            for logical_id, resource in template.of_type(resource_type).items()
        }


def settings_of(stage: str) -> Settings:
    return load_settings(stage, environment=LOCAL_ENVIRONMENT)


def make_app(folder: Path) -> cdk.App:
    """An app with the feature flags of cdk.json, which bundles nothing."""
    flags = json.loads((CONFIG_FOLDER.parent / "cdk.json").read_text(encoding="utf-8"))["context"]
    return cdk.App(outdir=str(folder), context={**flags, "aws:cdk:bundling-stacks": []})


def synthesise(stage: str, settings: Settings, folder: Path) -> Synthesis:
    """Synthesises a stage; raises where a check of the synthesis (cdk-nag among them) finds something."""
    app = make_app(folder)
    add_stacks(app, stage=stage, settings=settings)
    app.synth()
    templates = {
        path.name.removesuffix(".template.json"): Template(
            path.name.removesuffix(".template.json"), json.loads(path.read_text(encoding="utf-8"))
        )
        for path in folder.glob("*.template.json")
    }
    return Synthesis(stage, settings, folder, templates)


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
