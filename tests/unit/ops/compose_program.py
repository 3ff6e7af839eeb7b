"""Composes for a stage without AWS, in the terminal that this program has; prints what would be sent."""

from __future__ import annotations

import json
import sys

from ops import compose_terminal, console
from ops.compose_asking import Asking
from ops.compose_flow import Flow
from ops.errors import CommandError
from tests.unit.ops.compose_shop import Shop


def main() -> int:
    try:
        terminal = compose_terminal.opened("example")
        letter = Flow(Asking(terminal, Shop())).run()
    except CommandError as error:
        console.say(f"sellerbus: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(json.dumps({"text": letter.text, "type": letter.draft().message_type}))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
