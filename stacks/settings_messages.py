"""The part of config/<stage>.yaml about messages to buyers: how long what is waited for, and who else sends.

Each field's description says what is allowed: errors quote it.
"""

from typing import Literal

from pydantic import Field, StrictBool, StrictInt

from stacks.settings_sections import Section

OrdersApiVersion = Literal["2026-01-01", "v0"]


class Messages(Section):
    """How messages are handed to Amazon, and what becomes of those whose answer was lost."""

    settle_seconds: StrictInt = Field(
        default=300, ge=1, le=3600, description="a whole number of seconds from 1 to 3600"
    )
    other_senders: StrictBool = Field(
        default=False, description="true (others send messages for these sellers too) or false"
    )
    give_up_hours: StrictInt = Field(
        default=24, ge=1, le=168, description="a whole number of hours from 1 to 168"
    )
    same_message_hours: StrictInt = Field(
        default=24, ge=1, le=168, description="a whole number of hours from 1 to 168"
    )
