"""Errors as the Selling Partner API words them.

Every error body is `{"errors": [{"code", "message", "details"}]}` (definition `ErrorList` of the model).
The texts are those Amazon's servers were seen to answer, quoted in public issue reports; where no report
exists the docstring says "assumed".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class ApiError(Exception):
    """An answer other than success: HTTP status and the three fields of the model's `Error`."""

    status: int
    code: str
    message: str
    details: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.details or self.message}"

    def body(self) -> dict[str, object]:
        return {"errors": [{"code": self.code, "message": self.message, "details": self.details}]}


# Status -> (code, message). The wording for 413 and 415 is assumed.
_BY_STATUS = {
    400: ("InvalidInput", "Request has missing or invalid parameters and cannot be parsed."),
    403: ("Unauthorized", "Access to requested resource is denied."),
    404: ("NotFound", "The resource specified does not exist."),
    409: ("StateConflict", "The resource specified conflicts with the current state."),
    413: ("RequestTooLarge", "The request size exceeded the maximum accepted size."),
    415: ("UnsupportedMediaType", "The request payload is in an unsupported format."),
    429: ("QuotaExceeded", "You exceeded your quota for the requested resource."),
    500: ("InternalFailure", "We encountered an internal error. Please try again."),
    503: ("ServiceUnavailable", "Service is temporarily unavailable, please try again."),
}


def of_status(status: int, details: str = "") -> ApiError:
    """The usual error of a status; any other status answers with 500's or 400's code."""
    code, message = _BY_STATUS.get(status) or _BY_STATUS[500 if status >= 500 else 400]
    return ApiError(status, code, message, details)


def invalid(details: str) -> ApiError:
    return of_status(400, details)


def denied(details: str = "") -> ApiError:
    """403. Amazon gives the same answer, with empty details, for a token of the wrong grant."""
    return of_status(403, details)


def not_found(details: str) -> ApiError:
    return of_status(404, details)


def unknown_destination(destination_id: str, application_id: str) -> ApiError:
    """createSubscription with a destination of nobody or of others (amzn/selling-partner-api-models#448)."""
    return invalid(f"No destination with id {destination_id} for applicationId {application_id}")


def subscription_exists(notification_type: str) -> ApiError:
    """createSubscription for a type that is subscribed already (amzn/selling-partner-api-models#2145)."""
    return of_status(409, f"Subscription already exist for notification type {notification_type}")


def destination_exists(resource: str, application_id: str) -> ApiError:
    """createDestination with a resource in use (amzn/selling-partner-api-models#2113)."""
    return ApiError(
        409,
        "Conflict",
        "The requested resource conflict with a resource in the server.",
        f"A destination with {resource} already exists for the application {application_id}",
    )


def destination_in_use() -> ApiError:
    """deleteDestination while subscriptions point to it.

    The model lists 409 and does not say when. Amazon was seen to answer with code `Unauthorized` and these
    texts (amzn/selling-partner-api-models#2113, 2021); the status 403 that goes with that code is assumed.
    """
    return ApiError(
        403, "Unauthorized", "The requested action is forbidden.", "Destination has subscriptions"
    )
