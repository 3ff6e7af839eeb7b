"""Calling Amazon: operations, errors, tokens, throttling, endpoints. Knows nothing of its callers."""
