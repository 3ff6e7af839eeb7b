"""`sellerbus messages templates`: texts that stand ready, in the buyers' languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ops import cells, console, csv_file, guard, message_views, times
from ops.cells import RegionName
from ops.errors import NOT_FOUND, PARTLY, WRONG_INPUT, CommandError
from ops.guard import Confirm
from ops.message_options import Yes
from ops.message_templates import Listed, Templates
from ops.options import AsJson, NoInput, StageName, opened
from ops.stage import TASKS, Stage
from sellerbus.messaging.finding import Finding, has_errors
from sellerbus.messaging.request import TEMPLATE_NAME
from sellerbus.messaging.templates import ALWAYS, Template, inspect

app = typer.Typer(
    no_args_is_help=True,
    help="Texts that stand ready for a message type, in the buyers' languages, with placeholders: JSON "
    'objects {"messageType", "texts": {"en-US": "Your order {orderId} ..."}, "placeholders": [...]}. '
    f"{' and '.join(f'{{{name}}}' for name in ALWAYS)} are always there. docs/messages.md says more.",
    epilog="Rights: cloudformation:DescribeStacks on the stage's stacks; on the message bucket "
    "s3:ListBucket, and on templates/* of it s3:GetObject (list, show), s3:PutObject (put) and "
    "s3:DeleteObject (remove); on the stage's key kms:Decrypt, and kms:GenerateDataKey (put), through S3.",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The template's name.", show_default=False)]
_DAMAGED: Final = "damaged"


@app.command("list")
def list_templates(stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """List the templates of a stage, with the types and languages that they are for.

    Exit code 5 where one is damaged. Printed with --json: [{"name", "region", "messageType", "locales",
    "placeholders", "changedAt", "findings"}]; messageType is null for one that is damaged.
    """
    rows = [
        _row(templates, listed) for templates in _places(opened(stage), region) for listed in templates.all()
    ]
    if as_json:
        console.show_json(rows)
    elif not rows:
        console.say("There is no template yet: put one there with `messages templates put NAME FILE`.")
    else:
        console.show_table(
            f"Templates of stage {stage}: {len(rows)}",
            ("Name", "Region", "Type", "Languages", "Placeholders", "Changed (UTC)"),
            [
                (
                    row["name"],
                    row["region"],
                    row["messageType"] or _DAMAGED,
                    ", ".join(row["locales"]) or "-",
                    ", ".join(row["placeholders"]) or "-",
                    times.absolute(times.moment(row["changedAt"])).removesuffix(" UTC"),
                )
                for row in rows
            ],
            worded=("Languages", "Placeholders", "Changed (UTC)"),
        )
    if any(row["messageType"] is None for row in rows):
        raise CommandError("Not every template can be used: `templates show NAME` says why.", PARTLY)


@app.command("show")
def show(name: Name, stage: StageName, region: RegionName = None, as_json: AsJson = False) -> None:
    """Show a template's texts, and what is wrong with it. Of several regions the first that has it.

    Exit code 5 where it can't be used. Printed with --json: {"name", "region", "messageType", "placeholders",
    "texts", "findings"}.
    """
    templates, document = _found(opened(stage), name, region)
    template, findings = inspect(name, document)
    texts = dict(template.texts) if template else {}
    if as_json:
        console.show_json(
            {
                "name": name,
                "region": templates.cell.region,
                "messageType": template.message_type.name if template else None,
                "placeholders": list(template.placeholders) if template else [],
                "texts": texts,
                "findings": [dict(row.document()) for row in findings],
            }
        )
    else:
        console.show_facts(f"Template {name} ({templates.cell.region})", _facts(template))
        for locale, text in texts.items():
            console.show_line(f"\n{locale}\n{text}")
        _show_findings(findings)
    if template is None or has_errors(findings):
        raise CommandError(f"Template {name} can't be used: correct it and put it there again.", PARTLY)


@app.command("put")
def put(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The JSON file; - for stdin.", show_default=False)],
    stage: StageName,
    region: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Check a template and put it into the stage, into all its regions or one, in place of an older one.

    Messages that were handed over and are not sent yet are written by the new one. Exit code 2 where it is
    refused: then nothing was changed. Printed with --json: {"name", "messageType", "locales", "placeholders",
    "regions", "replaced" (regions where there was one), "findings"}.
    """
    if not TEMPLATE_NAME.fullmatch(name):
        raise CommandError(
            f"{name!r} is no name for a template: 1 to 64 letters, digits, _ or -, such as late-delivery.",
            WRONG_INPUT,
        )
    target = opened(stage)
    document = csv_file.content(file)
    template, findings = inspect(name, document)
    refused = template is None or has_errors(findings)
    if not as_json or refused:
        _show_findings(findings, as_json=as_json)
    if template is None or refused:
        raise CommandError("The template was not put there: correct it.", WRONG_INPUT)
    places = _places(target, region)
    replaced = [templates.cell.region for templates in places if templates.has(name)]
    for templates in places:
        templates.put(name, document)
    regions = [templates.cell.region for templates in places]
    if as_json:
        console.show_json(
            {
                "name": name,
                "messageType": template.message_type.name,
                "locales": sorted(template.texts),
                "placeholders": list(template.placeholders),
                "regions": regions,
                "replaced": replaced,
                "findings": [dict(row.document()) for row in findings],
            }
        )
    else:
        done = f"replaced in {', '.join(replaced)}" if replaced else "new"
        console.show_line(f"Template {name} is there, {done}, in {', '.join(regions)}.")


@app.command("remove")
def remove(
    name: Name,
    stage: StageName,
    yes: Yes = False,
    confirm: Confirm = None,
    region: RegionName = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Remove a template. Messages that name it and are not sent yet are refused then.

    Exit code 3 where there is none. Printed with --json: {"name", "removed" (regions)}.
    """
    del no_input
    target = opened(stage)
    places = [each for each in _places(target, region) if each.has(name)]
    if not places:
        raise CommandError(
            f"There is no template {name}. See: bin/sellerbus messages templates list --stage {stage}",
            NOT_FOUND,
        )
    regions = [each.cell.region for each in places]
    guard.allowed(target, confirm, "Removing a template")
    console.confirmed(f"Remove template {name} in {', '.join(regions)}?", yes=yes or confirm is not None)
    for each in places:
        each.remove(name)
    if as_json:
        console.show_json({"name": name, "removed": regions})
    else:
        console.show_line(f"Template {name} is removed in {', '.join(regions)}.")


def _places(stage: Stage, region: str | None) -> list[Templates]:
    """Return the templates of the cells that have message tasks by now; raises CommandError for none."""
    chosen = cells.chosen(stage, region)
    found = [cell for cell in chosen if cell.outputs(TASKS) is not None]
    if not found:
        # Says which stack is missing and how it is deployed.
        chosen[0].output("MessageBucketName", TASKS)
    return [Templates(cell) for cell in found]


def _found(stage: Stage, name: str, region: str | None) -> tuple[Templates, bytes]:
    places = _places(stage, region)
    for each in places[:-1]:
        try:
            return each, each.document(name)
        except CommandError as error:
            if error.exit_code != NOT_FOUND:
                raise
    return places[-1], places[-1].document(name)


def _row(templates: Templates, listed: Listed) -> dict[str, Any]:
    template, findings = inspect(listed.name, templates.document(listed.name))
    usable = template if not has_errors(findings) else None
    return {
        "name": listed.name,
        "region": templates.cell.region,
        "messageType": usable.message_type.name if usable else None,
        "locales": sorted(template.texts) if template else [],
        "placeholders": list(template.placeholders) if template else [],
        "changedAt": listed.changed_at.isoformat(),
        "findings": [dict(row.document()) for row in findings],
    }


def _facts(template: Template | None) -> Mapping[str, str]:
    if template is None:
        return {"Type": _DAMAGED}
    kind = template.message_type
    return {
        "Type": f"{kind.name} ({kind.title})",
        "Placeholders": ", ".join((*ALWAYS, *template.placeholders)),
        "Languages": ", ".join(sorted(template.texts)),
    }


def _show_findings(findings: Sequence[Finding], *, as_json: bool = False) -> None:
    rows = [row.document() for row in findings]
    if as_json:
        console.show_json({"findings": [dict(row) for row in rows]})
    elif rows:
        message_views.show_findings("What the checks found", rows)
