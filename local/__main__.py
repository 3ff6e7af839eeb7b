"""`python -m local demo | up | down | deploy STAGE`, as the Makefile calls it."""

from __future__ import annotations

import argparse
import sys

from local import real_account
from local.demo import run_demo
from local.kept import down, up
from local.screen import Screen


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("demo", "up", "down"):
        commands.add_parser(name)
    commands.add_parser("deploy").add_argument("stage")
    given = parser.parse_args(arguments)
    if given.command == "deploy":
        return real_account.deploy(given.stage)
    if given.command == "demo":
        return run_demo(Screen())
    return up(Screen()) if given.command == "up" else down(Screen())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Interrupted; what was started is stopped.")
