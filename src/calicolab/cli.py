"""`calicolab`, the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING

from calicolab.errors import CalicolabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Each subcommand and its module in calicolab.commands, in the order in which help lists them.
COMMANDS = {
    "build": "build",
    "up": "up",
    "status": "status",
    "exec": "execute",
    "inject": "inject",
    "autodetect": "autodetect",
    "down": "down",
    "report": "report",
    "docker": "docker",
}

#: Exit codes: argparse's own for what cannot be asked for, "inconclusive" for what broke, the shell's for Ctrl-C.
EXIT_USAGE, EXIT_BROKEN, EXIT_INTERRUPTED = 2, 6, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (the process's own when None) and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="calicolab", description="Conformance and fault injection for Calico."
    )
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    words = sys.argv[1:] if argv is None else list(argv)
    # Only the asked-for one is imported: the labs' libraries take longer to import than a build that has nothing to do.
    wanted = words[:1] if words and words[0] in COMMANDS else list(COMMANDS)
    for name in wanted:
        importlib.import_module(f"calicolab.commands.{COMMANDS[name]}").register(subparsers)
    arguments = parser.parse_args(words)
    try:
        code: int = arguments.run(arguments)
    except CalicolabError as error:
        print(f"calicolab: {error}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_BROKEN
    except KeyboardInterrupt:
        print("calicolab: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
