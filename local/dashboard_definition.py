"""Reads the dashboard out of the templates of a stage: what its widgets are, and where they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.commands import ROOT

_DASHBOARD: Final = "AWS::CloudWatch::Dashboard"
_ALARMS: Final = frozenset({"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"})
_SENTENCE: Final = re.compile(r"(.+?)\.(?: |$)")


@dataclass(frozen=True)
class Widget:
    """One widget; place and size in the dashboard's columns and rows."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.properties.get("title", ""))


@dataclass(frozen=True)
class Definition:
    """`low`: metrics whose alarms go off where they fall. `alarms`: what each says first, by reference."""

    widgets: Sequence[Widget]
    alarms: Mapping[str, str]
    low: frozenset[str]


def synthesise(stage: str, folder: Path) -> None:
    """Writes the templates of a stage into a folder. Bundles nothing, asks nothing of AWS."""
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context = {**flags, "stage": stage, "aws:cdk:bundling-stacks": [], "sellerbus:only-synth": "true"}
    environment = {**os.environ, "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, check=True)


def read(folder: Path) -> Definition:
    """Returns the one dashboard among the templates of a folder; raises ValueError where there isn't one."""
    templates = {
        path.name.removesuffix(".template.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.template.json"))
    }
    return define(list(templates.values()))


def define(templates: Sequence[Mapping[str, Any]]) -> Definition:
    """Returns the one dashboard of these templates; raises ValueError where there isn't one."""
    resources = [(name, each) for template in templates for name, each in template["Resources"].items()]
    bodies = [each["Properties"]["DashboardBody"] for _, each in resources if each["Type"] == _DASHBOARD]
    if len(bodies) != 1:
        raise ValueError(f"There are {len(bodies)} dashboards in the templates, and one is drawn.")
    alarms = {name: each["Properties"] for name, each in resources if each["Type"] in _ALARMS}
    body = json.loads("".join(_text(part) for part in _parts(bodies[0])))
    return Definition(
        widgets=[
            Widget(each["type"], each["x"], each["y"], each["width"], each["height"], each["properties"])
            for each in body["widgets"]
        ],
        alarms={
            _text(reference): _first_sentence(alarms[name])
            for template in templates
            for reference, name in _references(template, alarms)
        },
        low=frozenset(
            properties["MetricName"]
            for properties in alarms.values()
            if "MetricName" in properties and properties["ComparisonOperator"].startswith("LessThan")
        ),
    )


def _parts(body: Any) -> Sequence[Any]:
    return [body] if isinstance(body, str) else list(body["Fn::Join"][1])


def _text(part: Any) -> str:
    """A reference becomes the name of the output or of the resource that it refers to."""
    if isinstance(part, str):
        return part
    ((kind, value),) = part.items()
    if kind == "Fn::GetStackOutput":
        return str(value["OutputName"])
    return ".".join(value) if isinstance(value, list) else str(value)


def _references(template: Mapping[str, Any], alarms: Mapping[str, Any]) -> Sequence[tuple[Any, str]]:
    """How another stack, and this one, name the template's alarms."""
    found: list[tuple[Any, str]] = [
        ({"Fn::GetAtt": [name, "Arn"]}, name) for name in template["Resources"] if name in alarms
    ]
    for output_name, output in template.get("Outputs", {}).items():
        value = output["Value"]
        name = value.get("Fn::GetAtt", [""])[0] if isinstance(value, dict) else ""
        if name in alarms:
            found.append(({"Fn::GetStackOutput": {"OutputName": output_name}}, name))
    return found


def _first_sentence(alarm: Mapping[str, Any]) -> str:
    description = alarm["AlarmDescription"]
    text = (
        description if isinstance(description, str) else "".join(_text(each) for each in _parts(description))
    )
    found = _SENTENCE.match(text)
    return found[1] if found else text
