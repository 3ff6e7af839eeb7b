"""The AWS regions that there are, as boto3 knows them without asking AWS."""

from difflib import get_close_matches
from functools import cache

import boto3


@cache
def aws_regions() -> tuple[str, ...]:
    """The regions of the partition aws that have CloudFormation, sorted."""
    return tuple(sorted(boto3.session.Session().get_available_regions("cloudformation")))


def resembling(name: str) -> tuple[str, ...]:
    """The regions that may have been meant; those of the same part of the world, where none is alike."""
    part = name.rpartition("-")[0]
    alike = [region for region in aws_regions() if region.rpartition("-")[0] == part]
    return tuple(alike or get_close_matches(name, aws_regions()))
