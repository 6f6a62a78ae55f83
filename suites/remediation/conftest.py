"""What the checks of cures have in common: a lab of their own, the bridge, and the cures."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from calicolab.faults.cures import (
    CorrectNodeAddress,
    ExplicitAddress,
    KeepStoredAddress,
    RemoveInterface,
    SetAutodetectionMethod,
)
from calicolab.faults.docker_bridge import DockerBridge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.faults.cures import Cure
    from calicolab.labs.base import Lab
    from fixtures.lab import LabKeeper
    from fixtures.story import FaultType, Inject

#: The node that is hit, by a bridge whose name no version passes over.
BRIDGE = DockerBridge(node="node02", bridge="mybr0")


def _right(lab: Lab) -> str:
    """The faulty node's own address with its prefix length, as it is stored while all is well."""
    return next(
        address.ipv4 or "" for address in lab.calicoctl.node_addresses() if address.node == BRIDGE.node
    )


def _method(method: str) -> Callable[[Lab], Cure]:
    return lambda lab: SetAutodetectionMethod(node=BRIDGE.node, method=method)


#: By name; each is made for the addresses of a lab that is well.
CURES: dict[str, Callable[[Lab], Cure]] = {
    "correct-node-address": lambda lab: CorrectNodeAddress(node=BRIDGE.node, address=_right(lab)),
    "interface": _method("interface=eth0"),
    "skip-interface": _method(f"skip-interface={BRIDGE.bridge}.*"),
    "cidr": lambda lab: SetAutodetectionMethod(
        node=BRIDGE.node, method=f"cidr={ipaddress.IPv4Interface(_right(lab)).network}"
    ),
    "can-reach": lambda lab: SetAutodetectionMethod(
        node=BRIDGE.node, method=f"can-reach={lab.nodes[0].address}"
    ),
    "kubernetes-internal-ip": _method("kubernetes-internal-ip"),
    "ip-none": lambda lab: KeepStoredAddress(node=BRIDGE.node, address=_right(lab)),
    "ip-explicit": lambda lab: ExplicitAddress(node=BRIDGE.node, address=lab.node(BRIDGE.node).address),
    "remove-bridge-and-restart": lambda lab: RemoveInterface(
        node=BRIDGE.node, interface=BRIDGE.bridge, restart=True
    ),
}
#: What a lab must be able to do for a cure, and why.
NEEDS = {
    "kubernetes-internal-ip": pytest.mark.needs(
        "kubernetes", reason="this method asks Kubernetes for the node's address"
    ),
}


@pytest.fixture
def lab(request: pytest.FixtureRequest, lab_keeper: LabKeeper) -> Lab:
    """A lab that is well at the beginning of each check: healed, or a new one when the check before upgraded it."""
    return lab_keeper.lab_for(request.node.nodeid)


@pytest.fixture
def inject(lab: Lab) -> Iterator[Inject]:
    """Inject faults that stay until the end of the check."""
    with ExitStack() as faults:

        def injected(fault: FaultType) -> FaultType:
            faults.enter_context(lab.fault(fault))
            return fault

        yield injected


@pytest.fixture
def bridge() -> DockerBridge:
    """The bridge that appears, not yet injected."""
    return BRIDGE


@pytest.fixture
def right(lab: Lab) -> str:
    """The faulty node's right address, as its Node resource should hold it."""
    return _right(lab)


@pytest.fixture(params=[pytest.param(name, marks=NEEDS.get(name, ())) for name in CURES])
def cure(request: pytest.FixtureRequest, lab: Lab) -> Cure:
    """Each cure, for this lab."""
    make: Callable[[Lab], Cure] = CURES[request.param]
    return make(lab)
