"""`python -m ops` is the command line `sellerbus`."""

from ops.cli import main

main()
