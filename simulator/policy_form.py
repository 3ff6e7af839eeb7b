"""Forms that upload to the simulated storage under a signed policy, and how S3 refuses one. Pure.

Source: "Browser-based uploads using POST" of the S3 API reference, and the fields of the URL that the guide
to the Uploads API shows for A+ content. Every field but the signature, the policy, the file and those whose
names begin with x-ignore- must stand in a condition of the policy; what follows the file is not looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from typing import Any

from simulator.presigned import StorageError, of_status

SMALLEST_BYTES, LARGEST_BYTES = 1, 3 * 1024 * 1024
_UNSIGNED = ("x-amz-signature", "policy", "file")
_NOT_POSSIBLE = "Invalid according to Policy: "


@dataclass(frozen=True)
class Form:
    """The fields before the file, by their names in lower case, and the file."""

    fields: Mapping[str, str]
    file: bytes


def signed_fields(
    secret: bytes, *, bucket: str, key: str, owner: str, now: float, expires: float
) -> dict[str, str]:
    """The fields of a form for one file at `key`, the policy and its signature among them."""
    day = datetime.fromtimestamp(now, UTC)
    fields = {
        "key": key,
        "acl": "private",
        "x-amz-meta-owner": owner,
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"SIMULATOR/{day:%Y%m%d}/us-east-1/s3/aws4_request",
        "x-amz-date": f"{day:%Y%m%dT%H%M%SZ}",
    }
    conditions: list[object] = [{"bucket": bucket}]
    conditions += [{name: value} for name, value in fields.items()]
    conditions.append(["content-length-range", SMALLEST_BYTES, LARGEST_BYTES])
    end = datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    content = json.dumps({"conditions": conditions, "expiration": end}, separators=(",", ":"))
    policy = base64.b64encode(content.encode()).decode()
    return {**fields, "policy": policy, "x-amz-signature": _signature(secret, policy)}


def read(content_type: str, body: bytes) -> Form:
    """The form in a request; StorageError where it is none, or has no key or no file."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise StorageError(
            412,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
            {"Condition": "Bucket POST must be of the enclosure-type multipart/form-data"},
        )
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode("latin-1") + body)
    parts = [part for part in message.walk() if not part.is_multipart()]
    if not message.is_multipart() or message.defects:
        raise StorageError(
            400,
            "MalformedPOSTRequest",
            "The body of your POST request is not well-formed multipart/form-data.",
        )
    fields: dict[str, str] = {}
    for part in parts:
        name, content = _part(part)
        if name == "file":
            if "key" not in fields:
                raise _argument(
                    "Bucket POST must contain a field named 'key'.  If it is specified, please check the "
                    "order of the fields.",
                    "key",
                )
            return Form(fields, content)
        fields[name] = content.decode("utf-8", "replace")
    raise _argument("POST requires exactly one file upload per request.", "file")


def check(secret: bytes, form: Form, bucket: str, now: float) -> None:
    """Raises StorageError for what the form's policy does not allow."""
    policy = form.fields.get("policy")
    signature = form.fields.get("x-amz-signature")
    if policy is None or signature is None:
        raise of_status(403)
    if not hmac.compare_digest(_signature(secret, policy), signature):
        raise StorageError(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            {"SignatureProvided": signature, "StringToSign": policy},
        )
    said = _policy(policy)
    if now >= datetime.fromisoformat(said["expiration"]).timestamp():
        raise StorageError(403, "AccessDenied", _NOT_POSSIBLE + "Policy expired.")
    _check_fields({**form.fields, "bucket": bucket}, said["conditions"])
    for condition in said["conditions"]:
        if isinstance(condition, list) and condition[0] == "content-length-range":
            _check_size(len(form.file), condition[1], condition[2])


def _check_fields(given: Mapping[str, str], conditions: Sequence[object]) -> None:
    wanted: dict[str, str] = {}
    for condition in conditions:
        if isinstance(condition, dict):
            wanted.update(condition)
    for name, value in wanted.items():
        if given.get(name) != value:
            failed = json.dumps(["eq", f"${name}", value])
            raise StorageError(403, "AccessDenied", f"{_NOT_POSSIBLE}Policy Condition failed: {failed}")
    extra = sorted(
        name
        for name in given
        if name not in wanted and name not in _UNSIGNED and not name.startswith("x-ignore-")
    )
    if extra:
        raise StorageError(403, "AccessDenied", f"{_NOT_POSSIBLE}Extra input fields: {', '.join(extra)}")


def _check_size(size: int, smallest: int, largest: int) -> None:
    if size > largest:
        text = "Your proposed upload exceeds the maximum allowed size"
        more = {"ProposedSize": str(size), "MaxSizeAllowed": str(largest)}
        raise StorageError(400, "EntityTooLarge", text, more)
    if size < smallest:
        text = "Your proposed upload is smaller than the minimum allowed size"
        more = {"ProposedSize": str(size), "MinSizeAllowed": str(smallest)}
        raise StorageError(400, "EntityTooSmall", text, more)


def _policy(policy: str) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(base64.b64decode(policy, validate=True))
    except (ValueError, binascii.Error) as error:
        raise StorageError(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.") from error
    return said


def _part(part: Message) -> tuple[str, bytes]:
    name = str(part.get_param("name", "", header="content-disposition")).lower()
    content = part.get_payload(decode=True)
    return name, content if isinstance(content, bytes) else b""


def _argument(text: str, name: str) -> StorageError:
    return StorageError(400, "InvalidArgument", text, {"ArgumentName": name, "ArgumentValue": ""})


def _signature(secret: bytes, policy: str) -> str:
    return hmac.new(secret, policy.encode(), hashlib.sha256).hexdigest()
