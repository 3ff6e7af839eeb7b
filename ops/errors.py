"""How a command ends when it does not succeed.

exit code 1    AWS refused or was not reached
exit code 2    the command or its input is wrong; nothing was called
exit code 3    what the command works on is not there: a stack, a seller
exit code 4    it is there already
"""

from __future__ import annotations

FAILED = 1
WRONG_INPUT = 2
NOT_FOUND = 3
EXISTS = 4


class CommandError(Exception):
    """Says what was wrong, where, and what to do. `exit_code` is one of this module's."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)
