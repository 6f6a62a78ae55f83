"""What a cluster is made of: built when missing, verified always."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts.cache import Cache, Recipe, checksum, default_root
from calicolab.artifacts.debian_root import DebianRoot
from calicolab.artifacts.images import Image, configuration_digest
from calicolab.artifacts.kubernetes import node_image, node_version, sources
from calicolab.artifacts.kubernetes.baked_image import BakedImage
from calicolab.artifacts.kubernetes.cluster_images import Programs
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.kubernetes.node_image import NodeImage, Parts
from calicolab.artifacts.kubernetes.node_root import NodeRoot
from calicolab.artifacts.kubernetes.pause import Pause

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Progress


@dataclass(frozen=True)
class KubernetesFiles:
    """A cluster's files. They are read-only: what changes one damages the cache.

    Attributes:
        version: Kubernetes', such as "v1.34.4".
        kind: the program kind.
        kubectl: the program kubectl, of that version.
        e2e: the program e2e.test, of that version.
        ginkgo: the program that runs its specs side by side.
        node_image: the image of kind's nodes.
        images: what is in the nodes' containerd, by short name: {"agnhost": its whole reference}.
        provenance: where each part comes from.
    """

    version: str
    kind: Path
    kubectl: Path
    e2e: Path
    ginkgo: Path
    node_image: Image
    images: Mapping[str, str]
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class Recipes:
    """The recipes of a cluster's files, in the order in which they can be made."""

    programs: GoPrograms
    e2e: GoPrograms
    coredns: GoPrograms
    crictl: GoPrograms
    kind: GoPrograms
    ginkgo: GoPrograms
    debian: DebianRoot
    pause: Pause
    node_root: NodeRoot
    node_image: NodeImage

    def ordered(self) -> tuple[Recipe, ...]:
        """All of them, each after what it is made from."""
        return (
            *(self.kind, self.ginkgo, self.debian, self.node_root),
            *(self.programs, self.pause, self.e2e, self.crictl, self.coredns, self.node_image),
        )


def recipes(cache: Cache) -> Recipes:
    """The recipes of the one version of Kubernetes that is built."""
    root = cache.root
    programs, e2e, coredns, crictl, kind, ginkgo = (
        GoPrograms(source, cache=root) for source in sources.SOURCES
    )
    debian = DebianRoot(root)
    pause = Pause(
        cache=root,
        source=cache.files(programs) / "pause.c",
        source_key=programs.key,
        version=sources.PAUSE,
    )
    nodes = NodeRoot(cache=root, base=cache.files(kind) / "base", base_key=kind.key)
    parts = Parts(
        programs=Programs(
            kubernetes=cache.files(programs),
            e2e=cache.files(e2e),
            coredns=cache.files(coredns),
            pause=cache.files(pause),
            debian=cache.files(debian),
        ),
        crictl=cache.files(crictl),
        root=cache.files(nodes),
        keys=tuple(recipe.key for recipe in (programs, e2e, coredns, pause, debian, crictl, nodes)),
    )
    image = NodeImage(cache=root, version=sources.KUBERNETES, parts=parts)
    return Recipes(programs, e2e, coredns, crictl, kind, ginkgo, debian, pause, nodes, image)


def obtain_kubernetes(report: Progress) -> KubernetesFiles:
    """The files of a cluster: what is missing is built, and everything is verified.

    Raises:
        UsageError: something on this machine that the user must change first.
        ArtifactError: something could not be fetched or built.
    """
    cache = Cache(default_root())
    wanted = recipes(cache)
    entries = cache.obtain(wanted.ordered(), report=report)
    provenance: dict[str, str] = {}
    for entry in entries:
        provenance |= entry.manifest.provenance
    image = cache.files(wanted.node_image)
    node_version.require(
        node_version.read(image / node_image.ARCHIVE),
        wanted=sources.KUBERNETES,
        image=wanted.node_image.image_name,
    )
    return KubernetesFiles(
        version=sources.KUBERNETES,
        kind=cache.files(wanted.kind) / "kind",
        kubectl=cache.files(wanted.programs) / "kubectl",
        e2e=cache.files(wanted.e2e) / "e2e.test",
        ginkgo=cache.files(wanted.ginkgo) / "ginkgo",
        node_image=Image(name=wanted.node_image.image_name, archive=image / node_image.ARCHIVE),
        images=MappingProxyType(json.loads((image / node_image.NAMES).read_text())),
        provenance=MappingProxyType(provenance),
    )


def bake(files: KubernetesFiles, baked: Sequence[Image], *, what: str, report: Progress) -> KubernetesFiles:
    """`files` with a node image that has the images `baked`, too: its nodes need not import them.

    Args:
        files: as `obtain_kubernetes` returned them.
        baked: images in archives, such as Calico's.
        what: what progress calls them, such as "Calico v3.23.2".
        report: told what is built.

    Raises:
        ArtifactError: it could not be built.
    """
    cache = Cache(default_root())
    wanted = recipes(cache)
    recipe = BakedImage(
        cache=cache.root,
        base=files.node_image.archive,
        root=cache.files(wanted.node_root),
        base_key=wanted.node_image.key,
        version=files.version,
        baked=baked,
        baked_key=checksum(*(word for image in baked for word in (image.name, configuration_digest(image)))),
        what=what,
    )
    (entry,) = cache.obtain([recipe], report=report)
    return replace(
        files,
        node_image=Image(name=recipe.image_name, archive=entry.files / node_image.ARCHIVE),
        provenance=MappingProxyType({**files.provenance, **entry.manifest.provenance}),
    )
