"""What a start of calico-node is asked about, and what its log tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from calicolab.calico import address_choice, start
from calicolab.calico.address_choice import Start
from calicolab.calico.autodetection import Recorded, Settings, Stored
from calicolab.calico.facts import Interface
from calicolab.errors import LabError

#: As v3.23.2 says it, with a node of its own and one that has the address.
DIED = """\
2026-11-23 18:08:29.283 [INFO][22] startup/startup.go 94: Starting node node03 with version v3.23.2
2026-11-23 18:08:29.299 [INFO][22] startup/autodetection_methods.go 103: Using autodetected IPv4 address on interface \
mybr0: 172.18.0.1/16
2026-11-23 18:08:29.303 [WARNING][22] startup/startup.go 984: Calico node 'node02' is already using the IPv4 address \
172.18.0.1.
2026-11-23 18:08:29.303 [INFO][22] startup/startup.go 389: FELIX_IPV6SUPPORT is false through environment variable
2026-11-23 18:08:29.306 [WARNING][22] startup/utils.go 49: Terminating
Calico node failed to start
"""
NODES = {
    "items": [
        {"metadata": {"name": "node01"}, "spec": {"bgp": {"ipv4Address": "192.168.21.11/24"}}},
        {
            "metadata": {"name": "node02"},
            "spec": {
                "bgp": {"ipv4Address": "192.168.21.12/24"},
                "interfaces": [{"name": "eth0", "addresses": ["192.168.21.12"]}, {"name": "mybr0"}],
            },
        },
        {"metadata": {"name": "node03"}},
    ]
}


def lab_with(nodes: Any = NODES, **cannot: str) -> Any:
    return SimpleNamespace(cannot=cannot, calicoctl=SimpleNamespace(get=lambda _kind: nodes))


class Calico:
    """A calico-node that says this when it is started, after what it has said before."""

    def __init__(self, said: str) -> None:
        self.said, self.log, self.settings = said, "before\n", None

    def logs(self) -> str:
        return self.log

    def restart(self, *, environment: Any = None) -> None:
        self.settings = environment
        self.log += self.said

    def interfaces(self) -> tuple[Interface, ...]:
        return (Interface(2, "eth0", "veth", "UP", True, 1500, ("192.168.21.12/24",)),)


def node_that_says(said: str) -> Any:
    return SimpleNamespace(name="node02", address="192.168.21.12", calico=Calico(said))


def test_only_what_it_says_of_its_address_is_shown() -> None:
    start = Start(died=True, stored=None, interface="", log=DIED)
    assert start.said.splitlines() == [
        "Using autodetected IPv4 address on interface mybr0: 172.18.0.1/16",
        "Calico node 'node02' is already using the IPv4 address 172.18.0.1.",
    ]
    assert not start.kept
    assert start.lacks("Terminating\nnever said") == ["never said"]
    assert start.lacks(start.said) == []


def test_a_start_is_told_from_what_was_said_before() -> None:
    node = node_that_says("Calico node started successfully\n")
    start = address_choice.start(lab_with(), node, environment={"IP": "autodetect"})
    assert start == Start(
        died=False,
        stored="192.168.21.12/24",
        interface="eth0",
        log="Calico node started successfully\n",
    )
    assert node.calico.settings == {"IP": "autodetect"}


def test_a_death_is_an_end_as_well() -> None:
    assert address_choice.start(lab_with(), node_that_says(DIED)).died


def test_neither_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "TIMEOUT", 0.01)
    with pytest.raises(LabError, match="did not start on node02"):
        address_choice.start(lab_with(), node_that_says("Early log level set to info\n"))


def test_what_is_stored_of_a_node_and_of_the_others() -> None:
    assert address_choice.stored(lab_with(), "node02") == Stored(
        address="192.168.21.12/24",
        others={"node01": "192.168.21.11/24"},
        interfaces=(Recorded("eth0", ("192.168.21.12",)), Recorded("mybr0")),
        exists=True,
    )
    assert address_choice.stored(lab_with(), "node03").address is None
    assert address_choice.stored(lab_with(), "node04").exists is False


def test_settings_are_read_from_the_containers_environment() -> None:
    node = node_that_says("")
    environment = {
        "IP": "none",
        "IP_AUTODETECTION_METHOD": "cidr=10.0.0.0/8",
        "DISABLE_NODE_IP_CHECK": "true",
        "CALICO_NETWORKING_BACKEND": "vxlan",
    }
    assert address_choice.settings_of(lab_with(kubernetes="no"), node, environment) == Settings(
        ip="none", method="cidr=10.0.0.0/8", node_ip_check=False, backend="vxlan"
    )
    assert address_choice.settings_of(lab_with(), node, {}) == Settings(
        ip=None, kubernetes_internal_ip="192.168.21.12", kubernetes=True
    )
