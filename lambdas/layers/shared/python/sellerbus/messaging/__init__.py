"""Messages to buyers: what is possible for an order now, checked, and sent at most once."""
