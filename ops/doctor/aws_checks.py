"""Whether AWS lets this person in, and whether it is the right account and region."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from ops.doctor.check import Finding, Level, Looked
from ops.doctor.facts import Facts
from ops.errors import aws_not_reached, aws_refusal

_MOST_CLOCK_SECONDS: Final = 60
_REFUSED_CLOCK_SECONDS: Final = 300
"""AWS refuses a signature that is further off (AWS General Reference, Signature Version 4)."""
_CLOCK_CODES: Final = ("RequestTimeTooSkewed", "SignatureDoesNotMatch", "RequestExpired")
_LOG_IN: Final = ("aws sso login", "aws sts get-caller-identity")


def credentials(facts: Facts) -> Looked:
    """SB-AWS-001: AWS knows the credentials of the environment or profile."""
    try:
        identity = _identity(facts)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        clock = " The clock of this machine may be wrong." if code in _CLOCK_CODES else ""
        return _refused(facts, f"AWS refuses your credentials.{clock}", aws_refusal(error))
    except BotoCoreError as error:
        return _refused(facts, "Your AWS credentials could not be used.", aws_not_reached(error))
    return Looked(str(identity["Arn"]))


def _refused(facts: Facts, what: str, evidence: str) -> Looked:
    by_hand = "Without IAM Identity Center set AWS_PROFILE instead of the first command."
    finding = Finding(
        what=what,
        whom="you: nothing of the stage can be looked at; it runs on without you",
        evidence=(evidence,),
        by_hand="Is `make up` running?" if facts.emulated else by_hand,
        mend=("source .local/env",) if facts.emulated else _LOG_IN,
    )
    return Looked("refused", (finding,))


def account(facts: Facts) -> Looked:
    """SB-AWS-002: they are of the account that the configuration names."""
    found = str(_identity(facts)["Account"])
    configured = facts.stage.settings.shared.account if facts.stage else None
    if configured is None or found == configured:
        return Looked(f"account {found}" if configured else f"account {found}; config names none")
    finding = Finding(
        what=f"Your AWS credentials are of account {found}, the stage is in {configured}.",
        whom="you: nothing of the stage can be looked at; it runs on without you",
        evidence=(str(_identity(facts)["Arn"]), f"config/{facts.name}.yaml: account: {configured}"),
        by_hand=f"Set AWS_PROFILE to a profile of account {configured}.",
        mend=_LOG_IN,
    )
    return Looked(f"account {found}", (finding,))


def region(facts: Facts) -> Looked:
    """SB-AWS-003: the cell's AWS region is open to the account, and this clock agrees with AWS's."""
    where = facts.cell.settings.aws_region
    try:
        answer = facts.client("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        reason = aws_refusal(error) if isinstance(error, ClientError) else aws_not_reached(error)
        finding = Finding(
            what=f"AWS region {where} doesn't let the account in.",
            whom=f"you, for {facts.region}",
            evidence=(reason,),
            by_hand="A region that AWS has switched off by default is enabled once per account.",
            mend=(f"aws account enable-region --region-name {where}",),
        )
        return Looked(where, (finding,))
    off = _clock_seconds(answer, facts.now)
    if off is None or abs(off) <= _MOST_CLOCK_SECONDS:
        return Looked(where)
    finding = Finding(
        what=f"This machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} AWS's.",
        whom="you: times shown here are off, and AWS refuses what is off by "
        f"{_REFUSED_CLOCK_SECONDS // 60} minutes",
        evidence=(f"AWS says {answer['ResponseMetadata']['HTTPHeaders']['date']}",),
        mend=("sudo timedatectl set-ntp true",),
        level=Level.WARNING,
    )
    return Looked(where, (finding,))


def _identity(facts: Facts) -> Any:
    return facts.once("identity", lambda: _caller(facts))


def _caller(facts: Facts) -> Any:
    # Without a stage there is no region of its own; STS answers the same in every one.
    where = facts.stage.cells[0].settings.aws_region if facts.stage else "us-east-1"
    return facts.clients("sts", where).get_caller_identity()


def _clock_seconds(answer: Any, now: datetime) -> float | None:
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if not told:
        return None
    return (now.astimezone(UTC) - parsedate_to_datetime(told).astimezone(UTC)).total_seconds()
