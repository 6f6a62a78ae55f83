"""The fence: nothing that leaves the lab's bridge goes anywhere.

Peers dial the injected 172.18.0.1, and that packet follows the default route. Docker's own chain for such rules turns
it away before anything else looks at it, as a closed port would, so that BIRD says what the incident saw: Connection
refused.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from calicolab.command import CommandFailed, CommandResult, run, run_status
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.engine import Engine
    from calicolab.labs.kind.network import Network

#: Program and chain. Docker leaves what is in DOCKER-USER alone and goes there first (Docker's documentation, "Packet
#: filtering and firewalls"); it has such a chain for IPv6 only when it filters that.
_V4, _V6 = ("iptables", "DOCKER-USER"), ("ip6tables", "FORWARD")
#: What the comment of a lab's rules begins with; the lab's name follows.
COMMENT = "calicolab:"
#: Seconds for iptables, which waits for others that hold its lock.
TIMEOUT = 30.0


def raise_(engine: Engine, network: Network, *, mark: str) -> None:
    """Close the way out of `network` and prove it closed.

    Args:
        engine: where the network is.
        network: the lab's.
        mark: the lab's name, which the rules carry.

    Raises:
        LabError: it could not be closed; the lab must not start.
    """
    for (program, chain), rule in _rules(network, mark):
        _run(engine, [program, "-w", "-I", chain, "1", *rule])
    prove(engine, network, mark=mark)


def prove(engine: Engine, network: Network, *, mark: str) -> None:
    """Look at the fence afresh; arguments as `raise_`.

    Raises:
        LabError: a rule is missing, or is not reached.
    """
    for (program, chain), rule in _rules(network, mark):
        if not _run_status(engine, [program, "-w", "-C", chain, *rule]).succeeded:
            raise LabError(
                f"the lab's fence is not up: {program} {chain} does not turn away what {network.bridge} sends out"
            )
    first = _listed(engine, _V4[0], "FORWARD")[:1]
    if first != [["-A", "FORWARD", "-j", _V4[1]]]:
        found = shlex.join(first[0]) if first else "nothing"
        raise LabError(
            f"the lab's fence is not up: the chain FORWARD does not go to {_V4[1]} first (it has: {found}); "
            "start the Docker engine again, which puts it first"
        )
    for rule in _listed(engine, *_V4):
        if f"{COMMENT}{mark}" in rule:
            return
        # Another lab's fence may stand before it: that turns away as well.
        if not any(word.startswith(COMMENT) for word in rule):
            raise LabError(
                f"the lab's fence is not up: another rule stands before it in {_V4[1]}: {shlex.join(rule)}"
            )


def lower(engine: Engine, *, mark: str) -> None:
    """Remove the rules that carry `mark`. None is no error."""
    for program, chain in (_V4, _V6):
        for rule in _listed(engine, program, chain):
            if f"{COMMENT}{mark}" in rule:
                # "-A CHAIN ..." becomes "-D CHAIN ...".
                _run_status(engine, [program, "-w", "-D", *rule[1:]])


def _rules(network: Network, mark: str) -> tuple[tuple[tuple[str, str], list[str]], ...]:
    leaves = [
        "-i",
        network.bridge,
        "!",
        "-o",
        network.bridge,
        "-m",
        "comment",
        "--comment",
        f"{COMMENT}{mark}",
    ]
    return (
        (_V4, [*leaves, "-j", "REJECT", "--reject-with", "icmp-port-unreachable"]),
        (_V6, [*leaves, "-j", "DROP"]),
    )


def _listed(engine: Engine, program: str, chain: str) -> list[list[str]]:
    """The rules of a chain, each as words; none when there is no such chain."""
    said = _run_status(engine, [program, "-w", "-S", chain])
    return [shlex.split(line) for line in said.stdout.splitlines() if line.startswith("-A ")]


def _run(engine: Engine, argv: Sequence[str]) -> CommandResult:
    try:
        return run(engine.network_argv(argv), timeout=TIMEOUT)
    except CommandFailed as failed:
        raise LabError(f"the lab's fence could not be raised: {failed}") from failed


def _run_status(engine: Engine, argv: Sequence[str]) -> CommandResult:
    return run_status(engine.network_argv(argv), timeout=TIMEOUT)
