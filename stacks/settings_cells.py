"""From a valid file to the settings of its cells."""

from stacks.marketplaces import SELLING_REGIONS, SellingRegion, region_of_marketplace
from stacks.settings_file import Region, StageFile
from stacks.settings_model import OtherCell, Settings, SharedSettings, SpApi, StageSettings
from stacks.settings_sections import Notification


def cells_of(file: StageFile) -> StageSettings:
    """One cell per configured region. The file has passed every rule."""
    return StageSettings(
        tuple(
            _cell(file, region, file.regions[region]) for region in SELLING_REGIONS if region in file.regions
        )
    )


def _cell(file: StageFile, region: SellingRegion, found: Region) -> Settings:
    regions = [name for name in SELLING_REGIONS if name in file.regions]
    entries = found.notifications if found.notifications is not None else file.notifications
    return Settings(
        **{name: getattr(file, name) for name in SharedSettings.model_fields},
        region=region,
        aws_region=found.aws_region,
        sp_api=SpApi(
            region=region,
            sandbox=file.sp_api.sandbox,
            endpoint=found.endpoint,
            lwa_endpoint=found.lwa_endpoint,
        ),
        marketplaces=found.marketplaces,
        notifications=tuple(_narrowed(entry, region) for entry in entries or ()),
        other_cells=tuple(
            OtherCell(region=name, aws_region=file.regions[name].aws_region)
            for name in regions
            if name != region
        ),
        has_application_queue=region == (file.client_secret.application_queue or regions[0]),
    )


def _narrowed(notification: Notification, region: SellingRegion) -> Notification:
    """The notification with the marketplaces of one region only: Amazon refuses those of another."""
    directive = notification.processing_directive
    event_filter = directive.event_filter if directive else None
    if directive is None or event_filter is None or event_filter.marketplace_ids is None:
        return notification
    own = tuple(name for name in event_filter.marketplace_ids if region_of_marketplace(name) == region)
    narrowed = directive.model_copy(
        update={"event_filter": event_filter.model_copy(update={"marketplace_ids": own})}
    )
    return notification.model_copy(update={"processing_directive": narrowed})
