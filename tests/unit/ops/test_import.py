"""`sellerbus sellers import`: the whole file is checked first, every row is one write, no token is shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import bulk_add, seller_file, seller_import
from ops import stage as stage_module
from ops.errors import CommandError
from ops.seller_file import SellerRow
from sellerbus.sellers.registry import SellerExistsError
from sellerbus.sellers.rows import Seller
from tests.unit.ops.aws import STAGE, DeployedStage

HEADER = "sellerId,marketplaces,refreshToken,types\n"
TWO = (
    HEADER
    + 'A1FIRST,"US,CA",Atzr|first-token,\n'
    + 'A2SECOND,DE FR,Atzr|second-token,"ORDER_CHANGE,PRICING_HEALTH"\n'
)


def file(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "sellers.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return str(path)


def run(stage: DeployedStage, path: str, *arguments: str, piped: str | bytes | None = None) -> Any:
    return stage.run("sellers", "import", path, "--stage", STAGE, *arguments, piped=piped)


def test_each_row_goes_to_its_region(stage: DeployedStage, tmp_path: Path) -> None:
    finished = run(stage, file(tmp_path, TWO), "--json")
    assert (finished.code, finished.document) == (
        0,
        {"stage": STAGE, "added": 2, "replaced": 0, "skipped": 0, "notReached": 0, "failed": []},
    )
    (first,), (second,) = stage.rows("na"), stage.rows("eu")
    assert first["marketplaceIds"]["L"] == [{"S": "ATVPDKIKX0DER"}, {"S": "A2EUQ1WTGCTBG2"}]
    assert "notificationTypes" not in first
    assert second["notificationTypes"]["L"] == [{"S": "ORDER_CHANGE"}, {"S": "PRICING_HEALTH"}]
    opened = stage.client("kms", "eu").decrypt(
        CiphertextBlob=second["refreshToken"]["B"],
        EncryptionContext={"sellerId": "A2SECOND"},
        KeyId=stage.keys["eu"],
    )
    assert opened["Plaintext"] == b"Atzr|second-token"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + TWO.encode(),
        TWO.replace("\n", "\r\n").encode(),
        b"Refresh Token;seller_id;Marketplaces\n"
        b"Atzr|first-token;A1FIRST;US,CA\n\nAtzr|second-token;A2SECOND;DE\n",
        b"\nsellerId;marketplaces;refreshToken\nA1FIRST;US,CA;Atzr|first-token\nA2SECOND;DE;Atzr|second-token\n",
        b"sellerId;marketplaces;refreshToken\rA1FIRST;US,CA;Atzr|first-token\rA2SECOND;DE;Atzr|second-token\r",
    ],
    ids=[
        "byte order mark",
        "Windows lines",
        "semicolons, another order, an empty line",
        "semicolons after an empty line",
        "semicolons and the lines of old Macs",
    ],
)
def test_as_spreadsheet_programs_write_it(stage: DeployedStage, tmp_path: Path, content: bytes) -> None:
    finished = run(stage, file(tmp_path, content), "--json")
    assert finished.document["added"] == 2


def test_from_stdin(stage: DeployedStage) -> None:
    assert run(stage, "-", "--json", piped=TWO).document["added"] == 2


def test_run_again_it_skips_who_is_there(stage: DeployedStage, tmp_path: Path) -> None:
    path = file(tmp_path, TWO)
    run(stage, path)
    written = stage.rows()
    again = run(stage, path)
    assert again.code == 0
    assert "2 (were there; --replace replaces them)" in again.out
    assert stage.rows() == written


def test_replaced_who_is_there_with_the_own_list_kept_where_the_file_has_none(
    stage: DeployedStage, tmp_path: Path
) -> None:
    path = file(tmp_path, HEADER + "A1FIRST,US,Atzr|first-token,ORDER_CHANGE\n")
    run(stage, path)
    path = file(tmp_path, HEADER + "A1FIRST,CA,Atzr|later-token,\nA3NEW,US,Atzr|third-token,\n")
    finished = run(stage, path, "--replace", "--json")
    assert (finished.document["added"], finished.document["replaced"]) == (1, 1)
    row = next(row for row in stage.rows() if row["sellerId"]["S"] == "A1FIRST")
    assert row["marketplaceIds"]["L"] == [{"S": "A2EUQ1WTGCTBG2"}]
    assert row["notificationTypes"]["L"] == [{"S": "ORDER_CHANGE"}]


def test_every_problem_is_told_with_its_line_and_nothing_called(stage: DeployedStage, tmp_path: Path) -> None:
    content = (
        HEADER
        + "a1small,US,Atzr|first-token,\n"
        + 'A2SECOND,"US,\nXX",Atzr|second-token,\n'
        + "A3THIRD,US,Atza|an-access-token,\n"
        + "A4FOURTH,JP,Atzr|fourth-token,\n"
        + "A5FIFTH,US,short,ANY_OFFER_CHANGED\n"
        + "A6SIXTH,US,Atzr|sixth-token\n"
        + "A7SEVENTH,US,Atzr|seventh-token,\n"
        + "A7SEVENTH,CA,Atzr|again-token,\n"
        + "A7SEVENTH,DE,Atzr|in-another-region,\n"
    )
    stage.cloudformation.fault = "NothingShallBeCalled"
    finished = run(stage, file(tmp_path, content))
    assert finished.code == 2
    assert finished.out == ""
    assert "8 problems in sellers.csv; nothing was done" in finished.err
    for text in (
        "sellers.csv:2: (sellerId) 'a1small' is no seller id",
        "sellers.csv:3: (marketplaces) 'XX' is no marketplace",
        "sellers.csv:5: (refreshToken) This is an access token",
        "sellers.csv:6: (marketplaces) JP: of region fe, but stage example has only na, eu",
        "sellers.csv:7: (refreshToken) The refresh token is too short",
        "sellers.csv:7: (types) not configured for region na of stage example: 'ANY_OFFER_CHANGED'",
        "sellers.csv:8: has 3 fields, the header has 4",
        "sellers.csv:10: seller A7SEVENTH stands in line 9 already",
    ):
        assert text in finished.err
    for token in ("first-token", "second-token", "an-access-token", "in-another-region"):
        assert token not in finished.err


def test_a_token_in_the_wrong_column_is_not_shown(stage: DeployedStage, tmp_path: Path) -> None:
    # Without the prefix by which a token could be known.
    token = "IwEBIHx8abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"
    for content in (
        HEADER + f"{token},US,A1FIRST00,\n",
        HEADER + f"A1FIRST,{token},US000000,\n",
        HEADER + f"A1FIRST,US,Atzr|first-token,{token}\n",
        f"A1FIRST,US,{token}\n",
        f"A1FIRST,US,Atzr|{token}\n",
    ):
        finished = run(stage, file(tmp_path, content))
        assert finished.code == 2
        assert token not in finished.err + finished.out
        assert "sellers.csv:" in finished.err


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "sellers.csv:1: the file is empty"),
        (HEADER.encode(), "only a header"),
        (b"sellerId,marketplaces\nA1FIRST,US\n", "lacks refreshToken"),
        (b"sellerId,sellerid,marketplaces,refreshToken\n", "stands there twice"),
        (b"sellerId,marketplaces,refreshToken,note\n", "unknown column 'note'"),
        ((HEADER + 'A1FIRST,"US,Atzr|first-token,\n').encode(), "sellers.csv:2: is not CSV"),
        (TWO.encode("utf-16"), "is not UTF-8"),
    ],
)
def test_what_is_no_such_file_is_refused(
    stage: DeployedStage, tmp_path: Path, content: bytes, what: str
) -> None:
    finished = run(stage, file(tmp_path, content))
    assert finished.code == 2
    assert what in finished.err
    assert "Atzr|" not in finished.err


def test_a_file_that_is_not_there(stage: DeployedStage, tmp_path: Path) -> None:
    finished = run(stage, str(tmp_path / "none.csv"))
    assert finished.code == 2
    assert "cannot be read: No such file" in finished.err


def test_warns_where_others_may_read_the_file_and_says_to_delete_it(
    stage: DeployedStage, tmp_path: Path
) -> None:
    path = file(tmp_path, TWO)
    careful = run(stage, path)
    assert "chmod" not in careful.err
    assert "Delete" in careful.err
    Path(path).chmod(0o644)
    assert f"chmod 600 {path}" in run(stage, path).err.replace("\n", "")


def test_some_that_fail_are_told_with_their_line(stage: DeployedStage, tmp_path: Path) -> None:
    stage.refusals["dynamodb", "eu"] = ("update_item", "ThrottlingException")
    finished = run(stage, file(tmp_path, TWO), "--json")
    assert finished.code == 5
    assert finished.document["added"] == 1
    (failure,) = finished.document["failed"]
    assert (failure["line"], failure["sellerId"], failure["region"]) == (3, "A2SECOND", "eu")
    assert "ThrottlingException" in failure["reason"]
    assert "line 3: A2SECOND" in finished.err
    assert "Run the same command again" in finished.err
    assert "Atzr|" not in finished.out + finished.err


def test_none_that_is_added_is_a_failure(stage: DeployedStage, tmp_path: Path) -> None:
    for region in ("na", "eu"):
        stage.refusals["kms", region] = ("encrypt", "AccessDeniedException")
    assert run(stage, file(tmp_path, TWO)).code == 1


def sellers(count: int) -> list[SellerRow]:
    return [SellerRow(line, f"A{line:05}", "na", ("ATVPDKIKX0DER",), None, "Atzr|x") for line in range(count)]


class FakeRegistry:
    """Takes `seconds` for each seller; fails for those that `fault` names."""

    def __init__(self, seconds: float = 0.0, fault: Any = None) -> None:
        self._seconds = seconds
        self._fault = fault or (lambda seller_id: None)
        self._lock = threading.Lock()
        self.added: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    def add(self, seller_id: str, *, replace: bool, **given: Any) -> Seller:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self._seconds)
        with self._lock:
            self.at_once -= 1
        fault = self._fault(seller_id)
        if fault is not None:
            raise fault
        with self._lock:
            self.added.append(seller_id)
        return Seller(seller_id, "na", (), "active", "", "", b"")


def add_all(rows: Sequence[SellerRow], registry: FakeRegistry, advance: Any = lambda: None) -> Any:
    return bulk_add.add_all(rows, {"na": registry}, present={}, replace=False, advance=advance)


def test_a_thousand_rows_are_worked_on_eight_at_once() -> None:
    registry = FakeRegistry(seconds=0.005)
    done = add_all(sellers(1000), registry)
    assert len(done.added) == len(set(registry.added)) == 1000
    assert registry.most_at_once == 8


def test_stops_where_the_cause_lies_in_no_row() -> None:
    refusal = ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "Encrypt")
    done = add_all(sellers(1000), FakeRegistry(fault=lambda seller_id: refusal))
    assert 20 <= len(done.failed) < 20 + 8
    assert done.not_reached == 1000 - len(done.failed)
    assert not done.complete


def test_single_rows_that_fail_stop_nothing() -> None:
    refusal = ClientError({"Error": {"Code": "InternalFailure", "Message": "again"}}, "UpdateItem")
    done = add_all(sellers(200), FakeRegistry(fault=lambda name: refusal if name.endswith("7") else None))
    assert (len(done.added), len(done.failed), done.not_reached) == (180, 20, 0)


def test_who_was_added_by_another_meanwhile_is_skipped() -> None:
    done = add_all(sellers(30), FakeRegistry(fault=lambda name: SellerExistsError(name, "active")))
    assert (len(done.skipped), done.complete) == (30, True)


def test_interrupted_it_begins_no_further_row_and_counts_what_is_done() -> None:
    registry = FakeRegistry(seconds=0.002)
    advanced = 0

    def interrupt() -> None:
        nonlocal advanced
        advanced += 1
        if advanced == 50:
            raise KeyboardInterrupt

    done = add_all(sellers(1000), registry, interrupt)
    assert done.interrupted
    assert not done.complete
    # Those that were on their way when it came have ended; they are skipped the next time.
    assert 50 <= len(registry.added) < 100
    assert done.not_reached == 950


def test_interrupted_the_command_says_how_to_go_on(
    stage: DeployedStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(rows: Sequence[SellerRow], *_: Any, **__: Any) -> bulk_add.Imported:
        return bulk_add.Imported(added=list(rows[:1]), not_reached=1, interrupted=True)

    monkeypatch.setattr(seller_import, "add_all", interrupted)
    finished = run(stage, file(tmp_path, TWO))
    assert finished.code == 5
    assert "Interrupted: none failed, 1 were not reached" in finished.err


def test_a_row_shows_no_token() -> None:
    assert "Atzr|" not in repr(sellers(1))


def test_all_problems_of_a_large_file_are_told(stage: DeployedStage) -> None:
    text = HEADER + "a,US,Atzr|token-x,\n" * 500
    with pytest.raises(CommandError) as refused:
        seller_file.read(text, "sellers.csv", stage_module.open_stage(STAGE, stage.clients))
    assert str(refused.value).count("\n") == 500


def test_a_line_tells_all_its_problems_at_once(stage: DeployedStage, tmp_path: Path) -> None:
    content = (
        HEADER
        + "A1FIRST,US,Atzr|first-token,\n"
        + "A1FIRST,XX,,MFN_ORDER_STATUS_CHANGE\n"
        + "A1FIRST,DE,Atzr|other-token,\n"
        + "A2SECOND,XX,Atzr|second-token,PRICING_HEALTH\n"
    )
    finished = run(stage, file(tmp_path, content))
    assert finished.code == 2
    lines = [line.partition("sellers.csv:")[2] for line in finished.err.splitlines()[1:]]
    for begin in (
        "3: (marketplaces) 'XX' is no",
        "3: (refreshToken) The refresh token is empty.",
        "3: (types) not configured for stage example: 'MFN_ORDER_STATUS_CHANGE' (was removed by Amazon and "
        "replaced by ORDER_CHANGE)",
        "3: seller A1FIRST stands in line 2 already",
    ):
        assert [line for line in lines if line.startswith(begin)], (begin, lines)
    # The other region's A1FIRST is another row.
    assert [line for line in lines if line.startswith("4:")] == []
    assert [line[:18] for line in lines if line.startswith("5:")] == ["5: (marketplaces) "]
