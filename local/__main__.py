"""`python -m local demo | up | down`, as the Makefile calls it."""

from __future__ import annotations

import argparse
import sys

from local.demo import run_demo
from local.kept import down, up
from local.screen import Screen


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=("demo", "up", "down"))
    command = parser.parse_args(arguments).command
    screen = Screen()
    if command == "demo":
        return run_demo(screen)
    return up(screen) if command == "up" else down(screen)


if __name__ == "__main__":
    sys.exit(main())
