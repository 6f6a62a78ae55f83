"""Cures as values: what each does to a lab, and that what it claims to outlive is what calico-node would do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calicolab.calico import address_monitor, versions
from calicolab.calico.autodetection import Layout, Link, Settings, Stored, decide
from calicolab.calico.calicoctl import UpdateConflict
from calicolab.calico.start import STARTED
from calicolab.command import CommandResult
from calicolab.evidence.timeline import Timeline
from calicolab.faults.cures import (
    CorrectNodeAddress,
    ExplicitAddress,
    KeepStoredAddress,
    RemoveInterface,
    SetAutodetectionMethod,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from calicolab.faults.cures import Cure

RIGHT, WRONG = "192.168.21.12/24", "172.18.0.1/16"
NIC, BRIDGE = Link("eth0", 2, (RIGHT,)), Link("mybr0", 9, (WRONG,))

CURES: dict[str, Callable[[], Cure]] = {
    "correct": lambda: CorrectNodeAddress(node="node02", address=RIGHT),
    "interface": lambda: SetAutodetectionMethod(node="node02", method="interface=eth0"),
    "skip-interface": lambda: SetAutodetectionMethod(node="node02", method="skip-interface=mybr0.*"),
    "cidr": lambda: SetAutodetectionMethod(node="node02", method="cidr=192.168.21.0/24"),
    "can-reach": lambda: SetAutodetectionMethod(node="node02", method="can-reach=192.168.21.11"),
    "none": lambda: KeepStoredAddress(node="node02", address=RIGHT),
    "explicit": lambda: ExplicitAddress(node="node02", address="192.168.21.12"),
    "remove": lambda: RemoveInterface(node="node02", interface="mybr0"),
    "remove-and-restart": lambda: RemoveInterface(node="node02", interface="mybr0", restart=True),
}


@dataclass
class Recorder:
    """Stands in for a lab, node and calico-node alike: takes down what a cure does."""

    id: str = "netns-v3.23.2"
    timeline: Timeline = field(default_factory=Timeline)
    settings: dict[str, str] = field(default_factory=lambda: {"IP": "autodetect"})
    stored: str = WRONG
    links: tuple[Link, ...] = (NIC, BRIDGE)
    conflicts: int = 0
    said: str = f"earlier: {STARTED}\n"
    version: str = "v3.23.2"

    @property
    def calico(self) -> Recorder:
        return self

    def node(self, name: str) -> Recorder:
        assert name == "node02"
        return self

    def restart(self, *, environment: Any = None) -> None:
        self.settings.update(environment or {})
        self.said += f"{STARTED}\n"
        self.stored = self.decide().address

    def logs(self, service: str | None = None) -> str:
        assert service is None
        return self.said

    def run(self, argv: list[str]) -> None:
        assert argv[:3] == ["ip", "link", "delete"]
        self.links = tuple(link for link in self.links if link.name != argv[-1])

    @property
    def calicoctl(self) -> Any:
        return SimpleNamespace(get_node_yaml=self.get_node_yaml, apply=self.apply)

    def get_node_yaml(self, name: str) -> str:
        assert name == "node02"
        return yaml.safe_dump(
            {"metadata": {"name": name}, "spec": {"bgp": {"ipv4Address": self.stored, "asNumber": 7}}}
        )

    def apply(self, text: str) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise UpdateConflict(
                CommandResult(
                    argv=("calicoctl",), returncode=1, stdout="", stderr="update conflict", seconds=0.1
                )
            )
        node = yaml.safe_load(text)
        assert node["spec"]["bgp"]["asNumber"] == 7, json.dumps(node)
        self.stored = node["spec"]["bgp"]["ipv4Address"]

    def decide(self, version: str | None = None, stored: str | None = None) -> Any:
        settings = Settings(ip=self.settings["IP"], method=self.settings.get("IP_AUTODETECTION_METHOD"))
        return decide(
            version or self.version, Layout(self.links), settings, Stored(stored or self.stored, exists=True)
        )

    def look(self) -> None:
        """What a look of the monitor comes to: through v3.28 it is refused when it writes."""
        if address_monitor.reads_the_node_again(self.version):
            self.stored = self.decide().address


@pytest.mark.parametrize("version", versions.known())
@pytest.mark.parametrize("name", CURES)
def test_a_cure_outlives_what_the_model_says_it_does(name: str, version: str) -> None:
    cure = CURES[name]()
    claimed = cure.lasts(version)

    def cured() -> Recorder:
        lab = Recorder(version=version)
        cure.apply(lab)  # type: ignore[arg-type]  # as much of a lab as a cure needs
        if name == "remove":
            lab.look()
        assert (lab.stored == RIGHT) is cure.works(version)
        return lab

    if not cure.works(version):
        assert cured().decide().address == RIGHT, "a start does what the monitor cannot"
        return

    looked = cured()
    looked.look()
    looked.look()
    assert (looked.stored == RIGHT) is claimed.monitor
    assert (cured().decide().address == RIGHT) is claimed.restart
    for later in versions.known()[versions.known().index(version) + 1 :]:
        assert (cured().decide(later).address == RIGHT) is claimed.upgrade, later


def test_a_cure_says_what_it_does() -> None:
    for make in CURES.values():
        cure = make()
        lab = Recorder()
        cure.apply(lab)  # type: ignore[arg-type]  # as above
        assert cure.name
        assert cure.story.endswith(".")
        assert [(event.event, event.node) for event in lab.timeline.events] == [("cure-applied", "node02")]


def test_a_corrected_address_is_applied_again_when_the_node_was_written_meanwhile() -> None:
    lab = Recorder(conflicts=2)
    CURES["correct"]().apply(lab)  # type: ignore[arg-type]  # as above
    assert lab.stored == RIGHT


def test_a_corrected_address_that_is_refused_each_time_is_an_error() -> None:
    lab = Recorder(conflicts=3)
    with pytest.raises(UpdateConflict):
        CURES["correct"]().apply(lab)  # type: ignore[arg-type]  # as above
    assert lab.timeline.events == []


def test_the_bridge_stays_but_where_its_removal_is_the_cure() -> None:
    for name, make in CURES.items():
        lab = Recorder()
        make().apply(lab)  # type: ignore[arg-type]  # as above
        assert (BRIDGE in lab.links) is (not name.startswith("remove"))
