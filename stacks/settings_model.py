"""A stage's settings as the stacks take them: one cell per selling region, each with settings of its own.

`stacks.settings.load_settings` is the door: it reads the file and applies every rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from stacks import marketplaces
from stacks.marketplaces import SellingRegion
from stacks.notification_types import eventbridge_types
from stacks.settings_alarms import Alarms
from stacks.settings_client_secret import ClientSecret
from stacks.settings_feeds import Feeds, FeedsApiVersion
from stacks.settings_messages import Messages, OrdersApiVersion
from stacks.settings_missed import MissedEvents
from stacks.settings_sections import Notification, Processing, Queue, Retention, Section, Text, number_as_text
from stacks.settings_watching import Arrivals, Canary


def _known_marketplace(value: object) -> object:
    identifier = marketplaces.marketplace_id(value) if isinstance(value, str) else None
    if identifier is None:
        raise ValueError("is not a marketplace")
    return identifier


def _not_of_aws(name: str) -> str:
    if name.lower().startswith("aws:"):
        raise ValueError("begins with aws:, which AWS keeps for itself")
    return name


Marketplace = Annotated[str, BeforeValidator(_known_marketplace)]
"""A marketplace id, whether the file has the id or the country's code."""


class SharedSettings(Section):
    """What is the same in all cells of a stage."""

    account: Annotated[str, BeforeValidator(number_as_text)] | None = Field(
        default=None, pattern=r"^[0-9]{12}$", description="an AWS account id of 12 digits"
    )
    custom_types: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], ...] = Field(
        default=(), description="names in capitals of notification types that this version doesn't know"
    )
    existing_subscriptions: Literal["keep", "replace"] = Field(default="keep", description="keep or replace")
    removal_policy: Literal["retain", "destroy"] = Field(description="retain or destroy")
    retention: Retention = Field(default=Retention(), description="a mapping of days")
    processing: Processing = Field(default=Processing(), description="a mapping")
    queue: Queue = Field(default=Queue(), description="a mapping")
    feeds_api_version: FeedsApiVersion = Field(
        default="2021-06-30", description="2021-06-30 or 2020-09-04 (which Amazon has removed)"
    )
    feeds: Feeds = Field(default=Feeds(), description="a mapping")
    orders_api_version: OrdersApiVersion = Field(default="2026-01-01", description="2026-01-01 or v0")
    messages: Messages = Field(default=Messages(), description="a mapping")
    arrivals: Arrivals = Field(default=Arrivals(), description="a mapping")
    canary: Canary = Field(default=Canary(), description="a mapping")
    missed_events: MissedEvents = Field(default=MissedEvents(), description="a mapping")
    client_secret: ClientSecret = Field(default=ClientSecret(), description="a mapping")
    alarm_email: str | None = Field(
        default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="an e-mail address"
    )
    alarms: Alarms = Field(default=Alarms(), description="a mapping")
    tags: dict[
        Annotated[
            str, Field(min_length=1, max_length=128, pattern=r"^[\w .:/=+@-]+$"), AfterValidator(_not_of_aws)
        ],
        Annotated[Text, Field(max_length=256, pattern=r"^[\w .:/=+@-]*$")],
    ] = Field(
        default_factory=dict, max_length=40, description="up to 40 AWS tags; names don't begin with aws:"
    )
    architecture: Literal["arm64", "x86_64"] = Field(default="arm64", description="arm64 or x86_64")
    runtime: Literal["python3.11", "python3.12", "python3.13"] = Field(
        default="python3.13", description="python3.11, python3.12 or python3.13"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    example_consumer: StrictBool = Field(default=False, description="true or false")
    emulator: StrictBool = Field(default=False, description="true (the local AWS emulator) or false")
    production: StrictBool | None = Field(
        default=None, description="true (commands that change something want --confirm) or false"
    )
    test_events: StrictBool = Field(
        default=False, description="true (made-up notifications may be sent into this stage) or false"
    )


class SpApi(Section):
    """Which Selling Partner API a cell talks to. The endpoints are the simulator's, None at Amazon."""

    region: SellingRegion
    sandbox: bool
    endpoint: str | None = None
    lwa_endpoint: str | None = None


class OtherCell(Section):
    """Where another cell of the stage is."""

    region: SellingRegion
    aws_region: str


class Settings(SharedSettings):
    """One cell: a stage in one of Amazon's selling regions, a complete set of stacks in one AWS region."""

    region: SellingRegion
    aws_region: str
    sp_api: SpApi
    marketplaces: tuple[Marketplace, ...]
    notifications: tuple[Notification, ...]
    other_cells: tuple[OtherCell, ...] = ()
    has_application_queue: bool = True
    """Whether this cell's application queue is the one that is registered at Amazon."""


def needs_eventbridge(settings: Settings) -> bool:
    """Whether a configured type comes by Amazon's EventBridge workflow only."""
    return bool(eventbridge_types(entry.type for entry in settings.notifications))


@dataclass(frozen=True)
class StageSettings:
    """All cells of a stage, in the order na, eu, fe; never without one."""

    cells: tuple[Settings, ...]

    def cell(self, region: str) -> Settings:
        """The cell of a selling region. Raises KeyError naming those that are configured."""
        by_region: Mapping[str, Settings] = {cell.region: cell for cell in self.cells}
        if region not in by_region:
            raise KeyError(f"{region!r} is not among the configured regions: {', '.join(by_region)}")
        return by_region[region]

    @property
    def shared(self) -> SharedSettings:
        """What is the same in all cells."""
        return self.cells[0]
