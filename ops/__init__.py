"""The command line `sellerbus`, with which an operator works on a deployed stage."""
