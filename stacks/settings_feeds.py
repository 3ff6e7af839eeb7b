"""The part of config/<stage>.yaml about feeds: how often, how large, and how long what is waited for.

Each field's description says what is allowed: errors quote it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from stacks.settings_sections import Section

FeedsApiVersion = Literal["2021-06-30", "2020-09-04"]
FeedFormat = Literal["json", "xml", "flat_file", "pdf"]
DEFAULT_TYPE = "default"
"""The key of `seconds_between` for every type that has none of its own."""

ADVISED_SECONDS: Mapping[str, int] = MappingProxyType({DEFAULT_TYPE: 1200, "JSON_LISTINGS_FEED": 120})
"""Amazon advises one feed of a type in 20 minutes; of listings feeds its quota allows one in two.

Source: developer-docs, "Feeds API Best Practices" and "Feeds API v2021-06-30 reference", createFeed.
"""

_FEED_TYPE = r"^[A-Z][A-Z0-9_]*$"


def _with_advised(value: object) -> object:
    """What the file leaves out stays as it is advised."""
    return {**ADVISED_SECONDS, **value} if isinstance(value, Mapping) else value


class ListingChanges(Section):
    """When the listing changes that are gathered for a seller and marketplace become a feed."""

    window_seconds: StrictInt = Field(
        default=120, ge=1, le=900, description="a whole number of seconds from 1 to 900"
    )
    most_changes: StrictInt = Field(
        default=25_000,
        ge=1,
        le=25_000,
        description="a whole number from 1 to 25000 (the most messages that a listings feed takes)",
    )
    most_kilobytes: StrictInt = Field(
        default=10_240,
        ge=1,
        le=10_240,
        description="a whole number of kilobytes from 1 to 10240 (Amazon advises feeds below 10 MiB)",
    )


class Feeds(Section):
    """How feeds are handed to Amazon and followed."""

    seconds_between: Annotated[
        dict[
            Annotated[str, Field(pattern=rf"{_FEED_TYPE}|^{DEFAULT_TYPE}$")],
            Annotated[StrictInt, Field(ge=0, le=86_400)],
        ],
        BeforeValidator(_with_advised),
    ] = Field(
        default_factory=lambda: dict(ADVISED_SECONDS),
        description="a mapping of feed types, or default, to whole seconds from 0 to 86400",
    )
    wait_for_previous: StrictBool = Field(default=True, description="true or false")
    settle_seconds: StrictInt = Field(
        default=300, ge=1, le=3600, description="a whole number of seconds from 1 to 3600"
    )
    # It doubles with every look, up to six hours.
    silence_seconds: StrictInt = Field(
        default=900, ge=1, le=21_600, description="a whole number of seconds from 1 to 21600"
    )
    other_creators: StrictBool = Field(
        default=False, description="true (others submit feeds for these sellers too) or false"
    )
    # One PUT takes 5 GiB.
    largest_megabytes: StrictInt = Field(
        default=1024, ge=1, le=5120, description="a whole number of megabytes from 1 to 5120"
    )
    custom_types: dict[Annotated[str, Field(pattern=_FEED_TYPE)], FeedFormat] = Field(
        default_factory=dict,
        description="a mapping of feed types in capitals to json, xml, flat_file or pdf",
    )
    changes: ListingChanges = Field(default=ListingChanges(), description="a mapping")
