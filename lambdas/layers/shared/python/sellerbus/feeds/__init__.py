"""Feeds: what is checked before one is submitted, what becomes of it, and what its report says."""
