"""Whether the application's credentials are stored, good for a while, and Amazon accepts them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ops import times
from ops.amazon import AmazonRefusedError
from ops.doctor.asking import ask
from ops.doctor.check import Finding, Level, Looked, NeedsError
from ops.doctor.facts import Facts
from ops.doctor.resources import is_missing
from ops.errors import CommandError
from ops.stage import FOUNDATION, NOTIFICATIONS
from sellerbus.api.operations import ROTATION_SCOPE

_LIFETIME: Final = timedelta(days=180)
"""Source: developer-docs, "Rotate your application's client secret"."""
_WARN: Final = timedelta(days=30)
_FAIL: Final = timedelta(days=7)
_PENDING_TOO_LONG: Final = timedelta(hours=24)
_CONSOLE: Final = "Developer Console, your application, LWA credentials, View: copy id and secret."
_TAKES_EFFECT: Final = timedelta(hours=1)
"""What a new secret is given to take effect at Amazon, which tells no time."""


def stored(facts: Facts) -> Looked:
    """SB-SECRET-001: the secret is there and has a current value."""
    arn = facts.output("LwaCredentialsSecretArn", FOUNDATION)
    client = facts.client("secretsmanager")
    try:
        secret = client.describe_secret(SecretId=arn)
    except client.exceptions.ClientError as error:
        if not is_missing(error):
            raise
        return Looked("gone", (_without(facts, arn, "The secret is gone.", (facts.deploying,)),))
    if secret.get("DeletedDate"):
        restore = facts.aws(f"secretsmanager restore-secret --secret-id {arn}")
        what = "The secret is about to be deleted: nobody can read it."
        return Looked("deleted", (_without(facts, arn, what, (restore,)),))
    if not _of_stage(_versions(facts), "AWSCURRENT"):
        what = "The application's client id and secret are not stored yet."
        return Looked("empty", (_without(facts, arn, what, (facts.sellerbus("secrets set"),)),))
    return Looked("")


def _without(facts: Facts, arn: str, what: str, mend: tuple[str, ...]) -> Finding:
    return Finding(
        what=what,
        whom=f"{facts.everybody}: Amazon can't be called",
        evidence=(arn,),
        by_hand=_CONSOLE,
        mend=mend,
    )


def age(facts: Facts) -> Looked:
    """SB-SECRET-002: Amazon still takes the client secret for a month."""
    current = _of_stage(_versions(facts), "AWSCURRENT")
    if current is None:
        raise NeedsError("SB-SECRET-001")
    stored_at: datetime = current["CreatedDate"]
    left = stored_at + _LIFETIME - facts.now
    days = left.total_seconds() / 86_400
    if left >= _WARN:
        return Looked(f"{days:.0f} days left")
    over = left <= timedelta(0)
    finding = Finding(
        what="Amazon no longer takes the client secret."
        if over
        else f"Amazon takes the client secret for {days:.0f} more days.",
        whom=f"{facts.everybody}{'' if over else ', from then on'}: Amazon can't be called",
        evidence=(
            f"stored {times.absolute(stored_at)}; Amazon's secrets live {_LIFETIME.days} days from when they "
            "were made, which may be before",
        ),
        mend=(facts.sellerbus("secrets rotate"),),
        since=stored_at.isoformat(timespec="seconds"),
        level=Level.FAILURE if left < _FAIL else Level.WARNING,
        # The check that asks Amazon says whether it takes it now.
        subjects=frozenset({"age"}),
    )
    return Looked(f"{days:.0f} days left", (finding,))


def rotation(facts: Facts) -> Looked:
    """SB-SECRET-003: a new secret that Amazon sent has been proved and put in force within a day."""
    versions = _versions(facts)
    pending = _of_stage(versions, "AWSPENDING")
    if pending is None or "AWSCURRENT" in pending["VersionStages"]:
        return Looked("none under way")
    since: datetime = pending["CreatedDate"]
    waited = facts.now - since
    fact = f"a new secret waits for {times.span(waited.total_seconds())}"
    if waited < _PENDING_TOO_LONG:
        return Looked(fact)
    finding = Finding(
        what="A new client secret was stored and is not in force: no token could be got with it.",
        whom=f"{facts.everybody}, seven days after the rotation: Amazon then refuses the old secret",
        evidence=(f"version {pending['VersionId']} is AWSPENDING since {times.absolute(since)}",),
        by_hand="It is tried every five minutes by itself. The first command tells why it is refused; where "
        "nothing will come of it, the second asks Amazon for another.",
        mend=(facts.sellerbus("secrets verify"), facts.sellerbus("secrets rotate --again")),
        since=since.isoformat(timespec="seconds"),
    )
    return Looked(fact, (finding,))


def _versions(facts: Facts) -> list[Mapping[str, Any]]:
    arn = facts.output("LwaCredentialsSecretArn", FOUNDATION)

    def look() -> list[Mapping[str, Any]]:
        answer = facts.client("secretsmanager").list_secret_version_ids(SecretId=arn)
        return list(answer.get("Versions", ()))

    return facts.once("secret versions", look)


def _of_stage(versions: list[Mapping[str, Any]], label: str) -> Mapping[str, Any] | None:
    return next((row for row in versions if label in row.get("VersionStages", ())), None)


def grants(facts: Facts) -> Looked:
    """SB-LWA-001: Login with Amazon gives a token for each scope of the application."""
    try:
        answer = ask(facts, {"request": "authorisations", "sellerIds": [], "scopes": True})
    except AmazonRefusedError as error:
        return Looked("not answered", (_function_fails(facts, error),))
    except CommandError as error:
        return Looked("not answered", (_function_fails(facts, error),))
    scopes = answer["scopes"]
    refused = [row for row in scopes if not row["given"]]
    findings = list(_refusals(facts, refused))
    if answer["notices"]:
        findings.append(_stands_in(facts, tuple(answer["notices"])))
    given = len(scopes) - len(refused)
    return Looked(f"{given} of {len(scopes)} grants give tokens", tuple(findings))


def _stands_in(facts: Facts, notices: tuple[str, ...]) -> Finding:
    current = _of_stage(_versions(facts), "AWSCURRENT")
    young = current is not None and facts.now - current["CreatedDate"] < _TAKES_EFFECT
    return Finding(
        what="Amazon refuses the client secret that is in force; another version of it stands in.",
        whom="nobody yet: a new secret takes effect after a while"
        if young
        else f"{facts.everybody}, seven days after the last rotation at the latest",
        evidence=notices,
        by_hand="Look again within the hour first." if young else _CONSOLE,
        mend=(facts.sellerbus("secrets set"),),
        level=Level.WARNING if young else Level.FAILURE,
        subjects=frozenset({"previous"}),
    )


def _refusals(facts: Facts, refused: list[Mapping[str, Any]]) -> list[Finding]:
    kinds = {str(row["kind"]) for row in refused}
    evidence = tuple(f"{row['scope']}: {row['message']}" for row in refused)
    if "credentials" in kinds:
        return [
            Finding(
                what="Amazon refuses the application's client id or client secret.",
                whom=f"{facts.everybody}: no call to Amazon succeeds",
                evidence=evidence,
                by_hand=_CONSOLE,
                mend=(facts.sellerbus("secrets set"),),
            )
        ]
    if "retryable" in kinds:
        return [
            Finding(
                what="Login with Amazon doesn't answer as it should.",
                whom=f"{facts.everybody}: calls to Amazon fail as long as this lasts, and are tried again",
                evidence=evidence,
                by_hand="Nothing of yours: wait, and look at Amazon's status page for developers.",
                mend=(facts.again("SB-LWA-001"),),
            )
        ]
    return [
        Finding(
            what=f"Amazon gives the application no token for {row['scope']}.",
            whom="nobody yet: the client secret can't be rotated by itself"
            if row["scope"] == ROTATION_SCOPE
            else f"{facts.everybody}: destinations and subscriptions can't be looked at or changed",
            evidence=(str(row["message"]),),
            by_hand="Developer Console: give the application the role, then let Amazon some minutes.",
            mend=(facts.again("SB-LWA-001"),),
            level=Level.WARNING if row["scope"] == ROTATION_SCOPE else Level.FAILURE,
        )
        for row in refused
    ]


def _function_fails(facts: Facts, error: CommandError) -> Finding:
    name = facts.output("InspectAmazonFunctionName", NOTIFICATIONS)
    return Finding(
        what="The function inspect_amazon fails: Amazon can't be asked through it.",
        whom="operators; what else runs may be well",
        evidence=(str(error),),
        by_hand="Its log says why; most often a right or a variable that was changed by hand.",
        mend=(facts.aws(f"lambda get-function-configuration --function-name {name}"), facts.deploying),
    )
