"""Custom resource Custom::EmptyBucket: takes the objects out of a bucket before CloudFormation deletes it.

All versions of them and the delete markers: a bucket with either can't be deleted. In a bucket that was never
versioned each object is its only version. Property: BucketName. Only stages whose settings say
`removal_policy: destroy` have it. Until its Delete it does nothing.
"""

from __future__ import annotations

import os
from typing import Any

from sellerbus.runtime import bootstrap, config, custom_resource, observability
from sellerbus.runtime.custom_resource import Request, Result

PHYSICAL_ID = "emptied-on-delete"
LEAST_SECONDS = 10.0

logger = observability.logger()


class NotEmptyError(Exception):
    """Objects are left; the message says in which bucket, how it came to that and what to do."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> None:
    custom_resource.answer(
        event, context, work=_work, failed_create_id=PHYSICAL_ID, session=bootstrap.http, log=logger
    )


def _work(request: Request) -> Result:
    config.load(config.EmptyBucketConfig, os.environ)
    if request.request_type == "Delete":
        bucket = request.text("BucketName")
        deleted = _empty(bucket, request)
        logger.info("The bucket is empty", bucket=bucket, deleted=deleted)
    return Result(PHYSICAL_ID)


def _empty(bucket: str, request: Request) -> int:
    """Delete all versions, a thousand at a time; what one run leaves, the next goes on with."""
    s3 = bootstrap.aws("s3")
    deleted = 0
    while True:
        page = s3.list_object_versions(Bucket=bucket)
        versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in versions]
        if not objects:
            return deleted
        if request.remaining_seconds() < LEAST_SECONDS:
            raise NotEmptyError(
                f"{bucket} still holds objects after {deleted} were deleted, and the time is over. "
                "Delete the stack again: it goes on from there."
            )
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", ()):
            raise NotEmptyError(f"{bucket} refuses the deletion of an object with {error['Code']}")
        deleted += len(objects)
