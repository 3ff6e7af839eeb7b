"""Missed events."""
