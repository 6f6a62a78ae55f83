"""Which images a kind lab needs, chosen from the pins before anything is pulled or built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.artifacts.calico_image_archives import CNI, KUBE_CONTROLLERS, NODE
from calicolab.artifacts.registry.pins import Pin, Pins, remedy, require_digests
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Calico's images, by the last part of their names.
CALICO = (NODE, CNI, KUBE_CONTROLLERS)


@dataclass(frozen=True)
class Choice:
    """The pins of a kind lab; each has its digest.

    Attributes:
        node: the image of kind's nodes; its tag is the version of Kubernetes.
        load_balancer: what stands before several control planes.
        etcd: etcd and etcdctl.
        pod: the test pods', with python3.
        tests: what the conformance tests run, beside what the nodes' image has in it.
        calico: by version of Calico, its images by the last part of their names.
    """

    node: Pin
    load_balancer: Pin
    etcd: Pin
    pod: Pin
    tests: tuple[Pin, ...]
    calico: Mapping[str, Mapping[str, Pin]]

    @property
    def all(self) -> tuple[Pin, ...]:
        """Each of them once."""
        calico = (pin for pins in self.calico.values() for pin in pins.values())
        every = (self.node, self.load_balancer, self.etcd, self.pod, *self.tests, *calico)
        return tuple(dict.fromkeys(every))


def choose(pins: Pins, *, versions: Sequence[str], kubernetes: str) -> Choice:
    """What a lab of each of `versions` of Calico needs.

    Args:
        pins: the rows.
        versions: of Calico.
        kubernetes: the version whose conformance tests there are; the nodes are of its minor version.

    Raises:
        UsageError: there is no row for something, or no digest in it.
    """
    minor = minor_version(kubernetes)
    choice = Choice(
        node=pins.first("node", matching=lambda pin: minor_version(pin.tag) == minor),
        load_balancer=pins.first("load balancer"),
        etcd=pins.first("etcd"),
        pod=pins.first("pods"),
        tests=_tests(pins),
        calico={version: _calico(pins, version) for version in versions},
    )
    require_digests(choice.all)
    return choice


def minor_version(version: str) -> str:
    """The first two numbers of `version`, such as "v1.34"."""
    return ".".join(version.split(".")[:2])


def short_name(pin: Pin) -> str:
    """The last part of an image's name."""
    return pin.name.rpartition("/")[2]


def _tests(pins: Pins) -> tuple[Pin, ...]:
    """The first row of each name."""
    named: dict[str, Pin] = {}
    for pin in pins.rows("conformance tests"):
        named.setdefault(pin.name, pin)
    return tuple(named.values())


def _calico(pins: Pins, version: str) -> Mapping[str, Pin]:
    rows = {short_name(pin): pin for pin in pins.rows("calico", matching=lambda pin: pin.tag == version)}
    missing = [name for name in CALICO if name not in rows]
    if missing:
        raise UsageError(
            f"--source registry has no image of calico/{', calico/'.join(missing)} {version}; {remedy()}"
        )
    return {name: rows[name] for name in CALICO}


def require_names(asked: Mapping[str, str], pinned: Mapping[str, Pin], *, by: str) -> None:
    """Raise unless the images that are asked for are those that are pinned.

    Args:
        asked: whole references by the last part of their names.
        pinned: the rows by the same.
        by: who asks, such as "the manifest of Calico v3.31.0".

    Raises:
        UsageError: some differ; all of them are named.
    """
    differ = [
        f"{pin.reference} (it asks for {asked.get(name, 'none of that name')})"
        for name, pin in pinned.items()
        if asked.get(name) != pin.reference
    ]
    if differ:
        raise UsageError(f"{by} does not ask for what is pinned: {', '.join(differ)}; {remedy()}")
