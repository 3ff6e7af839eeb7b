"""What a function needs around its work: configuration, construction, observability, custom resources."""
