"""Tests of the operator's window to Amazon."""
