"""What a cell's dashboard has to show, found in the cell's stacks: what is added there is shown here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

from stacks.constructs.encrypted_table import EncryptedTable
from stacks.constructs.feed_state_machine import FeedStateMachine
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.undeliverable_queue import UndeliverableQueue

_Part = TypeVar("_Part", bound=IConstruct)


@dataclass(frozen=True)
class CellParts:
    """Resources by the name that a reader knows them by: a function's folder, a construct's role."""

    functions: Mapping[str, PythonFunction]
    queues: Mapping[str, sqs.IQueue]
    dead_letter_queues: Mapping[str, sqs.IQueue]
    tables: Mapping[str, dynamodb.ITable]
    rules: Mapping[str, events.IRule]
    state_machines: Mapping[str, FeedStateMachine]


def find_parts(stacks: Iterable[cdk.Stack]) -> CellParts:
    """Looks through all constructs of the stacks."""
    found = [each for stack in stacks for each in stack.node.find_all()]
    queues = [each for each in found if isinstance(each, QueueWithDeadLetters)]
    undeliverable = [each for each in found if isinstance(each, UndeliverableQueue)]
    return CellParts(
        functions=_by_name((each.service, each) for each in found if isinstance(each, PythonFunction)),
        queues=_by_name((part_name(each), each.queue) for each in queues),
        dead_letter_queues=_by_name(
            [
                *((part_name(each), each.dead_letter_queue) for each in queues),
                *((f"undeliverable of {_scope_id(each)}", each) for each in undeliverable),
            ]
        ),
        tables=_by_name((part_name(each), each) for each in found if isinstance(each, EncryptedTable)),
        rules=_by_name((_scope_id(each), each) for each in found if isinstance(each, events.Rule)),
        state_machines=_by_name((each.node.id, each) for each in found if isinstance(each, FeedStateMachine)),
    )


def part_name(construct: IConstruct) -> str:
    """What a construct is called in graphs: by its role, without what every one of its kind is called."""
    if isinstance(construct, EncryptedTable) and type(construct) is not EncryptedTable:
        return type(construct).__name__.removesuffix("Table")
    return construct.node.id.removesuffix("Queue")


def _scope_id(construct: IConstruct) -> str:
    scope = construct.node.scope
    if scope is None:
        raise TypeError(f"{construct.node.path} lies in nothing.")
    return scope.node.id


def _by_name(pairs: Iterable[tuple[str, _Part]]) -> dict[str, _Part]:
    """Sorted; names that several have are followed by where in the stacks each lies."""
    listed = sorted(pairs, key=lambda pair: (pair[0], pair[1].node.path))
    times = Counter(name for name, _ in listed)
    return {name if times[name] == 1 else f"{name} ({each.node.path})": each for name, each in listed}
