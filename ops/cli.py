"""The command line `sellerbus`: one group of commands per thing that an operator works on."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

import typer
import typer.main
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from ops import (
    console,
    dead_letters,
    destinations,
    feeds,
    messages,
    notifications,
    secrets,
    sellers,
    status,
    subscriptions,
)
from ops.doctor.command import RIGHTS, doctor
from ops.errors import FAILED, WRONG_INPUT, CommandError, aws_not_reached, aws_refusal
from sellerbus.api.redaction import redact

EPILOG = (
    "Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 AWS or Amazon refused, or was "
    "not reached; 2 the command or its input is wrong, and nothing was changed; 3 a stack, seller or "
    "destination is not there; 4 it is there already; 5 done in part, or something needs a person, and the "
    "output says what; 130 stopped by Ctrl-C. Tokens and secrets are asked for or read from stdin or a file: "
    "they are no arguments and are never shown."
)

_OLD_SECRET = re.compile(r"[0-9a-f]{64}")
"""Client secrets that Amazon gave out before they began with amzn1.oa2-cs."""

_TAKEN_OUT = ("[token]", "[secret]", "[redacted]", "[query]")
"""What stands in a redacted text in place of a secret. An e-mail address is no secret on a command line."""

app = typer.Typer(
    name="sellerbus",
    no_args_is_help=True,
    # Tracebacks with local variables would show tokens.
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Operate a Sellerbus stage. AWS credentials are those of your environment or profile.",
)
app.command("doctor", epilog=RIGHTS)(doctor)
app.add_typer(secrets.app, name="secrets")
app.add_typer(sellers.app, name="sellers")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(destinations.app, name="destinations")
app.add_typer(feeds.app, name="feeds")
app.add_typer(messages.app, name="messages")
app.add_typer(notifications.app, name="notifications")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("status")(status.status)


@cache
def _command() -> Any:
    """The whole tree of commands, made once."""
    return typer.main.get_command(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code; every refusal is one message, never a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    if any(_is_secret(word) for word in given):
        # Before anything is parsed: what is wrong on a command line is repeated in its error.
        console.say(
            "sellerbus: One of the arguments is a token or a secret. They are asked for, or read from stdin "
            "or a file: arguments are seen by others and kept in histories. If this one was real, have it "
            "replaced."
        )
        sys.exit(WRONG_INPUT)
    try:
        _command()(args=given, prog_name="sellerbus")
    except CommandError as error:
        console.say(f"sellerbus: {error}")
        sys.exit(error.exit_code)
    except NoCredentialsError:
        console.say("sellerbus: No AWS credentials were found: set AWS_PROFILE, or log in with the AWS CLI.")
        sys.exit(FAILED)
    except ClientError as error:
        console.say(f"sellerbus: {aws_refusal(error)}")
        sys.exit(FAILED)
    except BotoCoreError as error:
        console.say(f"sellerbus: {aws_not_reached(error)}")
        sys.exit(FAILED)


def _is_secret(word: str) -> bool:
    shown = redact(word)
    return any(mark in shown and mark not in word for mark in _TAKEN_OUT) or bool(_OLD_SECRET.fullmatch(word))
