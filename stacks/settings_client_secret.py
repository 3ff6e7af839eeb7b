"""The part of config/<stage>.yaml about the client secret: who asks Amazon for a new one, and when.

Each field's description says what is allowed: errors quote it.
"""

from collections.abc import Iterator, Mapping

from pydantic import Field, StrictBool, StrictInt

from stacks.finding import Finding
from stacks.marketplaces import SellingRegion
from stacks.settings_sections import Section


class ClientSecret(Section):
    """One application has one queue at Amazon, and each cell has a secret of its own."""

    application_queue: SellingRegion | None = Field(
        default=None,
        description="na, eu or fe, one of regions: whose application queue is registered at Amazon",
    )
    rotate: StrictBool = Field(
        default=True, description="true, or false (another stage's queue is registered at Amazon)"
    )
    # Amazon tells of the end 90 days before.
    days_before: StrictInt = Field(
        default=30, ge=8, le=90, description="a whole number of days from 8 to 90 (the old one lasts 7 more)"
    )
    answer_minutes: StrictInt = Field(
        default=60, ge=1, le=1440, description="a whole number of minutes from 1 to 1440"
    )


def client_secret_findings(
    section: ClientSecret, regions: Mapping[SellingRegion, object]
) -> Iterator[Finding]:
    """What the section demands of the regions that the stage has."""
    home = section.application_queue
    if home is not None and regions and home not in regions:
        yield Finding(
            ("client_secret", "application_queue"),
            home,
            "is not a region of this stage",
            " or ".join(regions),
        )
