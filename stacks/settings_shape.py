"""What pydantic finds wrong with the shape of the settings, in the words of the fields' descriptions."""

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from stacks import marked_yaml
from stacks.finding import Finding
from stacks.marketplaces import SELLING_REGIONS
from stacks.settings_file import MOVED, StageFile

_KEY = "[key]"
"""What pydantic appends to the place of an error that is about a mapping's key."""


def findings(error: ValidationError, data: dict[str, Any]) -> list[Finding]:
    """One finding per error in `data`, each with what is allowed in its place."""
    return [_finding(detail, data) for detail in error.errors(include_url=False) if not _echo(detail)]


def _echo(detail: ErrorDetails) -> bool:
    """Whether an error only follows from others: pydantic counts items after it dropped the wrong ones."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _place(detail: ErrorDetails, data: Any) -> marked_yaml.Path:
    """Where an error lies."""
    path: list[str | int] = []
    node = data
    for part in detail["loc"]:
        if part == _KEY:
            break
        path.append(part)
        if isinstance(node, dict) and part in node:
            node = node[str(part)]
        elif isinstance(node, list):
            node = node[int(part)]
        else:
            break
    return tuple(path)


def _finding(detail: ErrorDetails, data: dict[str, Any]) -> Finding:
    path = _place(detail, data)
    if detail["type"] == "extra_forbidden" and path in MOVED:
        return _moved(path, detail["input"], data)
    if detail["type"] == "extra_forbidden":
        return Finding(path, detail["input"], "is not a key that is known here", _keys_allowed(path[:-1]))
    if detail["type"] == "missing":
        return Finding(path, None, "is missing", _allowed(path))
    if detail["type"] == "value_error":
        return Finding(path, detail["input"], str(detail["ctx"]["error"]), _allowed(path))
    if detail["loc"][-1] == _KEY and detail["type"] == "literal_error":
        allowed = str(detail["ctx"]["expected"]).replace("'", "")
        return Finding(path, None, "is not a key that is known here", allowed)
    fault = "is empty" if detail["input"] is None else "is not allowed"
    return Finding(path, detail["input"], fault, _allowed(path))


def _moved(path: marked_yaml.Path, value: Any, data: dict[str, Any]) -> Finding:
    """A key of the time when a file had one region, and where it stands now."""
    sp_api = data.get("sp_api")
    named = sp_api.get("region") if isinstance(sp_api, dict) else None
    region = named if named in SELLING_REGIONS else "<na, eu or fe>"
    fault = "belongs to a region: a file has all regions of its stage now"
    if MOVED[path]:
        return Finding(path, value, fault, f"the same under regions.{region}.{MOVED[path]}")
    return Finding(path, value, fault, f"regions.{region}, a mapping with aws_region and marketplaces")


def _allowed(path: marked_yaml.Path) -> str:
    """The description of the field at a path, or of the nearest field around it."""
    fields = _fields_around(path)
    return next((field.description for field in reversed(fields) if field.description), "")


def _keys_allowed(path: marked_yaml.Path) -> str:
    fields = _fields_around(path)
    model = _model_in(fields[-1].annotation) if fields else StageFile
    return ", ".join(_fields(model)) if model else "no key"


def _fields_around(path: marked_yaml.Path) -> list[FieldInfo]:
    """The fields that a path leads through, outermost first."""
    found: list[FieldInfo] = []
    model: type[BaseModel] | None = StageFile
    for part in path:
        if model is not None and part in _fields(model):
            found.append(_fields(model)[str(part)])
            model = _model_in(found[-1].annotation)
    return found


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)
