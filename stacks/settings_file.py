"""The shape of config/<stage>.yaml. Each field's description says what is allowed: errors quote it.

What one key may hold stands here; what keys demand of each other stands in settings_rules.py.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field, StrictBool

from stacks import marketplaces
from stacks.marked_yaml import Path
from stacks.marketplaces import SellingRegion
from stacks.settings_model import Marketplace, SharedSettings
from stacks.settings_sections import Notification, Section

_NOTIFICATIONS = "a list of mappings with type and, where there is a choice, payload_version"


class Region(Section):
    """One of Amazon's selling regions, and the AWS region in which its stacks are."""

    # A destination takes ARNs of the partition aws only: no region of China or GovCloud can be used.
    aws_region: str = Field(
        pattern=r"^(af|ap|ca|eu|il|me|mx|sa|us)-(central|(north|south)?(east|west)|north|south)-[1-9]$",
        description="an AWS region of the partition aws, such as us-east-1, eu-west-1 or us-west-2",
    )
    marketplaces: tuple[Marketplace, ...] = Field(
        min_length=1, description="marketplace ids or country codes: " + ", ".join(marketplaces.countries())
    )
    notifications: tuple[Notification, ...] | None = Field(
        default=None, min_length=1, description=f"{_NOTIFICATIONS}, in place of the list for all regions"
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+\S*$",
        description="an http(s) URL, only where emulator is true",
    )
    lwa_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+/\S+$",
        description="the http(s) URL of the token, only where emulator is true",
    )


class SharedSpApi(Section):
    """Which of Amazon's Selling Partner APIs all regions talk to."""

    sandbox: StrictBool = Field(description="true (Amazon's sandbox) or false (production)")


class StageFile(SharedSettings):
    """The whole file."""

    regions: dict[SellingRegion, Region] = Field(
        min_length=1,
        description="a mapping of na, eu or fe to a mapping with aws_region and marketplaces",
    )
    sp_api: SharedSpApi = Field(description="a mapping with sandbox")
    notifications: tuple[Notification, ...] | None = Field(
        default=None, min_length=1, description=_NOTIFICATIONS
    )


MOVED: Mapping[Path, str] = MappingProxyType(
    {
        ("aws_region",): "aws_region",
        ("marketplaces",): "marketplaces",
        ("sp_api", "region"): "",
        ("sp_api", "endpoint"): "endpoint",
        ("sp_api", "lwa_endpoint"): "lwa_endpoint",
    }
)
"""Keys of a file for one region only, and what each is called under `regions.<na, eu or fe>` now."""
