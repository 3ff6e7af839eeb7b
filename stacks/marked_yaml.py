"""YAML as plain data that remembers on which line each key stands.

Scalars are read more plainly than YAML 1.1 does, because its guesses spoil settings: `1.0` and `2020-09-04`
(payload versions) stay text, `NO` (a country) stays text, `012345678901` (an account) stays text. Only
true, false, null and whole numbers without a leading zero become something else.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the text itself. Lines count from 1."""

    path: Path
    line: int
    text: str
    value: str = ""


@dataclass
class Document:
    """The data of one YAML document, the line of each path in it, and what was wrong with its text."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line_of(self, path: Path) -> int:
        """The line of a path, or of its nearest parent where the path itself is missing from the file."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(text: str) -> Document:
    """Reads one YAML document. Faults of syntax are reported in `faults`, never raised."""
    document = Document()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = error.problem or error.context or "cannot be read"
        document.faults.append(Fault((), mark.line + 1 if mark else 1, f"is not YAML: {problem}"))
        return document
    except yaml.YAMLError as error:
        document.faults.append(Fault((), 1, f"is not YAML: {error}"))
        return document
    if root is not None:
        document.data = _convert(root, (), document, ())
    return document


def _convert(node: yaml.Node, path: Path, document: Document, parents: tuple[yaml.Node, ...]) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if node in parents:
        document.faults.append(Fault(path, document.lines[path], "refers to itself by an alias"))
        return None
    parents = (*parents, node)
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, path, document, parents)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, (*path, index), document, parents) for index, item in enumerate(node.value)]
    return _scalar(node)


def _convert_mapping(
    node: yaml.MappingNode, path: Path, document: Document, parents: tuple[yaml.Node, ...]
) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.faults.append(Fault(path, line, "has a key that is not plain text"))
            continue
        key = str(key_node.value)
        if key in mapping:
            first = document.lines[(*path, key)]
            document.faults.append(
                Fault((*path, key), line, f"is written twice: first on line {first}", str(value_node.value))
            )
            continue
        document.lines[(*path, key)] = line
        mapping[key] = _convert(value_node, (*path, key), document, parents)
    return mapping


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text
