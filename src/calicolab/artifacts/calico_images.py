"""What a kind cluster needs beside Kubernetes: Calico's images and manifest by version, and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts import calico_manifest, support_images
from calicolab.artifacts.cache import Cache, Entry, Recipe, checksum, default_root
from calicolab.artifacts.calico_image_archives import CNI, KUBE_CONTROLLERS, NODE, CalicoImageArchives, Parts
from calicolab.artifacts.calico_manifest import CalicoManifest
from calicolab.artifacts.calico_programs import CalicoPrograms
from calicolab.artifacts.debian_programs import DebianPrograms, MoreCniPlugins
from calicolab.artifacts.debian_root import DebianRoot
from calicolab.artifacts.helm import HELM
from calicolab.artifacts.images import Image
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.kubernetes.sources import KIND
from calicolab.artifacts.support_images import SupportImages
from calicolab.calico.versions import lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Progress
    from calicolab.calico.versions import Version


@dataclass(frozen=True)
class CalicoImages:
    """One version's images, called as its manifest calls them, and what is the same for all versions.

    Attributes:
        version: Calico's, such as "v3.23.2".
        node: calico/node: the same files as the namespace lab's container, over the same root file system.
        cni: calico/cni, the plugins and their installer.
        kube_controllers: calico/kube-controllers.
        manifest: upstream's calico-etcd.yaml, unchanged.
        etcd: etcd and etcdctl; its entry point is etcd.
        pod: the root file system, with python3, curl and dig.
        load_balancer: haproxy, named and laid out as kind wants it.
        provenance: where each part comes from.
    """

    version: str
    node: Image
    cni: Image
    kube_controllers: Image
    manifest: Path
    etcd: Image
    pod: Image
    load_balancer: Image
    provenance: Mapping[str, str]


class _Recipes:
    """All that the images of some versions are made of; each needs those before it."""

    def __init__(self, rows: Sequence[Version], cache: Cache) -> None:
        self._cache = cache
        self._programs, self._debian = DebianPrograms(cache.root), DebianRoot(cache.root)
        self._plugins, self._helm = MoreCniPlugins(cache.root), GoPrograms(HELM, cache=cache.root)
        self._kind = GoPrograms(KIND, cache=cache.root)
        #: Where kind says what its load balancer's image is called.
        self.load_balancer_source = cache.files(self._kind) / "loadbalancer.go"
        self.support = SupportImages(
            cache=cache.root,
            debian=cache.files(self._debian),
            machine=cache.files(self._programs),
            load_balancer_source=self.load_balancer_source,
            parts_key=checksum(self._debian.key, self._programs.key, self._kind.key),
        )
        self.shared: list[Recipe] = [self._programs, self._debian, self._plugins, self._kind, self.support]
        self.versions = {row.name: self._of(row) for row in rows}

    @property
    def all(self) -> list[Recipe]:
        """Each of them once, in the order in which they are made."""
        every = [*self.shared, *(recipe for made in self.versions.values() for recipe in made)]
        return list({recipe.key: recipe for recipe in every}.values())

    def _of(self, row: Version) -> list[Recipe]:
        """The recipes of one version; the last two are its manifest and its images."""
        files, root = self._cache.files, self._cache.root
        programs = CalicoPrograms(
            row, cache=root, programs=files(self._programs), programs_key=self._programs.key
        )
        manifest = CalicoManifest(row, cache=root, helm=files(self._helm) / "helm", helm_key=self._helm.key)
        parts = Parts(
            debian=files(self._debian),
            container=files(programs) / "container",
            plugins=(files(programs) / "machine", files(self._plugins)),
            manifest=files(manifest) / calico_manifest.FILE,
        )
        key = checksum(self._debian.key, programs.key, self._plugins.key, manifest.key)
        archives = CalicoImageArchives(row, cache=root, parts=parts, parts_key=key)
        before: list[Recipe] = [self._helm] if calico_manifest.needs_helm(row.name) else []
        return [programs, *before, manifest, archives]


def obtain_calico_images(versions: Sequence[str], report: Progress) -> dict[str, CalicoImages]:
    """The images and the manifest of every version in `versions`: what is missing is built, and all of it is verified.

    Raises:
        UsageError: an unknown version, or something on this machine that the user must change first.
        ArtifactError: something could not be fetched or built.
    """
    rows = list(dict.fromkeys(lookup(name) for name in versions))
    cache = Cache(default_root())
    recipes = _Recipes(rows, cache)
    entries = dict(
        zip((recipe.key for recipe in recipes.all), cache.obtain(recipes.all, report=report), strict=True)
    )
    support = entries[recipes.support.key].files
    beside = {
        "etcd": Image(support_images.ETCD_NAME, support / "etcd.tar"),
        "pod": Image(support_images.POD_NAME, support / "pod.tar"),
        "load_balancer": Image(
            support_images.load_balancer_name(recipes.load_balancer_source.read_text()),
            support / "load-balancer.tar",
        ),
    }
    return {
        version: _found(version, [entries[recipe.key] for recipe in [*recipes.shared, *made]], beside)
        for version, made in recipes.versions.items()
    }


def _found(version: str, entries: Sequence[Entry], beside: Mapping[str, Image]) -> CalicoImages:
    manifest, archives = entries[-2].files / calico_manifest.FILE, entries[-1].files
    names = calico_manifest.image_names(manifest.read_text())
    ours = {short: Image(names[short], archives / f"{short}.tar") for short in (NODE, CNI, KUBE_CONTROLLERS)}
    return CalicoImages(
        version=version,
        node=ours[NODE],
        cni=ours[CNI],
        kube_controllers=ours[KUBE_CONTROLLERS],
        manifest=manifest,
        provenance=MappingProxyType(
            {name: source for entry in entries for name, source in entry.manifest.provenance.items()}
        ),
        **beside,
    )
