"""The part of config/<stage>.yaml about what watches the stage: how often it looks, and what it may cost.

Each field's description says what is allowed: errors quote it.
"""

from pydantic import Field, StrictInt

from stacks.settings_sections import Section


class Arrivals(Section):
    """How often at most it is noted that a seller's notifications of a type come.

    No more than a quarter of an hour: silence is judged with that much grace for it.
    """

    minutes: StrictInt = Field(default=15, ge=1, le=15, description="a whole number of minutes from 1 to 15")


class Canary(Section):
    """How often a marked notification is sent through queue, ledger and bus.

    No more than five minutes: the alarm wants to hear of one in each five.
    """

    minutes: StrictInt = Field(default=2, ge=1, le=5, description="a whole number of minutes from 1 to 5")
