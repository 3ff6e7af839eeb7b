"""`sellerbus secrets`: the application's Login with Amazon credentials."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops import console, secrets_rotation
from ops.cells import deployed, named
from ops.errors import FAILED, PARTLY, WRONG_INPUT, CommandError, aws_refusal
from ops.options import AsJson, NoInput, StageName, opened
from ops.seller_input import printable, shown
from ops.stage import Cell
from sellerbus.api import credentials
from sellerbus.api.credentials import ClientCredentials
from sellerbus.api.redaction import redact

CLIENT_ID_PREFIX = "amzn1.application-oa2-client."
_TOKEN_PREFIXES = ("Atza|", "Atzr|", "Atc|")

app = typer.Typer(
    no_args_is_help=True,
    help="The application's Login with Amazon credentials.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; secretsmanager:PutSecretValue on "
    "its secrets; on its keys kms:GenerateDataKey and kms:Decrypt, through Secrets Manager (set); "
    "lambda:InvokeFunction on rotate_secret (status, rotate, verify).",
)


@app.callback()
def secrets() -> None:
    """The application's Login with Amazon credentials."""


@app.command("set")
def set_credentials(
    stage: StageName,
    client_id: Annotated[
        str | None,
        typer.Option(help=f"The application's client id ({CLIENT_ID_PREFIX}...).", show_default=False),
    ] = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Store client id and client secret in Secrets Manager, in every region of the stage that is deployed.

    In a terminal the secret is asked for and not shown. Otherwise it is read from stdin: the secret alone
    with --client-id, or the JSON object {"clientId": ..., "clientSecret": ...}.

    Exit code 5 where some regions have the new credentials and others don't: run it again. Printed with
    --json: {"stage", "clientId", "regions": [{"region", "secretArn", "versionId", or "error"}]}.
    """
    del no_input
    target = opened(stage)
    given = checked(_asked(client_id) if console.interactive() else _piped(client_id))
    cells = deployed(target)
    document = json.dumps({"clientId": given.client_id, "clientSecret": given.client_secret})
    results = [_written(cell, document) for cell in cells]
    failed = [row for row in results if "error" in row]
    result = {"stage": stage, "clientId": given.client_id, "regions": results}
    if as_json:
        console.show_json(result)
    else:
        console.show_facts(
            f"The credentials of stage {stage} ({given.client_id})",
            {
                row["region"]: f"not stored: {row['error']}"
                if "error" in row
                else f"stored {row['secretArn']}"
                for row in results
            },
        )
    later = [cell for cell in target.cells if cell not in cells]
    if later:
        console.say(f"Not deployed yet, run this again when it is: {named(later)}.")
    if failed:
        raise CommandError(
            f"{len(failed)} of {len(cells)} regions have not got the credentials: "
            f"{', '.join(row['region'] for row in failed)}. Run the command again when the cause is mended.",
            FAILED if len(failed) == len(cells) else PARTLY,
        )
    console.say(
        f"Next: `bin/sellerbus sellers add <seller id> --stage {stage} --marketplaces <codes>` for each "
        f"seller, then `make deploy STAGE={stage}`. What runs already uses the new credentials within five "
        "minutes."
    )


app.command()(secrets_rotation.status)
app.command()(secrets_rotation.rotate)
app.command()(secrets_rotation.verify)


def _written(cell: Cell, document: str) -> dict[str, str]:
    """Write one region's secret; a refusal is data, so that the other regions are written all the same."""
    try:
        arn = cell.output("LwaCredentialsSecretArn")
        written = cell.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=document)
    except CommandError as error:
        return {"region": cell.region, "error": str(error)}
    except ClientError as error:
        return {"region": cell.region, "error": aws_refusal(error)}
    except BotoCoreError as error:
        return {"region": cell.region, "error": f"AWS was not reached: {redact(str(error))}"}
    return {"region": cell.region, "secretArn": arn, "versionId": str(written["VersionId"])}


def checked(given: ClientCredentials) -> ClientCredentials:
    """Return credentials that can be some; raises CommandError for what is surely something else."""
    checked_client_id(given.client_id)
    secret = given.client_secret
    if len(secret.split()) != 1 or len(secret) < 16:
        raise CommandError("The client secret is too short or has spaces in it.", WRONG_INPUT)
    if not printable(secret):
        raise CommandError(
            "The client secret has characters in it that no secret has: copy it again, as plain text.",
            WRONG_INPUT,
        )
    if secret.startswith((CLIENT_ID_PREFIX, *_TOKEN_PREFIXES)):
        raise CommandError(
            "The client secret is a client id or a token. Copy the client secret from the Developer Console, "
            "your application, LWA credentials, View.",
            WRONG_INPUT,
        )
    return given


def checked_client_id(text: str) -> str:
    """Return a client id that can be one; raises CommandError, which never repeats a secret."""
    if not text.startswith(CLIENT_ID_PREFIX) or len(text.split()) != 1:
        raise CommandError(
            f"{shown(text)} is no client id: it begins with {CLIENT_ID_PREFIX} "
            "(Developer Console, your application, LWA credentials, View).",
            WRONG_INPUT,
        )
    return text


def _asked(client_id: str | None) -> ClientCredentials:
    # Checked before the secret is asked for: nobody shall look that up for nothing.
    identifier = checked_client_id(client_id.strip() if client_id else console.ask("Client id"))
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
