"""What the commands that drive a running simulator share."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from simulator.client import ControlClient, ControlError
from simulator.wording import with_options

_BAD_REQUEST = 400
Url = Annotated[
    str | None, typer.Option(envvar="SIMULATOR_URL", help="Where the simulator runs.", show_default=False)
]
Region = Annotated[
    str | None,
    typer.Option(help="na, eu or fe; needed where several fit.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def call(
    url: str | None,
    method: str,
    path: str,
    body: object = None,
    *,
    operation: str | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """The control API's answer; a refusal is said in the words of `options` and ends the command."""
    if not url:
        sys.stderr.write(
            "simulator: Where the simulator runs is not known: run `make up` and `source .local/env`, "
            "or give --url.\n"
        )
        raise typer.Exit(2)
    client = ControlClient(url)
    try:
        if method == "GET":
            return client.get(path, **({"operation": operation} if operation else {}))
        return client.post(path, body) if method == "POST" else client.delete(path)
    except ControlError as error:
        text = with_options(str(error), options)
        sys.stderr.write(f"simulator: {text}\n")
        # What an option can mend is wrong input, whatever the API calls it.
        raise typer.Exit(2 if error.status == _BAD_REQUEST or "--" in text else 1) from error


def with_query(path: str, **wanted: str | None) -> str:
    """The path of a control request that names some of what there is."""
    given = {name: value for name, value in wanted.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path
