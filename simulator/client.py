"""A client of the control API, for the command line."""

from __future__ import annotations

from typing import Any

import requests

# Publishing with delays answers only when the last copy is sent.
TIMEOUT_SECONDS = 600


class ControlError(Exception):
    """The simulator refused, or is not there; the text says which. `status` is that of a refusal."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class ControlClient:
    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._base = self._url + "/_simulator"

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
                    f"No simulator answers at {self._url}: run `make up` and `source .local/env` (it sets "
                    f"SIMULATOR_URL). {_reason(error)}"
                ) from error
        try:
            content = answer.json()
        except ValueError as error:
            raise ControlError(
                f"{url} answered {answer.status_code} and no JSON: is it a simulator?"
            ) from error
        if not answer.ok:
            raise ControlError(str(content.get("error", content)), answer.status_code)
        return content


def _reason(error: requests.RequestException) -> str:
    # The text of requests is a chain of its classes; what is useful in it is one of these.
    if isinstance(error, requests.Timeout):
        return f"It took longer than {TIMEOUT_SECONDS} seconds."
    return "The connection was refused or cut." if isinstance(error, requests.ConnectionError) else str(error)
