"""Whether a client secret works: a token for each grantless scope, and one of a seller.

A secret is proved where tokens come with it, and nothing is refused that the secret in use is given: a scope
that the application has no role for, and a seller who has withdrawn, say nothing against the new secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sellerbus.api.credentials import ClientCredentials
from sellerbus.api.errors import CredentialsError, RetryableError, SellingPartnerError
from sellerbus.api.lwa import Grant, SellerGrant
from sellerbus.sellers.rows import SellerError

MOST_SELLERS: Final = 3

AskToken = Callable[[ClientCredentials, Grant], None]
"""Asks for a token with exactly these credentials. Raises SellingPartnerError and SellerError."""


@dataclass(frozen=True)
class GrantProof:
    """One question. works: None where the grant says nothing of the secret. reason: why not, redacted."""

    grant: str
    works: bool | None
    reason: str = ""


@dataclass(frozen=True)
class Proof:
    """All questions that were asked of one secret."""

    grants: tuple[GrantProof, ...]

    @property
    def holds(self) -> bool:
        works = [each.works for each in self.grants]
        return True in works and False not in works

    @property
    def refusal(self) -> str:
        """Why it doesn't hold; "" where it does."""
        if self.holds:
            return ""
        against = next((each for each in self.grants if each.works is False), None)
        against = against or next(iter(self.grants), None)
        return f"{against.grant}: {against.reason}" if against else "no grant could be asked for"


class Prover:
    """sellers: the active ones, as grants; the first few are asked until one gives a token."""

    def __init__(
        self, ask: AskToken, *, scopes: Sequence[str], sellers: Callable[[], Iterable[SellerGrant]]
    ) -> None:
        self._ask = ask
        self._scopes = scopes
        self._sellers = sellers

    def prove(self, credentials: ClientCredentials, *, beside: ClientCredentials | None) -> Proof:
        """Ask with `credentials`. beside: those in use, which are asked where a grant itself is refused."""
        proofs = [self._one(scope, credentials, beside) for scope in self._scopes]
        for seller in islice(self._sellers(), MOST_SELLERS):
            proof = self._one(seller, credentials, beside)
            proofs.append(proof)
            if proof.works is not None:
                break
        return Proof(tuple(proofs))

    def is_refused(self, credentials: ClientCredentials) -> bool:
        """Whether Login with Amazon has refused the credentials themselves; not answering is no refusal."""
        try:
            self._ask(credentials, self._scopes[0])
        except CredentialsError:
            return True
        except SellingPartnerError:
            return False
        return False

    def _one(
        self, grant: Grant, credentials: ClientCredentials, beside: ClientCredentials | None
    ) -> GrantProof:
        name = f"seller {grant.seller_id}" if isinstance(grant, SellerGrant) else grant
        try:
            self._ask(credentials, grant)
        except SellerError as error:
            return GrantProof(name, None, str(error))
        except (CredentialsError, RetryableError) as error:
            return GrantProof(name, False, str(error))
        except SellingPartnerError as error:
            # Refused for the grant's sake, as it seems: the secret in use must fare no better.
            fares_better = beside is not None and beside != credentials and self._is_given(beside, grant)
            return GrantProof(name, False if fares_better else None, str(error))
        return GrantProof(name, True)

    def _is_given(self, credentials: ClientCredentials, grant: Grant) -> bool:
        try:
            self._ask(credentials, grant)
        except (SellingPartnerError, SellerError):
            return False
        return True
