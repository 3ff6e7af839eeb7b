"""Whether the cell's key can be used, by the stage and by Amazon."""

from __future__ import annotations

from typing import Final

from ops.doctor import templates
from ops.doctor.check import Finding, Fix, Looked
from ops.doctor.facts import Facts
from ops.doctor.policies import faults
from ops.doctor.resources import is_missing
from ops.stage import FOUNDATION

AMAZON: Final = "437568002678"
"""The account from which Amazon sends notifications.

Source: developer-docs, "Set up notifications using the Amazon SQS workflow", step 1.
"""
_ACTIONS: Final = ("kms:GenerateDataKey", "kms:Decrypt")


def usable(facts: Facts) -> Looked:
    """SB-KEY-001: the key is enabled, and not waiting for its deletion."""
    arn = facts.output("KeyArn", FOUNDATION)
    client = facts.client("kms")
    try:
        key = client.describe_key(KeyId=arn)["KeyMetadata"]
    except client.exceptions.ClientError as error:
        if not is_missing(error):
            raise
        return Looked("gone", (_gone(facts, arn),))
    state = str(key["KeyState"])
    if state == "Enabled":
        return Looked("enabled")
    waiting = state == "PendingDeletion"
    since = f"; it is deleted for good on {key['DeletionDate']:%Y-%m-%d}" if key.get("DeletionDate") else ""
    key_id = arn.rpartition("/")[2]
    cancel = (facts.aws(f"kms cancel-key-deletion --key-id {key_id}"),) if waiting else ()
    finding = Finding(
        what=f"The key of {facts.region} is {'about to be deleted' if waiting else 'disabled'}: nothing can "
        f"be read or written{since}.",
        whom=f"{facts.everybody}: notifications are lost, Amazon can't encrypt them",
        evidence=(f"{arn}: {state}",),
        mend=(*cancel, facts.aws(f"kms enable-key --key-id {key_id}")),
    )
    return Looked(state, (finding,))


def _gone(facts: Facts, arn: str) -> Finding:
    return Finding(
        what="The key is gone, and with it all that it encrypted: queues, tables, tokens.",
        whom=facts.everybody,
        evidence=(arn,),
        by_hand="Nothing brings it back. Destroy the stage, deploy it anew, and add the sellers again.",
        mend=(f"make destroy STAGE={facts.name}", facts.deploying),
    )


def lets_amazon_encrypt(facts: Facts) -> Looked:
    """SB-KEY-002: the key policy as deployed lets Amazon's account make data keys and decrypt them."""
    arn = facts.output("KeyArn", FOUNDATION)
    client = facts.client("kms")
    policy = client.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    wrong = faults(policy, account=AMAZON, actions=_ACTIONS, resource=arn)
    if not wrong:
        return Looked(f"account {AMAZON} may {' and '.join(_ACTIONS)}")

    def put_back() -> None:
        whole = templates.key_policy(facts, FOUNDATION, arn)
        client.put_key_policy(KeyId=arn, PolicyName="default", Policy=whole)

    finding = Finding(
        what="The key's policy keeps Amazon from encrypting: its notifications are lost without an error.",
        whom=facts.everybody,
        evidence=(arn, *wrong),
        mend=(facts.fixing("SB-KEY-002"),),
        fix=Fix("puts the key's policy back as the stack's template has it", put_back),
    )
    return Looked("not as Amazon needs it", (finding,))
