"""What is shown of the client secret: when each ends, how far a rotation is, which tokens come with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ops import console

_WORKS: Final = {True: "yes", False: "no", None: "says nothing"}


def show_status(row: dict[str, Any]) -> None:
    if "error" in row:
        console.show_facts(f"Region {row['region']}", {"error": row["error"]})
        return
    rotation = row["rotation"]
    facts = {
        version[
            "stage"
        ]: f"{version['ageDays']} days old, ends {version['expiresAt'] or 'at a time not known'}"
        for version in row["versions"]
    }
    facts["rotation"] = rotation["state"]
    if rotation["request"]:
        request = rotation["request"]
        facts["asked"] = f"{request['requestedAt']} ({request['because']}): {request['answer']}"
    new = rotation["newSecret"]
    if new and new["refusal"]:
        facts["not yet"] = new["refusal"]
    if not row["asks"]:
        facts["asks"] = "not from here: another region, or another stage, asks Amazon for new secrets"
    facts |= {trouble["problem"]: trouble["text"] for trouble in rotation["troubles"]}
    console.show_facts(f"Region {row['region']}: {row['clientId']}", facts)


def show_proofs(stage: str, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        if "error" in row:
            console.show_facts(f"Region {row['region']}", {"error": row["error"]})
    table = [
        (row["region"], version["stage"], grant["grant"], _WORKS[grant["works"]], grant["reason"])
        for row in rows
        for version in row.get("versions", ())
        for grant in version["grants"]
    ]
    console.show_table(
        f"Tokens with the client secrets of stage {stage}",
        ("Region", "Secret", "Grant", "Works", "Why not"),
        table,
        prose=("Why not",),
        worded=("Grant",),
    )
