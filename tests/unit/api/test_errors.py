"""Refusals become the right kind of error, with texts that help and hold no secrets."""

from __future__ import annotations

import pytest

from sellerbus.api import errors
from sellerbus.api.errors import refusal


def body(message: str, code: str = "InvalidInput", details: str = "") -> bytes:
    return (f'{{"errors":[{{"code":"{code}","message":"{message}","details":"{details}"}}]}}').encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, errors.PermanentError),
        (400, errors.PermanentError),
        (401, errors.UnauthorizedError),
        (403, errors.UnauthorizedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (408, errors.RetryableError),
        (413, errors.PermanentError),
        (415, errors.PermanentError),
        (500, errors.RetryableError),
        (503, errors.RetryableError),
        (599, errors.RetryableError),
    ],
)
def test_kind_follows_the_status(status: int, kind: type[Exception]) -> None:
    assert type(refusal("getSubscription", status, body("no"), "r-1")) is kind


def test_carries_all_that_amazon_said() -> None:
    error = refusal("createSubscription", 409, body("Conflicts.", "StateConflict", "Exists."), "req-7")
    assert (error.operation, error.status, error.code) == ("createSubscription", 409, "StateConflict")
    assert (error.message, error.request_id) == ("Conflicts. Exists.", "req-7")
    assert (
        str(error) == "createSubscription: 409 StateConflict: Conflicts. Exists. (Amazon's request id req-7)"
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><h1>Bad gateway</h1></html>", b'{"errors": [{"co', b"[]", b"null", b'{"errors": []}',
     b'{"errors": ["x"]}', b'{"errors": {"code": 1}}', b'{"message": "x"}', b"\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_bodies_that_say_nothing_are_judged_by_their_status(content: bytes) -> None:
    assert type(refusal("x", 503, content, None)) is errors.RetryableError
    assert type(refusal("x", 404, content, None)) is errors.NotFoundError
    assert len(str(refusal("x", 400, content, None))) < 1000


def test_an_html_page_is_named_as_such() -> None:
    assert "an HTML page" in str(refusal("x", 502, b"<html>down</html>", None))


@pytest.mark.parametrize(
    ("status", "message", "stale"),
    [
        (401, "whatever", True),
        (403, "The access token you provided has expired.", True),
        (403, "The access token you provided is revoked, malformed or invalid.", True),
        (403, "Access to requested resource is denied.", False),
    ],
)
def test_tells_a_stale_token_from_a_missing_right(status: int, message: str, stale: bool) -> None:
    error = refusal("x", status, body(message, "Unauthorized"), None)
    assert isinstance(error, errors.UnauthorizedError)
    assert error.token_is_stale is stale
    assert error.hint


def test_a_denied_resource_hints_at_roles_and_region() -> None:
    hint = refusal("x", 403, body("Access to requested resource is denied."), None).hint
    assert "role" in hint
    assert "region" in hint


def test_a_destination_in_use_is_no_matter_of_rights() -> None:
    hint = refusal("deleteDestination", 403, body("Destination has subscriptions"), None).hint
    assert "delete the subscriptions" in hint


def test_a_message_that_is_not_allowed_now_is_no_matter_of_rights() -> None:
    said = body("Invalid amazonOrderId and template combination.", "Unauthorized")
    error = refusal("createUnexpectedProblem", 403, said, None)
    assert "getMessagingActionsForOrder" in error.hint
    assert "role" not in error.hint
    assert isinstance(error, errors.UnauthorizedError)
    assert not error.token_is_stale


def test_a_denied_upload_hints_at_its_resource() -> None:
    said = body("Access to requested resource is denied.", "Unauthorized")
    assert "without a leading slash" in refusal("createUploadDestinationForResource", 403, said, None).hint


def test_a_denied_test_notification_hints_at_the_sandbox() -> None:
    said = body("Access to requested resource is denied.", "Unauthorized")
    assert "sandbox" in refusal("sendTestNotification", 403, said, None).hint


def test_a_path_that_the_endpoint_does_not_know_hints_at_the_endpoint() -> None:
    error = refusal("x", 403, b'{"message": "Missing Authentication Token"}', None)
    assert error.message == "Missing Authentication Token"
    assert "endpoint" in error.hint
    assert "role" not in error.hint


def test_a_destination_of_another_region_hints_at_it() -> None:
    assert "region" in refusal("createSubscription", 400, body("No destination with id d1"), None).hint
    assert refusal("createSubscription", 400, body("Bad payloadVersion"), None).hint == ""


def test_one_error_without_its_list_is_read_none_the_less() -> None:
    error = refusal("x", 400, b'{"errors": {"code": "InvalidInput", "message": "bad"}}', None)
    assert (error.code, error.message) == ("InvalidInput", "bad")


def test_a_redirect_hints_at_the_endpoint() -> None:
    assert "endpoint" in refusal("x", 302, b"", None).hint


def test_texts_hold_no_tokens_and_are_cut() -> None:
    error = refusal("x", 400, body("token Atza|IwEBIsecret is bad " + "z" * 5000), None)
    assert "IwEBIsecret" not in str(error)
    assert len(error.message) <= errors.MESSAGE_LIMIT


def test_throttled_tells_the_seconds() -> None:
    error = errors.ThrottledError("getSubscription", 12.345)
    assert error.seconds == 12.345
    assert "12.3 s" in str(error)
