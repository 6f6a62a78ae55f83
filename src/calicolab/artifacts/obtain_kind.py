"""What a kind lab is made of: asked for by Calico's version, built or pulled when missing, verified always."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts.calico_images import obtain_calico_images
from calicolab.artifacts.kubernetes.obtain import bake, obtain_kubernetes
from calicolab.artifacts.obtain import SOURCES, obtain
from calicolab.artifacts.registry.obtain import obtain_pulled
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.calico_images import CalicoImages
    from calicolab.artifacts.images import Image
    from calicolab.artifacts.kubernetes.obtain import KubernetesFiles
    from calicolab.artifacts.progress import Progress

#: Where calicoctl lies in the namespace lab's layer for machines.
CALICOCTL = "usr/local/bin/calicoctl"


@dataclass(frozen=True)
class KindFiles:
    """The programs and images of a kind lab for one version of Calico.

    Attributes:
        version: Calico's, such as "v3.23.2".
        source: where images come from, "gomod" or "registry".
        calicoctl: the program.
        kubernetes: kind, the nodes' image, e2e.test.
        calico: Calico's images and its manifest.
        node_images: what every node imports when it starts, as the nodes' image does not have it in it.
        provenance: where each part comes from.
    """

    version: str
    source: str
    calicoctl: Path
    kubernetes: KubernetesFiles
    calico: CalicoImages
    node_images: tuple[Image, ...]
    provenance: Mapping[str, str]

    @property
    def without_cgo(self) -> bool:
        """Whether calico-node was built without cgo: upstream's images are not."""
        return self.source == "gomod"

    @property
    def etcd(self) -> Image:
        """etcd and etcdctl."""
        return self.calico.etcd

    @property
    def pod(self) -> Image:
        """The test pods' image."""
        return self.calico.pod

    @property
    def engine_images(self) -> tuple[Image, ...]:
        """What the engine itself runs."""
        return (self.kubernetes.node_image, self.calico.etcd, self.calico.load_balancer)

    @property
    def images(self) -> tuple[Image, ...]:
        """All of them."""
        return (*self.engine_images, *self.node_images)


def obtain_kind(versions: Sequence[str], *, source: str = "gomod", report: Progress) -> dict[str, KindFiles]:
    """The files of a kind lab for every version in `versions`.

    Args:
        versions: of Calico, such as "v3.23.2".
        source: "gomod" builds all of it; "registry" pulls the images, and builds what comes in no image.
        report: told what is built, what was damaged and how long it took.

    Raises:
        UsageError: an unknown version or source, or something on this machine that the user must change first.
        ArtifactError: something could not be fetched or built.
    """
    if source not in SOURCES:
        raise UsageError(f"unknown source {source!r}: known are {', '.join(SOURCES)}")
    return (_pulled if source == "registry" else _built)(versions, report)


@dataclass(frozen=True)
class CalicoFiles:
    """What another version of Calico is made of, for a kind lab that stands already.

    Attributes:
        version: Calico's, such as "v3.31.0".
        calicoctl: the program.
        calico: its images and its manifest.
    """

    version: str
    calicoctl: Path
    calico: CalicoImages

    @property
    def images(self) -> tuple[Image, ...]:
        """What runs in the cluster's nodes."""
        return (self.calico.node, self.calico.cni, self.calico.kube_controllers)


def obtain_calico(version: str, *, source: str, report: Progress) -> CalicoFiles:
    """The files of another version, for an upgrade; arguments and errors as of `obtain_kind`."""
    if source == "registry":
        pulled = obtain_pulled([version], report)
        name = next(iter(pulled.calico))
        return CalicoFiles(version=name, calicoctl=pulled.calicoctl[name], calico=pulled.calico[name])
    name, lab = next(iter(obtain([version], report=report).items()))
    images = obtain_calico_images([name], report)[name]
    return CalicoFiles(version=name, calicoctl=lab.machine / CALICOCTL, calico=images)


def _built(versions: Sequence[str], report: Progress) -> dict[str, KindFiles]:
    labs = obtain(versions, report=report)
    kubernetes = obtain_kubernetes(report)
    images = obtain_calico_images(list(labs), report)
    return {
        version: KindFiles(
            version=version,
            source="gomod",
            calicoctl=lab.machine / CALICOCTL,
            # Each node would spend its first seconds on unpacking half a gigabyte otherwise, while kubeadm works.
            kubernetes=bake(kubernetes, _of_calico(images[version]), what=f"Calico {version}", report=report),
            calico=images[version],
            node_images=(),
            provenance=MappingProxyType(
                {**kubernetes.provenance, **lab.provenance, **images[version].provenance}
            ),
        )
        for version, lab in labs.items()
    }


def _pulled(versions: Sequence[str], report: Progress) -> dict[str, KindFiles]:
    pulled = obtain_pulled(versions, report)
    return {
        version: KindFiles(
            version=version,
            source="registry",
            calicoctl=pulled.calicoctl[version],
            kubernetes=pulled.kubernetes,
            calico=calico,
            node_images=(*_of_calico(calico), *pulled.tests),
            provenance=MappingProxyType({**pulled.kubernetes.provenance, **calico.provenance}),
        )
        for version, calico in pulled.calico.items()
    }


def _of_calico(calico: CalicoImages) -> tuple[Image, ...]:
    """What runs in the nodes of a cluster with this Calico, and the test pods."""
    return (calico.node, calico.cni, calico.kube_controllers, calico.pod)
