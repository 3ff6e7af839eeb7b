"""`sellerbus doctor`: looks at a stage from the outside in and names what is wrong, with its mending."""
