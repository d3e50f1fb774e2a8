"""Where the `livemerge` command and `python -m livemerge` begin."""

import sys


def main() -> None:
    """Runs the command line; Ctrl-C while it still loads ends it as quietly as later."""
    try:
        from livemerge.cli import main as run  # noqa: PLC0415  loading takes most of a second
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
