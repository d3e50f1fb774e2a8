"""Where the `livemerge` command and `python -m livemerge` begin."""

import signal


def main() -> None:
    """Runs the command line. Until a command listens for Ctrl-C itself, it just ends the process, without a trace."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from livemerge.cli import main as run  # noqa: PLC0415  loading takes most of a second, and Ctrl-C may come

    run()


if __name__ == "__main__":
    main()
