"""A client of the control API, for the command line."""

from __future__ import annotations

from typing import Any

import requests

# Publishing with delays answers only when the last copy is sent.
TIMEOUT_SECONDS = 600


class ControlError(Exception):
    """The simulator refused, or is not there; the text says which."""


class ControlClient:
    def __init__(self, url: str) -> None:
        self._base = url.rstrip("/") + "/_simulator"

    def get(self, path: str, **query: str) -> Any:
        return self._call("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Any:
        return self._call("POST", path, body=body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def _call(
        self, method: str, path: str, *, body: object = None, query: dict[str, str] | None = None
    ) -> Any:
        url = f"{self._base}/{path}"
        with requests.Session() as session:
            # A proxy of the user's environment has no business between two programs on this machine.
            session.trust_env = False
            try:
                answer = session.request(method, url, json=body, params=query, timeout=TIMEOUT_SECONDS)
            except requests.RequestException as error:
                raise ControlError(
                    f"no simulator answers at {url}: {error}. Start one with `python -m simulator serve` and "
                    "set SIMULATOR_URL to the url that it prints"
                ) from error
        try:
            content = answer.json()
        except ValueError as error:
            raise ControlError(
                f"{url} answered {answer.status_code} and no JSON: is it a simulator?"
            ) from error
        if not answer.ok:
            raise ControlError(str(content.get("error", content)))
        return content
