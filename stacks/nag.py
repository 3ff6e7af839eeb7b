"""Findings of cdk-nag that are accepted, each at the narrowest construct and with its reason."""

import aws_cdk as cdk
from constructs import IConstruct


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one finding on one construct and what lies in it."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
