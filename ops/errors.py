"""How a command ends when it does not succeed.

exit code 1    AWS or Amazon refused, or was not reached; nothing was done
exit code 2    the command or its input is wrong; nothing was changed
exit code 3    what the command works on is not there: a stack, a seller, a destination
exit code 4    it is there already
exit code 5    done in part, or something needs a person: the output says what
"""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from sellerbus.api.redaction import redact

FAILED = 1
WRONG_INPUT = 2
NOT_FOUND = 3
EXISTS = 4
PARTLY = 5


class CommandError(Exception):
    """Says what was wrong, where, and what to do. `exit_code` is one of this module's."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


_THIS_MACHINE = re.compile(r"https?://(127\.0\.0\.1|localhost)[:/]")


def aws_not_reached(error: BotoCoreError) -> str:
    """Return why AWS could not be asked, and where that is the local deployment, what to look at."""
    text = f"AWS was not reached: {redact(str(error))}"
    if not _THIS_MACHINE.search(text):
        return text
    return (
        f"{text.rstrip('.')}. That is this machine: is `make up` running? After `make down` open a new "
        "shell, for this one still points there."
    )


def aws_refusal(error: ClientError) -> str:
    """Return what AWS refused and why, without tokens."""
    answer = error.response["Error"]
    return f"AWS refused {error.operation_name}: {answer['Code']}: {redact(answer['Message'])}"
