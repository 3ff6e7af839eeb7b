"""The templates of one cell, objects of its message bucket, and what the checks find in one that is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from botocore.exceptions import ClientError

from ops import console
from ops.errors import NOT_FOUND, CommandError
from ops.stage import TASKS, Cell
from sellerbus.messaging import checks
from sellerbus.messaging.actions import OfferedAction
from sellerbus.messaging.finding import WARNING, Finding
from sellerbus.messaging.request import MessageRequest
from sellerbus.messaging.templates import (
    LARGEST_BYTES,
    Template,
    TemplateError,
    parse,
    render,
    template_key,
    unknown_template,
)

_PREFIX: Final = template_key("").rpartition("/")[0] + "/"
_ENDING: Final = ".json"
_GONE: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_NO_RIGHT: Final = frozenset({"AccessDenied", "403"})


@dataclass(frozen=True)
class Listed:
    """A template's object."""

    name: str
    changed_at: datetime


class Templates:
    """One cell's templates. What was read once is not read again."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._s3 = cell.client("s3")
        self._read: dict[str, Template | tuple[Finding, ...]] = {}

    @cached_property
    def bucket(self) -> str:
        return self.cell.output("MessageBucketName", TASKS)

    def all(self) -> Iterator[Listed]:
        """Yield the templates by their names."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=_PREFIX)
        for page in pages:
            for row in page.get("Contents", ()):
                name = str(row["Key"]).removeprefix(_PREFIX)
                if name.endswith(_ENDING) and "/" not in name:
                    yield Listed(name.removesuffix(_ENDING), row["LastModified"])

    def document(self, name: str) -> bytes:
        """Return the template's object; raises CommandError where there is none."""
        try:
            answer: Any = self._s3.get_object(Bucket=self.bucket, Key=template_key(name))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise CommandError(
                f"There is no template {name} in region {self.cell.region} of stage {self.cell.stage_name}. "
                f"See: bin/sellerbus messages templates list --stage {self.cell.stage_name}",
                NOT_FOUND,
            ) from None
        with closing(answer["Body"]) as body:
            # One byte more than is taken: the checks say so then.
            return bytes(body.read(LARGEST_BYTES + 1))

    def has(self, name: str) -> bool:
        return any(row.name == name for row in self.all())

    def put(self, name: str, document: bytes) -> None:
        self._s3.put_object(
            Bucket=self.bucket, Key=template_key(name), Body=document, ContentType="application/json"
        )

    def remove(self, name: str) -> None:
        self._s3.delete_object(Bucket=self.bucket, Key=template_key(name))

    def findings(self, request: MessageRequest, action: OfferedAction) -> tuple[Finding, ...]:
        """Return what is found in the message's template, filled in each of its languages.

        The buyer's language is not known here: what is wrong in some of them is a warning.
        """
        use = request.content.template
        if use is None:
            return ()
        template = self._template(use.name)
        if not isinstance(template, Template):
            return template
        found: dict[str, list[Finding]] = {}
        for locale in template.texts:
            try:
                text = render(
                    template,
                    message_type=request.message_type,
                    locale=locale,
                    amazon_order_id=request.amazon_order_id,
                    marketplace_id=request.marketplace_id,
                    values=use.values,
                )
            except TemplateError as error:
                # How a template is used is the same in all its languages.
                return error.findings
            content = replace(request.content, text=text, template=None, attachments=())
            found[locale] = [
                each for each in checks.check(content, action, locale, ()) if each.field == "text"
            ]
        return tuple(_by_language(found))

    def _template(self, name: str) -> Template | tuple[Finding, ...]:
        if name not in self._read:
            self._read[name] = self._parsed(name)
        return self._read[name]

    def _parsed(self, name: str) -> Template | tuple[Finding, ...]:
        # Where the stage has no bucket yet, that is to be said, and not that the template is unknown.
        _ = self.bucket
        try:
            return parse(name, self.document(name))
        except TemplateError as error:
            return error.findings
        except CommandError:
            return (unknown_template(name),)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_RIGHT:
                raise
            console.say(
                f"Template {name} is not there, or may not be read with your AWS rights: it is checked by "
                "the stage."
            )
            return ()


def _by_language(found: dict[str, list[Finding]]) -> Iterator[Finding]:
    everywhere = set.intersection(*({each.rule for each in findings} for findings in found.values()))
    for locale, findings in found.items():
        for each in findings:
            field = f"text ({locale})"
            if each.rule in everywhere:
                yield replace(each, field=field)
            else:
                yield replace(each, field=field, severity=WARNING)
