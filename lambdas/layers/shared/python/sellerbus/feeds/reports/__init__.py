"""Processing reports of any kind, as one shape."""
