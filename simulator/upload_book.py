"""Upload destinations, as Amazon keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.blob import Blob

# The life of a URL in the model's example; the form of A+ content lives three hours in the guide's.
URL_SECONDS = 900
FORM_SECONDS = 3 * 3600
# How long what was uploaded waits for its message. Assumed: Amazon says nothing of it.
KEPT_SECONDS = 24 * 3600


@dataclass
class UploadDestination:
    """A place for one file of a seller, for the resource that it was made for.

    `content_md5` is as the client gave it; `form` holds the fields of a destination that takes a form.
    """

    destination_id: str
    client_id: str
    seller_id: str
    region: str
    marketplace_id: str
    resource: str
    content_md5: str
    content_type: str | None
    created_at: float
    form: dict[str, str] | None = field(default=None, repr=False)
    content: Blob | None = None
    uploads: int = 0

    @property
    def path(self) -> str:
        """In the storage, of a destination that takes a PUT. Amazon's paths have an encoded slash too."""
        return f"/buyer-seller-messaging/%2F000/{self.destination_id}"

    def overview(self) -> dict[str, object]:
        return {
            "uploadDestinationId": self.destination_id,
            "sellerId": self.seller_id,
            "region": self.region,
            "marketplaceId": self.marketplace_id,
            "resource": self.resource,
            "uploads": self.uploads,
            "sizeBytes": self.content.size if self.content else None,
            "sha256": self.content.sha256.hex() if self.content else None,
        }


class UploadBook:
    """All destinations, and how long URLs to those to come live."""

    def __init__(self) -> None:
        self.destinations: dict[str, UploadDestination] = {}
        self.url_seconds = URL_SECONDS
        self.form_seconds = FORM_SECONDS

    def add(self, destination: UploadDestination) -> None:
        self.destinations[destination.destination_id] = destination

    def at(self, path: str) -> UploadDestination | None:
        """The destination whose PUT goes to a path of the storage."""
        held = self.destinations.get(path.rsplit("/", 1)[-1])
        return held if held and held.form is None and held.path == path else None

    def of_key(self, key: str) -> UploadDestination | None:
        """The destination whose form has this key."""
        for held in self.destinations.values():
            if held.form is not None and held.form.get("key") == key:
                return held
        return None
