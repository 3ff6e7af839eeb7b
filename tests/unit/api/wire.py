"""A stand-in for the network below requests: scripted answers, and every request that was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

Scripted = requests.Response | Exception


def reply(status: int, body: object = b"", **headers: str) -> requests.Response:
    """An answer; `body` is bytes as they are, or what becomes JSON. Header names with _ for -."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@dataclass
class Sent:
    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    timeout: Any

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.url).query)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body)


@dataclass
class Wire(BaseAdapter):
    """Answers by script, in order; the last one again and again. An exception in the script is raised."""

    script: list[Scripted | Callable[[Sent], Scripted]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        sent = Sent(str(request.method), str(request.url), dict(request.headers), body, options["timeout"])
        self.sent.append(sent)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        answer = step(sent) if callable(step) and not isinstance(step, requests.Response) else step
        if isinstance(answer, Exception):
            raise answer
        answer.request = request
        answer.url = str(request.url)
        return answer

    def close(self) -> None:
        return

    def session(self) -> requests.Session:
        session = requests.Session()
        session.mount("https://", self)
        return session


@dataclass
class Time:
    """A clock that moves only when somebody sleeps, with an end."""

    now: float = 1_000_000.0
    ends_at: float = 1_000_060.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def remaining(self) -> float:
        return self.ends_at - self.now
