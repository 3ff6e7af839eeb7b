"""`sellerbus secrets`: the application's Login with Amazon credentials."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import console
from ops.errors import WRONG_INPUT, CommandError
from ops.options import AsJson, StageName, opened
from sellerbus.api import credentials
from sellerbus.api.credentials import ClientCredentials

CLIENT_ID_PREFIX = "amzn1.application-oa2-client."
_TOKEN_PREFIXES = ("Atza|", "Atzr|", "Atc|")

app = typer.Typer(no_args_is_help=True, help="The application's Login with Amazon credentials.")


@app.callback()
def secrets() -> None:
    """The application's Login with Amazon credentials."""


@app.command("set")
def set_credentials(
    stage: StageName,
    client_id: Annotated[
        str | None, typer.Option(help=f"The application's client id ({CLIENT_ID_PREFIX}...).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store client id and client secret in Secrets Manager.

    In a terminal the secret is asked for and not shown. Otherwise it is read from stdin: the secret alone
    with --client-id, or the JSON object {"clientId": ..., "clientSecret": ...}.
    """
    target = opened(stage)
    given = checked(_asked(client_id) if console.interactive() else _piped(client_id))
    arn = target.output("LwaCredentialsSecretArn")
    document = {"clientId": given.client_id, "clientSecret": given.client_secret}
    written = target.client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=json.dumps(document)
    )
    result = {
        "stage": stage,
        "secretArn": arn,
        "versionId": written["VersionId"],
        "clientId": given.client_id,
    }
    if as_json:
        console.show_json(result)
    else:
        console.show_facts(f"The credentials of stage {stage} are stored.", result)
    console.say(
        f"Next: `sellerbus sellers add <seller id> --stage {stage} --marketplaces <codes>` for each seller, "
        f"then `make deploy STAGE={stage}`. What runs already uses the new credentials within five minutes."
    )


def checked(given: ClientCredentials) -> ClientCredentials:
    """Return credentials that can be some; raises CommandError for what is surely something else."""
    if not given.client_id.startswith(CLIENT_ID_PREFIX) or len(given.client_id.split()) != 1:
        raise CommandError(
            f"{given.client_id!r} is no client id: it begins with {CLIENT_ID_PREFIX} "
            "(Developer Console, your application, LWA credentials, View).",
            WRONG_INPUT,
        )
    secret = given.client_secret
    if len(secret.split()) != 1 or len(secret) < 16:
        raise CommandError("The client secret is too short or has spaces in it.", WRONG_INPUT)
    if secret.startswith((CLIENT_ID_PREFIX, *_TOKEN_PREFIXES)):
        raise CommandError(
            "The client secret is a client id or a token. Copy the client secret from the Developer Console, "
            "your application, LWA credentials, View.",
            WRONG_INPUT,
        )
    return given


def _asked(client_id: str | None) -> ClientCredentials:
    identifier = client_id.strip() if client_id else console.ask("Client id")
    return ClientCredentials(identifier, console.ask_hidden("Client secret (not shown)"))


def _piped(client_id: str | None) -> ClientCredentials:
    text = console.read_stdin("client secret")
    if not text.startswith("{"):
        if not client_id:
            raise CommandError(
                "stdin has the client secret alone: name the client id with --client-id, or pipe in "
                'the JSON object {"clientId": ..., "clientSecret": ...}.',
                WRONG_INPUT,
            )
        return ClientCredentials(client_id.strip(), text)
    try:
        given = credentials.parse(text)
    except ValueError as error:
        raise CommandError(f"The JSON on stdin {error}.", WRONG_INPUT) from error
    if client_id and client_id.strip() != given.client_id:
        raise CommandError("--client-id and the clientId on stdin differ.", WRONG_INPUT)
    return given
