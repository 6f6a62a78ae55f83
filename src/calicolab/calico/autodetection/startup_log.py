"""What the real `calico-node -startup` did, read from its log, its exit code and the Node it left behind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calicolab.calico.autodetection.facts import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.calico.autodetection.facts import Outcome

#: 2026-11-23 18:01:28.968 [INFO][20] startup/autodetection_methods.go 103: Using ...
_LINE = re.compile(r"^\S+ \S+ \[(?P<level>[A-Z]+)\]\[\d+\] \S+ \d+: (?P<text>.*)$")
#: What it says of the address without a warning.
_INFORMATION = (
    "Using autodetected IPv4 address ",
    "Using IPv4 address from environment: ",
    "Autodetection for IPv4 disabled, ",
    "No IPv4 or IPv6 addresses ",
)
#: Warnings that are about something else, or say again what another line says.
_BESIDES = (
    "Terminating",
    "IPv4 address has changed. This could happen",
    "Invalid interface regex",
    "error creating inClusterConfig",
    "Neither --kubeconfig nor --master was specified",
    "Expected /",
)
_TAKES = ("Using autodetected IPv4 address ", "Using IPv4 address from environment: ")
_KEEPS = ("Autodetection for IPv4 disabled, ", "Autodetection of IPv4 address failed, keeping")
_INTERFACE = re.compile(r"on (?:matching )?interface (?P<name>[^\s:]+)")
_CONFLICT = re.compile(r"^Calico node '(?P<name>.+)' is already using the IPv4 address ")


def read(log: str, *, exit_code: int, before: str, after: str) -> Decision:
    """The decision that a start amounts to.

    Args:
        log: all it said.
        exit_code: how it ended.
        before: the address that was stored; "" for none.
        after: the one that is stored now.

    Returns:
        Every warning and error is in the message, so that one which nobody expected is not overlooked. `interface` is
        "" where the log does not name it.
    """
    lines = list(_lines(log))
    interface = next((match["name"] for match in map(_INTERFACE.search, lines) if match), "")
    conflict = next((match["name"] for match in map(_CONFLICT.match, lines) if match), "")
    return Decision(_outcome(lines, exit_code, before, after), after, interface, conflict, "\n".join(lines))


def _outcome(lines: list[str], exit_code: int, before: str, after: str) -> Outcome:
    if exit_code != 0:
        return "die"
    if not after:
        return "none"
    if any(line.startswith(_KEEPS) for line in lines):
        return "keep"
    if any(line.startswith(_TAKES) for line in lines) or before != after:
        return "take"
    return "keep"


def _lines(log: str) -> Iterator[str]:
    for line in log.splitlines():
        match = _LINE.match(line)
        if match is None:
            if line.startswith(("panic:", "fatal error:")):
                yield line
        elif match["text"].startswith(_INFORMATION) or (
            match["level"] != "INFO" and not match["text"].startswith(_BESIDES)
        ):
            yield match["text"]
