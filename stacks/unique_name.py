"""Names that are known before what has them exists."""

import aws_cdk as cdk
from constructs import Construct


def unique_name(scope: Construct, construct_id: str) -> str:
    """A name that differs for every stack ever made.

    For resources that name each other: by references alone that is a circle. The end of the stack's own id
    makes the name unique, so what was retained when its stack was deleted doesn't stand in the way of the
    next stack.
    """
    stack_uuid = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
    last = cdk.Fn.select(4, cdk.Fn.split("-", stack_uuid))
    return f"{cdk.Stack.of(scope).stack_name}-{construct_id}-{last}"
