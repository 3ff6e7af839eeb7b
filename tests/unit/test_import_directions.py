"""Which way imports point, read from the syntax trees: docs/architecture.md draws the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "lambdas" / "layers" / "shared" / "python"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))

CAPABILITIES = frozenset({"notifications", "feeds", "messaging", "rotation"})
GROUND = frozenset({"api", "aws", "documents", "sellers"})

# The rules of a capability are pure: no clock, no network, no AWS. Stores and clients come as arguments.
OUTSIDE_WORLD = frozenset(
    {"boto3", "botocore", "requests", "urllib", "urllib3", "http", "socket", "subprocess"}
)
CLIENT_MAKERS = frozenset({"boto3", "requests"})


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def offences(files: list[Path], forbidden: frozenset[str]) -> list[str]:
    """Imports whose first name is forbidden, as "file imports module"."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path)
        if name.split(".")[0] in forbidden
    ]


ROOMS = {
    # What a room must not know.
    "stacks": {"sellerbus", "lambdas", "simulator", "ops", "local", "tests"},
    "simulator": {"sellerbus", "lambdas", "stacks", "ops", "local", "tests"},
    "ops": {"lambdas", "simulator", "local", "tests"},
    "local": {"lambdas", "sellerbus", "tests"},
}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_rooms_know_only_what_they_may(room: str) -> None:
    files = python_files(ROOT / room)
    assert files
    assert offences(files, frozenset(ROOMS[room])) == []


def test_of_the_stacks_only_the_settings_are_read_elsewhere() -> None:
    names = {
        name
        for path in python_files(ROOT / "ops", ROOT / "local")
        for name in imported(path)
        if name.split(".")[0] == "stacks"
    }
    assert names
    assert {name for name in names if not name.startswith("stacks.settings")} == set()


def test_the_app_is_stacks_only() -> None:
    assert offences([ROOT / "app.py"], frozenset({"sellerbus", "lambdas", "simulator", "ops", "local"})) == []


def test_the_functions_code_knows_nothing_of_how_it_is_deployed_or_tested() -> None:
    files = python_files(ROOT / "lambdas")
    assert offences(files, frozenset({"stacks", "simulator", "ops", "local", "tests", "aws_cdk"})) == []


def test_handlers_never_import_each_other() -> None:
    handlers = [ROOT / "lambdas" / name / "handler.py" for name in FUNCTIONS]
    assert len(handlers) >= 6
    assert offences(handlers, frozenset({"handler", "lambdas", *FUNCTIONS})) == []


def package_of(path: Path) -> str:
    """The package of the shared code that a file belongs to."""
    return path.relative_to(SHARED / "sellerbus").parts[0]


def shared_imports() -> Iterator[tuple[Path, str]]:
    """Imports of shared code by shared code, as (file, package)."""
    for path in python_files(SHARED):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "sellerbus" and len(parts) > 1:
                yield path, parts[1]


def test_capabilities_stand_on_the_ground_and_not_on_each_other() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports sellerbus.{package}"
        for path, package in shared_imports()
        if package_of(path) in CAPABILITIES and package not in {package_of(path), *GROUND}
    ]
    assert wrong == []


def test_the_ground_carries_and_leans_on_nothing() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports sellerbus.{package}"
        for path, package in shared_imports()
        if package_of(path) in GROUND and package not in GROUND
    ]
    assert wrong == []


def test_only_the_composition_root_makes_clients() -> None:
    wrong = [
        offence
        for offence in offences(
            python_files(SHARED, *(ROOT / "lambdas" / name for name in FUNCTIONS)),
            frozenset({"boto3"}),
        )
        if "sellerbus/runtime/bootstrap.py" not in offence
    ]
    assert wrong == []


def session_makers(path: Path) -> list[str]:
    """Calls in a file that make a client or a session of the outside world."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {node.func.value.id}.{node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in CLIENT_MAKERS
    ]


def test_nobody_else_calls_what_makes_them() -> None:
    root = SHARED / "sellerbus" / "runtime" / "bootstrap.py"
    files = [path for path in python_files(ROOT / "lambdas") if path != root]
    assert session_makers(root)
    assert [call for path in files for call in session_makers(path)] == []


PURE = [
    # The rules of the notifications: what an envelope means, who owns a claim, what is late, what is wanted.
    "notifications/catalogue.py",
    "notifications/envelope.py",
    "notifications/subscriptions.py",
    # What a feed must be, what its report says, and when createFeed may be called.
    *(
        path.relative_to(SHARED / "sellerbus").as_posix()
        for pattern in (
            "catalogue",
            "changes/change",
            "changes/document",
            "changes/events",
            "changes/message",
            "changes/results",
            "changes/strict_json",
            "checks",
            "content",
            "listings_*",
            "options",
            "outcomes",
            "reports/*",
            "settlement",
            "structure",
            "submission",
        )
        for path in sorted((SHARED / "sellerbus" / "feeds").glob(f"{pattern}.py"))
    ),
    # What Amazon says of the client secret, and what follows from it.
    "rotation/messages.py",
    "rotation/parts.py",
    "rotation/state.py",
    # What a message must be, and what an order offers.
    *(
        f"messaging/{name}.py"
        for name in (
            "actions",
            "answer_fields",
            "attachments",
            "catalogue",
            "checks",
            "content",
            "dates",
            "finding",
            "language",
            "request",
            "request_fields",
            "stores",
            "template_names",
            "templates",
            "text_checks",
        )
    ),
]


@pytest.mark.parametrize("name", PURE)
def test_rules_are_pure(name: str) -> None:
    path = SHARED / "sellerbus" / name
    assert (
        offences([path], OUTSIDE_WORLD | {"time", "random", "os", "asyncio", "aws_lambda_powertools"}) == []
    )


def test_the_walk_sees_imports_wherever_they_hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "room" / "inner" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import one.two\n"
        "def late():\n    from three import four\n"
        "if False:\n    import five as six\n"
        "from . import seven\nfrom ..eight import nine\n",
        encoding="utf-8",
    )
    assert set(imported(module)) == {
        "one.two",
        "three.four",
        "five",
        "room.inner.seven",
        "room.eight.nine",
    }
