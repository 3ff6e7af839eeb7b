"""The sellers that Sellerbus works for."""
