"""The command line `sellerbus`: one group of commands per thing that an operator works on."""

from __future__ import annotations

import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from ops import console, secrets, sellers
from ops.errors import FAILED, CommandError
from sellerbus.api.redaction import redact

EPILOG = (
    "Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 AWS refused or was not reached; "
    "2 the command or its input is wrong; 3 a stack or seller is not there; 4 it is there already."
)

app = typer.Typer(
    name="sellerbus",
    no_args_is_help=True,
    # Tracebacks with local variables would show tokens.
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Operate a Sellerbus stage. AWS credentials are those of your environment or profile.",
)
app.add_typer(secrets.app, name="secrets")
app.add_typer(sellers.app, name="sellers")


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code; every refusal is one message, never a traceback."""
    try:
        app(args=arguments, prog_name="sellerbus")
    except CommandError as error:
        console.say(f"sellerbus: {error}")
        sys.exit(error.exit_code)
    except NoCredentialsError:
        console.say("sellerbus: No AWS credentials were found: set AWS_PROFILE, or log in with the AWS CLI.")
        sys.exit(FAILED)
    except ClientError as error:
        answer = error.response["Error"]
        console.say(
            f"sellerbus: AWS refused {error.operation_name}: {answer['Code']}: {redact(answer['Message'])}"
        )
        sys.exit(FAILED)
    except BotoCoreError as error:
        console.say(f"sellerbus: AWS was not reached: {redact(str(error))}")
        sys.exit(FAILED)
