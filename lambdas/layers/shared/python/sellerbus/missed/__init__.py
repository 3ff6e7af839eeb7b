"""What Amazon should have notified and didn't: found by asking Amazon, published as if it had come."""
