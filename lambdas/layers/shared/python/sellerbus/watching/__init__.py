"""Looks at the stage as it is, from time to time: what nothing tells of by itself."""
