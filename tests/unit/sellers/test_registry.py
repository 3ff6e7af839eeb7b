"""The registry on moto's DynamoDB and KMS: conditions, sealing, pages, and writes whose answer was lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sellerbus.sellers.registry import (
    SellerExistsError,
    SellerRegistry,
    UnreadableTokenError,
    checked_seller_id,
)
from sellerbus.sellers.rows import (
    ACTIVE,
    PAUSED,
    REMOVING,
    Seller,
    SellerOverview,
    SellerRows,
    UnknownSellerError,
)

NOW = datetime(2026, 8, 1, tzinfo=UTC)


@dataclass
class Setting:
    registry: SellerRegistry
    dynamodb: Any
    kms: Any
    key_id: str
    times: list[datetime] = field(default_factory=list)

    def add(self, seller_id: str = "A1SELLER", token: str = "Atzr|one", *, replace: bool = False) -> Any:
        return self.registry.add(
            seller_id, region="na", marketplace_ids=["M1", "M2"], refresh_token=token, replace=replace
        )

    def item(self, seller_id: str = "A1SELLER") -> Any:
        return self.dynamodb.get_item(TableName="sellers", Key={"sellerId": {"S": seller_id}}).get("Item")


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        kms = boto3.client("kms", region_name="us-east-1")
        dynamodb.create_table(
            TableName="sellers",
            KeySchema=[{"AttributeName": "sellerId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sellerId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        moment = iter(datetime(2026, 8, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(1000))
        registry = SellerRegistry(
            dynamodb=dynamodb,
            kms=kms,
            table_name="sellers",
            key_id=key_id,
            stage="example",
            clock=lambda: next(moment),
        )
        yield Setting(registry, dynamodb, kms, key_id)


def test_added_and_found(it: Setting) -> None:
    added = it.add()
    assert added == it.registry.get("A1SELLER")
    assert (added.status, added.region, added.marketplace_ids) == (ACTIVE, "na", ("M1", "M2"))
    assert added.created_at == added.updated_at == "2026-08-01T00:00:00.000000+00:00"
    assert it.registry.refresh_token(added) == "Atzr|one"


def test_the_row_is_as_documented_and_holds_no_plain_token(it: Setting) -> None:
    it.add()
    item = it.item()
    assert set(item) == {
        "sellerId", "region", "marketplaceIds", "status", "refreshToken", "createdAt", "updatedAt"
    }  # fmt: skip
    assert item["marketplaceIds"] == {"L": [{"S": "M1"}, {"S": "M2"}]}
    assert b"Atzr" not in bytes(item["refreshToken"]["B"])


def test_a_token_is_sealed_to_its_seller(it: Setting) -> None:
    it.add()
    it.add("A2SELLER", "Atzr|two")
    stolen = it.item("A2SELLER")["refreshToken"]
    it.dynamodb.update_item(
        TableName="sellers",
        Key={"sellerId": {"S": "A1SELLER"}},
        UpdateExpression="SET refreshToken = :t",
        ExpressionAttributeValues={":t": stolen},
    )
    with pytest.raises(
        UnreadableTokenError, match=r"seller A1SELLER.*--stage example --marketplaces \S+ --replace"
    ) as caught:
        it.registry.refresh_token(it.registry.get("A1SELLER"))
    assert "Atzr" not in str(caught.value)


def test_the_token_is_in_no_representation(it: Setting) -> None:
    seller = it.add()
    assert "sealed" not in repr(seller)
    assert "Atzr" not in repr(it.registry.grant(seller))


def test_a_seller_that_is_there_is_not_overwritten(it: Setting) -> None:
    before = it.add()
    with pytest.raises(SellerExistsError, match="status active"):
        it.add(token="Atzr|two")
    assert it.registry.get("A1SELLER") == before


def test_replaced_on_request_it_keeps_when_it_was_added(it: Setting) -> None:
    before = it.add()
    it.registry.set_status("A1SELLER", PAUSED)
    after = it.add(token="Atzr|two", replace=True)
    assert (after.status, after.created_at) == (ACTIVE, before.created_at)
    assert after.updated_at > before.updated_at
    assert it.registry.refresh_token(after) == "Atzr|two"


def test_replace_adds_what_is_not_there(it: Setting) -> None:
    assert it.add(replace=True).created_at


def test_the_grant_changes_with_the_token_and_decrypts_only_when_asked(it: Setting) -> None:
    one = it.registry.grant(it.add())
    two = it.registry.grant(it.add(token="Atzr|two", replace=True))
    assert one.version != two.version
    assert two.refresh_token() == "Atzr|two"


class LosingDynamoDb:
    """Carries the write out, then repeats it, as botocore does when the first answer was lost."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions

    def update_item(self, **arguments: Any) -> Any:
        self._client.update_item(**arguments)
        return self._client.update_item(**arguments)

    def delete_item(self, **arguments: Any) -> Any:
        self._client.delete_item(**arguments)
        return self._client.delete_item(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def losing(it: Setting) -> SellerRegistry:
    moment = iter(datetime(2026, 9, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(1000))
    return SellerRegistry(
        dynamodb=LosingDynamoDb(it.dynamodb),
        kms=it.kms,
        table_name="sellers",
        key_id=it.key_id,
        stage="example",
        clock=lambda: next(moment),
    )


def test_ones_own_repeated_addition_is_no_conflict(it: Setting) -> None:
    added = losing(it).add("A1SELLER", region="na", marketplace_ids=["M1"], refresh_token="Atzr|one")
    assert added == it.registry.get("A1SELLER")


def test_ones_own_repeated_status_is_no_conflict(it: Setting) -> None:
    seen = it.add()
    changed = losing(it).set_status("A1SELLER", PAUSED, seen=seen)
    assert changed.status == PAUSED


def test_ones_own_repeated_deletion_is_no_conflict(it: Setting) -> None:
    it.add()
    it.registry.set_status("A1SELLER", REMOVING)
    assert losing(it).delete_removed("A1SELLER") is True


def test_status_only_of_a_seller_that_is_there(it: Setting) -> None:
    with pytest.raises(UnknownSellerError, match="A9SELLER"):
        it.registry.set_status("A9SELLER", PAUSED)
    assert it.item("A9SELLER") is None
    with pytest.raises(UnknownSellerError):
        it.registry.get("A9SELLER")


def test_status_of_the_version_that_was_seen_only(it: Setting) -> None:
    seen = it.add()
    it.add(token="Atzr|two", replace=True)
    with pytest.raises(UnknownSellerError):
        it.registry.set_status("A1SELLER", "revoked", seen=seen)
    assert it.registry.get("A1SELLER").status == ACTIVE


def test_an_unknown_status_is_refused(it: Setting) -> None:
    it.add()
    with pytest.raises(ValueError, match="asleep"):
        it.registry.set_status("A1SELLER", "asleep")


def test_only_a_seller_to_be_removed_is_deleted(it: Setting) -> None:
    it.add()
    assert it.registry.delete_removed("A1SELLER") is False
    it.registry.set_status("A1SELLER", REMOVING)
    assert it.registry.delete_removed("A1SELLER") is True
    assert it.registry.find("A1SELLER") is None
    assert it.registry.delete_removed("A1SELLER") is True


class PagedDynamoDb(LosingDynamoDb):
    def scan(self, **arguments: Any) -> Any:
        return self._client.scan(Limit=2, **arguments)


def test_all_pages_are_listed_without_decrypting(it: Setting) -> None:
    for number in range(5):
        it.add(f"A{number}SELLER")

    class NoKms:
        @property
        def exceptions(self) -> Any:
            raise AssertionError("listing must not touch KMS")

        encrypt = decrypt = exceptions

    registry = SellerRegistry(
        dynamodb=PagedDynamoDb(it.dynamodb),
        kms=NoKms(),
        table_name="sellers",
        key_id="k",
        stage="example",
        clock=lambda: datetime.now(UTC),
    )
    assert sorted(row.seller_id for row in registry.sellers()) == [f"A{number}SELLER" for number in range(5)]
    registry.get("A1SELLER")


@pytest.mark.parametrize("text", ["A2EXAMPLE3SELLER", " A1PA6795UKMFR9\n"])
def test_seller_ids(text: str) -> None:
    assert checked_seller_id(text) == text.strip()


@pytest.mark.parametrize("text", ["", "a2example", "A2", "A" * 21, "A2 EXAMPLE", "A2EXAMPLE\nX", "Ä2EXAMPLE"])
def test_what_is_no_seller_id(text: str) -> None:
    with pytest.raises(ValueError, match="merchant token"):
        checked_seller_id(text)


def test_an_own_list_of_types_is_kept_replaced_and_taken_away(it: Setting) -> None:
    def add(types: Sequence[str] | None, *, replace: bool) -> Seller:
        return it.registry.add(
            "A1SELLER",
            region="na",
            marketplace_ids=["M1"],
            refresh_token="Atzr|one",
            notification_types=types,
            replace=replace,
        )

    assert add(["X", "Y"], replace=False).notification_types == ("X", "Y")
    assert it.item()["notificationTypes"] == {"L": [{"S": "X"}, {"S": "Y"}]}
    it.registry.set_status("A1SELLER", PAUSED)
    assert it.registry.get("A1SELLER").notification_types == ("X", "Y")
    assert add(["Z"], replace=True).notification_types == ("Z",)
    assert add(None, replace=True).notification_types is None
    assert "notificationTypes" not in it.item()
    with pytest.raises(ValueError, match="to want none, pause"):
        add([], replace=True)


def test_ids_and_statuses_come_page_by_page_without_the_tokens(it: Setting) -> None:
    for number in range(5):
        it.add(f"A{number}SELLER")
    it.registry.set_status("A3SELLER", PAUSED)
    read: list[set[str]] = []

    class Watching(PagedDynamoDb):
        def scan(self, **arguments: Any) -> Any:
            page = super().scan(**arguments)
            read.extend(set(item) for item in page["Items"])
            return page

    registry = SellerRegistry(
        dynamodb=Watching(it.dynamodb),
        kms=it.kms,
        table_name="sellers",
        key_id="k",
        stage="example",
        clock=lambda: NOW,
    )
    assert sorted(registry.ids()) == [
        (f"A{number}SELLER", PAUSED if number == 3 else ACTIVE) for number in range(5)
    ]
    assert read == [{"sellerId", "status"}] * 5


def test_an_overview_reads_no_token_and_nothing_beyond_what_a_role_may_be_let_read(it: Setting) -> None:
    it.add("A1SELLER")
    it.registry.add(
        "A2SELLER",
        region="na",
        marketplace_ids=["M1"],
        refresh_token="Atzr|two",
        notification_types=["X"],
        replace=False,
    )
    asked: list[dict[str, Any]] = []
    read: list[set[str]] = []

    class Watching(PagedDynamoDb):
        def scan(self, **arguments: Any) -> Any:
            asked.append(arguments)
            page = super().scan(**arguments)
            read.extend(set(item) for item in page["Items"])
            return page

    rows = SellerRows(Watching(it.dynamodb), "sellers")
    assert sorted(rows.overviews(), key=lambda each: each.seller_id) == [
        SellerOverview("A1SELLER", "na", ACTIVE),
        SellerOverview("A2SELLER", "na", ACTIVE, ("X",)),
    ]
    assert {"refreshToken", "marketplaceIds"}.isdisjoint(set().union(*read))
    assert {each["Select"] for each in asked} == {"SPECIFIC_ATTRIBUTES"}, "as the role's condition wants it"
