"""Single listing changes: gathered into feeds, each with its own result."""
