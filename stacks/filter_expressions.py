"""What Amazon accepts of CEL in `filterExpression`.

Source: developer-docs, "Create and filter notification subscriptions": CEL without arithmetic operators
(+ - * / %) and without list or map indexing ([ ]), at most 256 characters.
"""

MAXIMUM_CHARACTERS = 256
_REFUSED = {**dict.fromkeys("+-*/%", "an arithmetic operator"), **dict.fromkeys("[]", "indexing")}
_QUOTES = "'\"`"


def filter_expression_faults(expression: str) -> list[str]:
    """What is wrong with an expression, each fault as a clause without its subject; empty where nothing is.

    Only what Amazon documents is checked, not the whole CEL grammar. Characters in string literals are free.
    """
    faults = []
    if not expression.strip():
        faults.append("is empty")
    if len(expression) > MAXIMUM_CHARACTERS:
        faults.append(f"has {len(expression)} characters, more than {MAXIMUM_CHARACTERS}")
    code, unterminated = _outside_literals(expression)
    refused = dict.fromkeys((character, _REFUSED[character]) for character in code if character in _REFUSED)
    faults.extend(f"uses {kind} ({character})" for character, kind in refused)
    if unterminated:
        faults.append(f"has a string literal without its closing {unterminated}")
    return faults


def _outside_literals(expression: str) -> tuple[str, str]:
    """The characters outside string literals, and the quote that is left open ("" where none is)."""
    code: list[str] = []
    quote = ""
    escaped = False
    for character in expression:
        if not quote:
            if character in _QUOTES:
                quote = character
            else:
                code.append(character)
        elif escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == quote:
            quote = ""
    return "".join(code), quote
