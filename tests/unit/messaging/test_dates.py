"""Dates of coverage are RFC 3339, with an offset."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sellerbus.messaging.dates import date_time


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:30:00Z",
        "2026-01-31t12:30:00z",
        "2026-01-31T13:30:00.000+01:00",
        "2026-01-31T12:30:00.0Z",
    ],
)
def test_points_in_time_with_an_offset_are_read(text: str) -> None:
    assert date_time(text) == datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T12:30:00",
        "2026-01-31 12:30:00Z",
        "2026-01-31T12:30Z",
        "31.01.2026",
        "2026-02-30T00:00:00Z",
        "2026-01-31T24:00:01Z",
        "2026-W05-6T00:00:00Z",
        "2026-01-31T12:30:00Z\n",
        "٢٠٢٦-01-31T12:30:00Z",
    ],
)
def test_other_forms_and_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2026-01-31T00:00:00Z"):
        date_time(text)
