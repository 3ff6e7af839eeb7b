"""CEL without arithmetic and indexing."""

import pytest

from stacks.filter_expressions import filter_expression_faults


@pytest.mark.parametrize(
    "expression",
    [
        "FulfillmentOrderStatusNotification.FulfillmentOrderStatus == 'SHIPPED'",
        "a == 'x + y - z * 1 / 2 % 3 [0]'",
        'a == "it\'s - fine" && b != `a/b`',
        r"a == 'a quote \' and - a minus'",
        "a" * 256,
    ],
)
def test_allowed(expression: str) -> None:
    assert filter_expression_faults(expression) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("a + b == 1", "uses an arithmetic operator (+)"),
        ("a - b == 1", "uses an arithmetic operator (-)"),
        ("a * b == 1", "uses an arithmetic operator (*)"),
        ("a / b == 1", "uses an arithmetic operator (/)"),
        ("a % b == 1", "uses an arithmetic operator (%)"),
        ("a == 'x' || b - 1 == 2", "uses an arithmetic operator (-)"),
        (r"a == 'x\\' - 1", "uses an arithmetic operator (-)"),
        ("a[0] == 1", "uses indexing ([)"),
        ("a] == 1", "uses indexing (])"),
        ("a" * 257, "has 257 characters, more than 256"),
        ("  ", "is empty"),
        ("a == 'open", "has a string literal without its closing '"),
    ],
)
def test_refused(expression: str, fault: str) -> None:
    assert fault in filter_expression_faults(expression)


def test_each_fault_is_named_once() -> None:
    assert filter_expression_faults("a + b + c == 1") == ["uses an arithmetic operator (+)"]
