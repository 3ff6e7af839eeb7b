"""`python -m local demo | up | down | events | deploy STAGE | destroy STAGE`, as the Makefile calls it."""

from __future__ import annotations

import argparse
import sys

from local import real_account
from local.demo import run_demo
from local.events import show_events
from local.kept import down, up
from local.screen import Screen


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("demo", "up", "down"):
        commands.add_parser(name)
    events = commands.add_parser("events", help="what lies in the example consumer's queue; it stays there")
    events.add_argument("--dead-letters", action="store_true", help="and in the dead-letter queue")
    events.add_argument("--json", action="store_true", help="print JSON, whole events")
    for name in ("deploy", "destroy"):
        commands.add_parser(name).add_argument("stage")
    given = parser.parse_args(arguments)
    if given.command == "deploy":
        return real_account.deploy(given.stage)
    if given.command == "destroy":
        return real_account.destroy(given.stage)
    if given.command == "events":
        return show_events(Screen(), dead=given.dead_letters, as_json=given.json)
    if given.command == "demo":
        return run_demo(Screen())
    return up(Screen()) if given.command == "up" else down(Screen())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Interrupted; what was started is stopped.")
