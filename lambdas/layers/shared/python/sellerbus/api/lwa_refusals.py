"""What it means when Login with Amazon gives no token.

Source: "Connect to the Selling Partner API"; RFC 6749, 5.2.
"""

from __future__ import annotations

from typing import Final

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    PermanentError,
    RetryableError,
    SellingPartnerError,
)

OPERATION: Final = "LWA token"


def refused(
    status: int, body: object, request_id: str | None, *, seller_id: str, scope: str
) -> SellingPartnerError:
    """Return the error for an answer without a token. Either seller_id or scope is given, the other is ""."""
    answer = body if isinstance(body, dict) else {}
    code = answer.get("error") if isinstance(answer.get("error"), str) else None
    described = answer.get("error_description")
    message = described if isinstance(described, str) and described else "no description was given"
    subject = f"seller {seller_id}" if seller_id else f"scope {scope}"

    def error(kind: type[SellingPartnerError], hint: str) -> SellingPartnerError:
        return kind(
            OPERATION, f"{subject}: {message}", status=status, code=code, request_id=request_id, hint=hint
        )

    if status >= 500 or status == 429 or status == 200 or code in ("server_error", "temporarily_unavailable"):
        return error(RetryableError, "")
    # A 401 is about the client alone (RFC 6749, 5.2), also where its body is not readable.
    if code == "invalid_client" or (status == 401 and code is None):
        return error(
            CredentialsError,
            "The client id or secret is not good: write the current one with `bin/sellerbus secrets set "
            "--stage <stage>`.",
        )
    if code == "invalid_grant" and seller_id:
        return error(
            AuthorizationRevokedError,
            "The refresh token is revoked, expired or another application's: let the seller authorise the "
            "application again, then replace the seller's refresh token.",
        )
    if code == "unauthorized_client" and seller_id:
        # Not taken for a revoked authorisation: with another application's credentials in the secret, every
        # seller would be.
        return error(
            PermanentError,
            "The refresh token is another application's: it was given to another client id than that in the "
            "secret.",
        )
    if code in ("unauthorized_client", "invalid_scope"):
        return error(PermanentError, f"The application lacks the role for {subject}.")
    return error(PermanentError, "Check the application's registration and the token endpoint.")
