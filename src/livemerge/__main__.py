"""`python -m livemerge`: the command line."""

from livemerge.cli import main

main()
