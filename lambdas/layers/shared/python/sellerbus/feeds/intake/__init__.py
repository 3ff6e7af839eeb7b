"""How feeds are handed over: files in the inbox, and events."""
