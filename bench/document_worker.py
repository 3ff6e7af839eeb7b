"""One transfer of the bench in a process of its own, so that its memory is nobody else's.

Arguments: down | up, the server's port, the file that S3 holds. Prints the seconds, and the bytes by which
the resident memory grew at most, as JSON. An upload's time begins when its object was measured, as it is when
a feed is checked; its memory before.
"""

import json
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from sellerbus.api.keep_alive import KeepAliveAdapter
from sellerbus.documents.cipher import EncryptionDetails
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.presigned import DocumentHosts
from sellerbus.documents.storage import PresignedStorage
from sellerbus.documents.transfer import DocumentTransfer

DETAILS = EncryptionDetails(key=bytes(range(32)), vector=bytes(range(16)))
LOCATION = ObjectLocation("bucket", "key")


class FakeS3:
    """Reads one file, and takes parts at the cost of their checksum, which boto3 computes too."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_object(self, **_: Any) -> Mapping[str, Any]:
        size = self._path.stat().st_size
        return {"Body": self._path.open("rb", buffering=0), "ContentLength": size, "ETag": '"1"'}

    def put_object(self, **request: Any) -> Mapping[str, Any]:
        return self.upload_part(**request)

    def create_multipart_upload(self, **_: Any) -> Mapping[str, Any]:
        return {"UploadId": "1"}

    def upload_part(self, **request: Any) -> Mapping[str, Any]:
        return {"ETag": f'"{zlib.crc32(request["Body"]):08x}"'}

    def complete_multipart_upload(self, **_: Any) -> Mapping[str, Any]:
        return {"ETag": '"1"'}

    def abort_multipart_upload(self, **_: Any) -> Mapping[str, Any]:
        return {}


def _memory(name: str) -> int:
    """Bytes; VmRSS is the resident memory now, VmHWM the most it has been."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))


def main(direction: str, port: str, path: str) -> None:
    """Transfer once and print what it took."""
    session = requests.Session()
    session.mount("http://", KeepAliveAdapter(pool_connections=1, pool_maxsize=1))
    s3 = FakeS3(Path(path))
    storage = PresignedStorage(session, DocumentHosts([f"127.0.0.1:{port}"]))
    transfer = DocumentTransfer(s3=s3, storage=storage)
    url = f"http://127.0.0.1:{port}/document?X-Amz-Expires=300"
    before = _memory("VmRSS")
    measured = transfer.measure(LOCATION) if direction == "up" else None
    began = time.perf_counter()
    if measured is None:
        moved = transfer.download(url, LOCATION, encryption=DETAILS).content_bytes
    else:
        moved = transfer.upload(measured, url, content_type="application/json", encryption=DETAILS)
    seconds = time.perf_counter() - began
    result = {"seconds": seconds, "growth": _memory("VmHWM") - before, "bytes": moved}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
