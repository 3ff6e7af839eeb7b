"""What the parts of the sending share: what they need of Amazon, and how they say that it can't go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, Protocol

from sellerbus.api.booking import Booking
from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    OutcomeUnknownError,
    OutOfTimeError,
    PermanentError,
    SellingPartnerError,
    ThrottledError,
    UnauthorizedError,
)
from sellerbus.documents.errors import (
    DocumentError,
    RetryableTransferError,
    StorageRefusedError,
    UrlExpiredError,
)
from sellerbus.messaging.message_events import told
from sellerbus.messaging.task import MessageState
from sellerbus.messaging.uploading import Destinations

LWA: Final = "LWA token"
MEND_SECONDS: Final = 300.0
"""The least wait for what an operator has to mend: the application's credentials, a paused seller."""
LONGEST_MEND_WAIT: Final = 1800.0
LONGEST_FAULT_WAIT: Final = 900.0
_SHORTEST_WAIT: Final = 1.0
_OF_WHAT_WAS_TRIED: Final = 60
"""A wait is no shorter than this part of the time tried before: SQS counts receives, and gives up by them."""
_FIRST_FAULT_WAIT: Final = 2.0
_NOT_ALLOWED_WORDS: Final = "amazonorderid and template combination"

Count = Callable[[str, float], None]
"""Counts a metric, at once: what follows may be cut off."""


class Messages(Protocol):
    """sellerbus.api.messaging.MessagingApi."""

    def book_actions(self, most_seconds: float) -> Booking: ...

    def book_sending(self, message_type: str, most_seconds: float) -> Booking: ...

    def use(self, booking: Booking) -> None: ...

    def actions(self, order_id: str, marketplace_id: str) -> Mapping[str, object]: ...

    def locale(self, order_id: str, marketplace_id: str) -> str | None: ...

    def send(
        self, message_type: str, order_id: str, marketplace_id: str, body: Mapping[str, object]
    ) -> None: ...


class SellersAmazon(Protocol):
    """Amazon for one seller, as the registry has it now. remaining_seconds: no call begins after it.

    sending: of a client that doesn't wait to call again where Amazon refuses for the quota.
    """

    def messages(self, remaining_seconds: Callable[[], float]) -> Messages: ...

    def uploads(self, remaining_seconds: Callable[[], float]) -> Destinations: ...

    def sending(self, remaining_seconds: Callable[[], float]) -> Messages: ...


class Amazon(Protocol):
    """Where the APIs come from."""

    def of_seller(self, seller_id: str) -> SellersAmazon:
        """Raises TryLaterError, EndsError and SellerError where the seller can't be called for."""
        ...


class TryLaterError(Exception):
    """It can't go on now; nothing was lost. seconds: None where it is tried the less often the longer it
    lasts. mend: somebody has to do something first. reason: why, without what is another at each try.
    booking: turns that are left to be used then.
    """

    def __init__(
        self,
        why: str,
        seconds: float | None = None,
        *,
        mend: bool = False,
        reason: str | None = None,
        booking: Booking | None = None,
    ) -> None:
        self.reason = told(reason or why)
        self.seconds = seconds
        self.mend = mend
        self.booking = booking
        super().__init__(why)


class EndsError(Exception):
    """It can't go on at all, and it is certain that nothing was sent: the task ends so."""

    def __init__(
        self,
        state: MessageState,
        reason: str,
        *,
        allowed: Sequence[str] | None = None,
        findings: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.state = state
        self.reason = reason
        self.allowed = None if allowed is None else tuple(allowed)
        self.findings = tuple(findings)
        super().__init__(reason)


def meaning(error: SellingPartnerError) -> TryLaterError | EndsError:
    """What a call's failure means that was certainly not carried out, or that a repeat does no harm to."""
    if isinstance(error, ThrottledError):
        return TryLaterError(str(error), error.seconds, reason=quota(error.operation))
    if isinstance(error, OutOfTimeError):
        return TryLaterError(str(error), _SHORTEST_WAIT)
    if isinstance(error, AuthorizationRevokedError):
        return EndsError(MessageState.FAILED, str(error))
    if isinstance(error, CredentialsError) or (isinstance(error, PermanentError) and error.operation == LWA):
        return TryLaterError(str(error), mend=True)
    if isinstance(error, UnauthorizedError):
        return EndsError(MessageState.FAILED, str(error))
    if isinstance(error, PermanentError):
        return EndsError(MessageState.REFUSED, str(error))
    return TryLaterError(str(error), reason=f"{error.operation} does not answer well")


def document_meaning(error: DocumentError, what: str = "an attachment") -> TryLaterError | EndsError:
    """What the failure of reading or uploading means. The error's own text may name a file."""
    if isinstance(error, RetryableTransferError | UrlExpiredError):
        return TryLaterError(f"{what} can't be read or uploaded now ({type(error).__name__})")
    if isinstance(error, StorageRefusedError):
        told = f"the storage refuses {what} ({error.status} {error.code})"
    else:
        told = f"{what} can't be read or uploaded ({type(error).__name__})"
    return EndsError(MessageState.FAILED, told)


def may_have_been_sent(error: SellingPartnerError, operation: str) -> bool:
    """Only 429, another 4xx of Amazon's, or a failure before a byte was sent prove that nothing happened.

    operation: the one that sends.
    """
    if isinstance(error, OutcomeUnknownError):
        return True
    # An answer that is neither a success nor a refusal, such as a redirect of something in between.
    from_sending = isinstance(error, PermanentError) and error.operation == operation
    return from_sending and not 400 <= (error.status or 0) < 500


def not_allowed_now(error: SellingPartnerError) -> bool:
    """Whether Amazon says, as a matter of rights, that the order does not allow the message now."""
    return isinstance(error, UnauthorizedError) and _NOT_ALLOWED_WORDS in error.message.lower()


def quota(operation: str) -> str:
    """The reason where Amazon's quota is used up: without the seconds, which are others at each try."""
    return f"Amazon's quota of {operation} is used up"


def seconds_until_next_try(later: TryLaterError, tried_for: float) -> float:
    """The less often, the longer it has been tried in vain: as often as a queue's receives last for days."""
    if later.mend:
        return min(max(MEND_SECONDS, tried_for / 2), LONGEST_MEND_WAIT)
    if later.seconds is None:
        return min(max(_FIRST_FAULT_WAIT, tried_for / 2), LONGEST_FAULT_WAIT)
    return max(_SHORTEST_WAIT, later.seconds, tried_for / _OF_WHAT_WAS_TRIED)


def without_content(reason: str, content: Mapping[str, Any]) -> str:
    """A reason in Amazon's words, in which nothing of the message is quoted. content: a document of it.

    Long quotations come cut short, and with their lines joined: so all that is long enough is taken out, not
    only what is there as a whole.
    """
    words, texts = reason, _texts(content)
    lines = {line.strip() for text in texts for line in (text, *text.splitlines())}
    for line in sorted((each for each in lines if len(each) >= _SHORTEST_LINE), key=len, reverse=True):
        words = words.replace(line, _TAKEN_OUT)
    for text in texts:
        words = _without_parts_of(text, words)
    return told(words)


def _texts(content: Mapping[str, Any]) -> list[str]:
    template = content.get("template") or {}
    texts = [content.get("text") or "", *template.get("values", {}).values()]
    return texts + [each.get("fileName", "") for each in content.get("attachments") or ()]


def _without_parts_of(text: str, words: str) -> str:
    compared = SequenceMatcher(None, "", text, autojunk=False)

    def without(piece: str) -> str:
        compared.set_seq1(piece)
        found = compared.find_longest_match()
        if found.size < _SHORTEST_PART:
            return piece
        return without(piece[: found.a]) + _TAKEN_OUT + without(piece[found.a + found.size :])

    return without(words)


_TAKEN_OUT: Final = "[of the message]"
_SHORTEST_LINE: Final = 4
"""Shorter ones are in every sentence."""
_SHORTEST_PART: Final = 12
"""As long as a word or two, which Amazon's sentence may have by itself."""
