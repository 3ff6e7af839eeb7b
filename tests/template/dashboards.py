"""The dashboard of a synthesis, with every reference as the resource that it leads to."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.template.synthesis import Synthesis, Template

Widget = Mapping[str, Any]


class Dashboard:
    """`widgets` as CloudWatch gets them; references are "Part/LogicalId" or "Part/LogicalId.Attribute"."""

    def __init__(self, synthesis: Synthesis) -> None:
        self.synthesis = synthesis
        self.template = synthesis.templates["Operations"]
        self.properties = self.template.only("AWS::CloudWatch::Dashboard")["Properties"]
        body = self.properties["DashboardBody"]
        parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
        self.references = [part for part in parts if not isinstance(part, str)]
        text = "".join(part if isinstance(part, str) else self.told(self.template, part) for part in parts)
        self.body = json.loads(text)
        self.widgets: list[Widget] = self.body["widgets"]

    def told(self, template: Template, value: Any) -> str:
        """A value of a template as text."""
        if not isinstance(value, dict):
            return str(value)
        ((kind, inner),) = value.items()
        if kind == "Ref":
            return inner if inner.startswith("AWS::") else f"{template.name}/{inner}"
        if kind == "Fn::GetAtt":
            return f"{template.name}/{'.'.join(inner)}"
        if kind == "Fn::Join":
            return str(inner[0]).join(self.told(template, each) for each in inner[1])
        for producer, name, output in self._outputs():
            if kind == "Fn::ImportValue" and output.get("Export", {}).get("Name") == inner:
                return self.told(producer, output["Value"])
            if kind == "Fn::GetStackOutput" and name == inner["OutputName"]:
                return self.told(producer, output["Value"])
        raise ValueError(f"{value} leads nowhere")

    def _outputs(self) -> Iterator[tuple[Template, str, Mapping[str, Any]]]:
        for template in self.synthesis.templates.values():
            for name, output in template.body.get("Outputs", {}).items():
                yield template, name, output

    def with_metrics(self) -> list[Widget]:
        return [each for each in self.widgets if each["type"] == "metric"]

    def texts(self) -> list[str]:
        return [each["properties"]["markdown"] for each in self.widgets if each["type"] == "text"]

    def alarms(self) -> Iterator[tuple[str, Mapping[str, Any], frozenset[str]]]:
        """Every alarm on metrics: its name, its properties, and what it looks at."""
        for template in self.synthesis.templates.values():
            if template.name == "ExampleConsumer":
                continue
            for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
                properties = alarm["Properties"]
                yield f"{template.name}/{name}", properties, frozenset(self._looks_at(template, properties))

    def _looks_at(self, template: Template, properties: Mapping[str, Any]) -> Iterator[str]:
        if "MetricName" in properties:
            yield self._metric(template, properties)
        for each in properties.get("Metrics", []):
            if "MetricStat" in each:
                yield self._metric(template, each["MetricStat"]["Metric"])
            elif "SELECT" in (expression := self.told(template, each["Expression"])):
                yield expression

    def _metric(self, template: Template, metric: Mapping[str, Any]) -> str:
        dimensions = {
            each["Name"]: self.told(template, each["Value"]) for each in metric.get("Dimensions", [])
        }
        return metric_text(metric["Namespace"], metric["MetricName"], dimensions)


def metric_text(namespace: str, name: str, dimensions: Mapping[str, str]) -> str:
    return f"{namespace} {name} {sorted(dimensions.items())}"


def shown(widget: Widget) -> set[str]:
    """What a widget draws, or computes with: metrics as text, and expressions as they are."""
    found = set()
    for metric in widget["properties"]["metrics"]:
        if isinstance(metric[0], dict):
            found.add(metric[0]["expression"])
            continue
        namespace, name, *rest = (part for part in metric if not isinstance(part, dict))
        found.add(metric_text(namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))))
    return found


def levels(widget: Widget) -> set[float]:
    """Where lines are drawn across a widget."""
    lines = widget["properties"].get("annotations", {}).get("horizontal", [])
    return {float(each["value"]) for each in lines}
