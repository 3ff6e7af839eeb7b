"""Presigned storage below requests: answers by script, and what was sent to it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from sellerbus.documents.presigned import DocumentHosts
from sellerbus.documents.storage import PresignedStorage

URL = "https://tortuga-prod-na.s3.amazonaws.com/amzn1.tortuga.4.na.X?X-Amz-Expires=300&X-Amz-Signature=5ec2e7"
SECRET = "5ec2e7"  # of the query: never to be seen


@dataclass
class Answer:
    """said_length: the Content-Length where it is not the body's; -1 for none. error: raised instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    said_length: int | None = None
    error: Exception | None = None


@dataclass
class Sent:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Storage(BaseAdapter):
    """Keeps nothing: each request gets the next answer, the last one again and again."""

    answers: list[Answer]
    sent: list[Sent] = field(default_factory=list)
    responses: list[requests.Response] = field(default_factory=list)

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        sent: Any = request.body or b""
        body = sent if isinstance(sent, bytes) else b"".join(sent)
        self.sent.append(Sent(str(request.method), str(request.url), dict(request.headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.error is not None:
            raise answer.error
        headers = dict(answer.headers)
        length = len(answer.body) if answer.said_length is None else answer.said_length
        if length >= 0:
            headers["Content-Length"] = str(length)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(headers)
        response.raw = HTTPResponse(io.BytesIO(answer.body), headers=headers, preload_content=False)
        self.responses.append(response)
        return response

    def close(self) -> None:
        return

    def presigned(self) -> PresignedStorage:
        session = requests.Session()
        session.mount("https://", self)
        return PresignedStorage(session, DocumentHosts())


def answering(*answers: Answer) -> Storage:
    return Storage(list(answers))
