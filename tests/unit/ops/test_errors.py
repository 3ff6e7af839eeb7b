"""What is said where AWS can't be asked."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from ops.errors import aws_not_reached


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/", "http://localhost:4566"])
def test_of_the_local_deployment_it_asks_whether_it_runs(url: str) -> None:
    said = aws_not_reached(EndpointConnectionError(endpoint_url=url))
    assert url in said
    assert "is `make up` running?" in said


@pytest.mark.parametrize("url", ["https://sts.us-east-1.amazonaws.com/", "https://127.0.0.1.example.com/"])
def test_of_aws_itself_it_says_no_more(url: str) -> None:
    assert "make up" not in aws_not_reached(EndpointConnectionError(endpoint_url=url))
