"""What several capabilities need of AWS: calls that may fail for now, many conditional writes, own events."""
