"""`make quickstart`: runs the block of the README that a newcomer copies, and looks at what it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.commands import ROOT

README: Final = ROOT / "README.md"
_BLOCK: Final = re.compile(r"<!-- quickstart:[^>]*-->\n```bash\n(.*?)```", re.DOTALL)
_UP: Final = "make up"
_DOWN: Final = "make down"
EXPECTED: Final[Sequence[str]] = ("ORDER_CHANGE", "not-json", "A9EXAMPLE")
"""What the commands have to show: the notification, the dead letter's reason, the new seller."""


class QuickstartError(Exception):
    """The README's block can't be run, or does not show what it says."""


def commands(text: str) -> str:
    """Return the block's lines; raises QuickstartError."""
    blocks = _BLOCK.findall(text)
    if len(blocks) != 1:
        raise QuickstartError(
            f"{README.name} should have one block after a comment `quickstart:`, not {len(blocks)}"
        )
    lines = [line.strip() for line in blocks[0].splitlines() if line.strip()]
    if not lines or lines[0] != _UP or lines[-1] != _DOWN:
        raise QuickstartError(f"the block should begin with `{_UP}` and end with `{_DOWN}`")
    return "\n".join(lines)


def run(script: str, expected: Sequence[str] = EXPECTED, folder: Path = ROOT) -> str:
    """Run the lines in one shell, showing each; return what they printed. Raises QuickstartError."""
    # Not by `set -v`: it shows the lines of what is sourced too, secrets among them.
    shown = "\n".join(f"printf '%s\\n' {shlex.quote(f'$ {line}')}\n{line}" for line in script.splitlines())
    # What is started is stopped, whatever line fails.
    guarded = f"set -euo pipefail\ntrap '{_DOWN} >/dev/null' EXIT\n{shown}\n"
    printed: list[str] = []
    with subprocess.Popen(
        ["bash", "-c", guarded],  # noqa: S607 - the shell that the README's reader has
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as shell:
        for line in shell.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            printed.append(line)
    output = "".join(printed)
    if shell.returncode:
        raise QuickstartError(
            f"the README's quickstart ended with {shell.returncode}: see its last line above"
        )
    missing = [text for text in expected if text not in output]
    if missing:
        raise QuickstartError(f"the README's quickstart never showed {', '.join(missing)}")
    return output


if __name__ == "__main__":
    try:
        run(commands(README.read_text(encoding="utf-8")))
    except QuickstartError as error:
        sys.exit(str(error))
    sys.stdout.write("The README's quickstart does what it says.\n")
