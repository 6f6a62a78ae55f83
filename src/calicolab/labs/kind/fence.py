"""The fence: nothing that leaves the lab's bridge goes anywhere, not even to the machine that it is on.

Peers dial the injected 172.18.0.1, and that packet follows the default route. Docker's own chain for such rules turns
it away before anything else looks at it, as a closed port would, so that BIRD says what the incident saw: Connection
refused. Whenever any network is made, Docker takes the way to that chain away and puts it back, and an engine that
starts again puts its own rules first: so the same rule stands in FORWARD too, and holds while the other may not.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from calicolab.command import CommandFailed, CommandResult, run, run_status
from calicolab.errors import LabError
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.engine import Engine
    from calicolab.labs.kind.network import Network

#: Program and chain. Docker leaves what is in DOCKER-USER alone and goes there first (Docker's documentation, "Packet
#: filtering and firewalls"); it has such a chain for IPv6 only when it filters that.
_USER, _FORWARD, _V6 = ("iptables", "DOCKER-USER"), ("iptables", "FORWARD"), ("ip6tables", "FORWARD")
#: What is for the machine itself is not forwarded, and the machine may have an address that is injected: 172.18.0.1 is
#: that of Docker's first network of its user's.
_INPUT = ("iptables", "INPUT")
#: Where Docker's rules go to DOCKER-USER.
_TO_USER = ["-A", "FORWARD", "-j", _USER[1]]
#: What the comment of a lab's rules begins with; the lab's name follows.
COMMENT = "calicolab:"
#: Seconds for iptables, which waits for others that hold its lock.
TIMEOUT = 30.0
#: Seconds within which Docker has put back the way to DOCKER-USER: it does so at once, however busy the machine.
SETTLE_TIMEOUT = 5.0


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
    try:
        wait_for(lambda: _stands_before(engine, mark), until=lambda flaw: not flaw, timeout=SETTLE_TIMEOUT)
    except WaitTimeout as error:
        raise LabError(f"the lab's fence is not up: {error}") from error


def _stands_before(engine: Engine, mark: str) -> str:
    """What keeps packets from the fence; "" when nothing does."""
    for rule in _listed(engine, *_USER):
        if f"{COMMENT}{mark}" in rule:
            break
        # Another lab's fence may stand before it: that turns away as well.
        if not any(word.startswith(COMMENT) for word in rule):
            return f"another rule stands before it in {_USER[1]}: {shlex.join(rule)}"
    for rule in _listed(engine, *_FORWARD):
        if rule == _TO_USER or f"{COMMENT}{mark}" in rule:
            return ""
        if not any(word.startswith(COMMENT) for word in rule):
            return (
                f"the chain FORWARD does not go to {_USER[1]} first (it has: {shlex.join(rule)}); "
                "start the Docker engine again, which puts it first"
            )
    return f"the chain FORWARD does not go to {_USER[1]}; start the Docker engine again, which puts it there"


def lower(engine: Engine, *, mark: str) -> None:
    """Remove the rules that carry `mark`. None is no error."""
    for program, chain in (_USER, _FORWARD, _INPUT, _V6):
        for rule in _listed(engine, program, chain):
            if f"{COMMENT}{mark}" in rule:
                # "-A CHAIN ..." becomes "-D CHAIN ...".
                _run_status(engine, [program, "-w", "-D", *rule[1:]])


def _rules(network: Network, mark: str) -> tuple[tuple[tuple[str, str], list[str]], ...]:
    comment = ["-m", "comment", "--comment", f"{COMMENT}{mark}"]
    leaves = ["-i", network.bridge, "!", "-o", network.bridge, *comment]
    # Answers to what the machine asks of the lab are to come through.
    to_the_machine = ["-i", network.bridge, "-m", "conntrack", "--ctstate", "NEW", *comment]
    refuse = ["-j", "REJECT", "--reject-with", "icmp-port-unreachable"]
    return (
        (_USER, [*leaves, *refuse]),
        (_FORWARD, [*leaves, *refuse]),
        (_INPUT, [*to_the_machine, *refuse]),
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
