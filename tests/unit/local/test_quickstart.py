"""The README's quickstart, as CI takes it out of the text and runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.quickstart import README, QuickstartError, commands, run

MAKEFILE = "up:\n\t@echo up\ndown:\n\t@touch downed\n"


def test_the_readme_has_one_block_from_up_to_down() -> None:
    lines = commands(README.read_text(encoding="utf-8")).splitlines()
    assert (lines[0], lines[-1]) == ("make up", "make down")
    assert any(line.startswith("bin/sellerbus doctor") for line in lines)


@pytest.mark.parametrize("text", ["no block", "<!-- quickstart: x -->\n```bash\nmake up\n```\n"])
def test_a_readme_without_such_a_block_is_refused(text: str) -> None:
    with pytest.raises(QuickstartError, match="block"):
        commands(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    return tmp_path


def test_each_line_is_shown_and_all_is_stopped(folder: Path) -> None:
    output = run("make up\nSEEN=here\necho it is $SEEN", ("it is here",), folder)
    assert "$ echo it is $SEEN" in output
    assert (folder / "downed").exists()


@pytest.mark.parametrize(
    ("script", "problem"),
    [("make up\nfalse\necho it is here", "ended with 1"), ("make up", "never showed it is here")],
)
def test_what_fails_or_does_not_show_is_told_and_all_is_stopped(
    folder: Path, script: str, problem: str
) -> None:
    with pytest.raises(QuickstartError, match=problem):
        run(script, ("it is here",), folder)
    assert (folder / "downed").exists()
