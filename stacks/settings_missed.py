"""The part of config/<stage>.yaml about missed events: how often Amazon is asked for them, and how late.

Each field's description says what is allowed: errors quote it.
"""

from pydantic import Field, StrictInt

from stacks.settings_sections import Section


class MissedEvents(Section):
    """settle_seconds: how old a change must be before its notification counts as missed.

    Too few, and what Amazon sends late is published twice, once by each.
    """

    minutes: StrictInt = Field(
        default=30, ge=5, le=1440, description="a whole number of minutes from 5 to 1440"
    )
    settle_seconds: StrictInt = Field(
        default=1800, ge=1, le=86_400, description="a whole number of seconds from 1 to 86400"
    )
