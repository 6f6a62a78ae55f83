"""What a kind lab is made of: asked for by Calico's version, built or pulled when missing, verified always."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts.calico_images import obtain_calico_images
from calicolab.artifacts.kubernetes.obtain import obtain_kubernetes
from calicolab.artifacts.obtain import SOURCES, obtain
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.calico_images import CalicoImages
    from calicolab.artifacts.images import Image
    from calicolab.artifacts.kubernetes.obtain import KubernetesFiles
    from calicolab.artifacts.obtain import LabFiles
    from calicolab.artifacts.progress import Progress


@dataclass(frozen=True)
class KindFiles:
    """The programs and images of a kind lab for one version of Calico.

    Attributes:
        version: Calico's, such as "v3.23.2".
        source: where images come from, "gomod" or "registry".
        lab: the namespace lab's layers, of which calicoctl is used here.
        kubernetes: kind, the nodes' image, e2e.test.
        calico: Calico's images and its manifest.
        provenance: where each part comes from.
    """

    version: str
    source: str
    lab: LabFiles
    kubernetes: KubernetesFiles
    calico: CalicoImages
    provenance: Mapping[str, str]

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
    def node_images(self) -> tuple[Image, ...]:
        """What every node runs, beside what its image has in it."""
        return (self.calico.node, self.calico.cni, self.calico.kube_controllers, self.calico.pod)

    @property
    def images(self) -> tuple[Image, ...]:
        """All of them."""
        return (*self.engine_images, *self.node_images)


def obtain_kind(versions: Sequence[str], *, source: str = "gomod", report: Progress) -> dict[str, KindFiles]:
    """The files of a kind lab for every version in `versions`.

    Args:
        versions: of Calico, such as "v3.23.2".
        source: "gomod"; "registry" is not there yet.
        report: told what is built, what was damaged and how long it took.

    Raises:
        UsageError: an unknown version or source, or something on this machine that the user must change first.
        ArtifactError: something could not be fetched or built.
    """
    if source not in SOURCES:
        raise UsageError(f"unknown source {source!r}: known are {', '.join(SOURCES)}")
    if source == "registry":
        raise UsageError(
            "--source registry is not there yet: images cannot be pulled; leave it out to build from Go modules"
        )
    labs = obtain(versions, report=report)
    kubernetes = obtain_kubernetes(report)
    images = obtain_calico_images(list(labs), report)
    return {
        version: KindFiles(
            version=version,
            source=source,
            lab=lab,
            kubernetes=kubernetes,
            calico=images[version],
            provenance=MappingProxyType(
                {**kubernetes.provenance, **lab.provenance, **images[version].provenance}
            ),
        )
        for version, lab in labs.items()
    }
