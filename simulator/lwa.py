"""Login with Amazon: the token endpoint.

Source: "Connect to the Selling Partner API" and the Login with Amazon documentation of the token endpoint.
Grants: `refresh_token` (a seller's) and `client_credentials` with `scope` (grantless).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from simulator.world import AccessToken, Application, Authorisation, World

FORM = "application/x-www-form-urlencoded"


@dataclass(eq=False)
class LwaError(Exception):
    """An answer of the token endpoint other than success: `{"error", "error_description"}`."""

    status: int
    error: str
    description: str

    def __str__(self) -> str:
        return f"{self.status} {self.error}: {self.description}"

    def body(self) -> dict[str, object]:
        return {"error_description": self.description, "error": self.error}


def issue_token(world: World, content_type: str, body: bytes) -> dict[str, object]:
    """Answers one token request with the body of a success, or raises LwaError.

    401 invalid_client; 400 invalid_request, unsupported_grant_type, invalid_grant (the refresh token is
    unknown, revoked, or another application's), invalid_scope.
    """
    form = _form(content_type, body)
    grant_type = _required(form, "grant_type")
    if grant_type not in ("refresh_token", "client_credentials"):
        raise LwaError(
            400,
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server",
        )
    application = _authenticated(world, form)
    if grant_type == "refresh_token":
        return _for_seller(world, application, _required(form, "refresh_token"))
    return _for_scope(world, application, _required(form, "scope"))


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.split(";")[0].strip().lower() != FORM:
        raise LwaError(400, "invalid_request", f"The Content-Type of the request must be {FORM}")
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body))
    except ValueError as error:
        raise LwaError(400, "invalid_request", "The request is malformed") from error
    for name, values in fields.items():
        if len(values) > 1:
            raise LwaError(400, "invalid_request", f"The request has a repeated parameter : {name}")
    return {name: values[0] for name, values in fields.items()}


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise LwaError(400, "invalid_request", f"The request is missing a required parameter : {name}")
    return value


def _authenticated(world: World, form: Mapping[str, str]) -> Application:
    application = world.applications.get(_required(form, "client_id"))
    secret = _required(form, "client_secret")
    if application is None or not world.secrets_of(application).accepts(secret, world.clock()):
        raise LwaError(401, "invalid_client", "Client authentication failed")
    return application


def _for_seller(world: World, application: Application, refresh_token: str) -> dict[str, object]:
    held = world.authorisations.get(refresh_token)
    if held is None or held.client_id != application.client_id or world.is_revoked(held):
        raise LwaError(
            400,
            "invalid_grant",
            "The request has an invalid grant parameter : refresh_token. "
            "User may have revoked or didn't grant the permission.",
        )
    token = _issue(world, application, held=held)
    return {
        "access_token": token,
        "refresh_token": refresh_token,
        "token_type": "bearer",
        "expires_in": world.token_lifetime_seconds,
    }


def _for_scope(world: World, application: Application, scope: str) -> dict[str, object]:
    if scope not in application.scopes:
        raise LwaError(400, "invalid_scope", "The request has an invalid parameter : scope")
    token = _issue(world, application, scope=scope)
    return {
        "access_token": token,
        "scope": scope,
        "token_type": "bearer",
        "expires_in": world.token_lifetime_seconds,
    }


def _issue(
    world: World, application: Application, held: Authorisation | None = None, scope: str | None = None
) -> str:
    token = world.mint.access_token()
    expires_at = world.clock() + world.token_lifetime_seconds
    world.access_tokens[token] = (
        AccessToken(application.client_id, expires_at, held.seller_id, region=held.region)
        if held
        else AccessToken(application.client_id, expires_at, scope=scope)
    )
    return token
