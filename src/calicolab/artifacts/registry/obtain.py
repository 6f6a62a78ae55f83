"""What a kind lab is made of when its images are pulled. Programs that come in no image are built from Go modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts import calico_manifest
from calicolab.artifacts.cache import Cache, Entry, Recipe, default_root
from calicolab.artifacts.calico_image_archives import CNI, KUBE_CONTROLLERS, NODE
from calicolab.artifacts.calico_images import CalicoImages
from calicolab.artifacts.calico_manifest import CalicoManifest
from calicolab.artifacts.helm import HELM
from calicolab.artifacts.images import Image
from calicolab.artifacts.kubernetes import node_version, sources
from calicolab.artifacts.kubernetes.cluster_images import short_name as short_reference
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.kubernetes.obtain import KubernetesFiles
from calicolab.artifacts.registry import calicoctl, choice, mirror, pins
from calicolab.artifacts.registry.calicoctl import CalicoctlProgram
from calicolab.artifacts.registry.pulled_image import PulledImage
from calicolab.artifacts.registry.skopeo import Skopeo, SkopeoPrograms
from calicolab.artifacts.support_images import load_balancer_name
from calicolab.calico.versions import lookup
from calicolab.command import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.artifacts.progress import Progress
    from calicolab.artifacts.registry.choice import Choice
    from calicolab.artifacts.registry.pins import Pin
    from calicolab.calico.versions import Version

#: Seconds for e2e.test to say which images it runs.
LIST_TIMEOUT = 120.0


@dataclass(frozen=True)
class Pulled:
    """A lab's parts, by version of Calico where they depend on it.

    Attributes:
        kubernetes: kind, kubectl, e2e.test and the nodes' image.
        calico: Calico's images and its manifest, etcd, the test pods and the load balancer.
        calicoctl: the program.
        tests: images that the conformance tests run, which the nodes' image does not have in it.
    """

    kubernetes: KubernetesFiles
    calico: Mapping[str, CalicoImages]
    calicoctl: Mapping[str, Path]
    tests: tuple[Image, ...]


class _Programs:
    """The recipes of what comes in no image."""

    def __init__(self, rows: Sequence[Version], cache: Cache) -> None:
        self.kind, self.kubectl, self.e2e, self.ginkgo, helm = (
            GoPrograms(source, cache=cache.root)
            for source in (sources.KIND, sources.KUBECTL, sources.E2E, sources.GINKGO, HELM)
        )
        self.calicoctl = {row.name: CalicoctlProgram(row, cache=cache.root) for row in rows}
        self.manifests = {
            row.name: CalicoManifest(
                row, cache=cache.root, helm=cache.files(helm) / "helm", helm_key=helm.key
            )
            for row in rows
        }
        self._helm: list[Recipe] = [helm] if any(calico_manifest.needs_helm(row.name) for row in rows) else []

    @property
    def cheap(self) -> list[Recipe]:
        """Those that say what images are called; seconds each."""
        return [self.kind, *self._helm, *self.manifests.values()]

    @property
    def dear(self) -> list[Recipe]:
        """The others; minutes."""
        return [*self.calicoctl.values(), self.kubectl, self.e2e, self.ginkgo]


def obtain_pulled(versions: Sequence[str], report: Progress) -> Pulled:
    """The parts of a kind lab for every version: what is missing is pulled or built, and all of it is verified.

    Raises:
        UsageError: an unknown version, an image without a digest, or a setting that cannot be.
        ArtifactError: something could not be pulled or built.
    """
    rows = list(dict.fromkeys(lookup(name) for name in versions))
    # What can be refused is refused before anything is fetched.
    wanted = choice.choose(pins.load(), versions=[row.name for row in rows], kubernetes=sources.KUBERNETES)
    copies = mirror.chosen()
    cache = Cache(default_root())
    programs = _Programs(rows, cache)
    skopeo = Skopeo(cache.obtain([SkopeoPrograms(cache.root)], report=report)[0].files, mirror=copies)
    recipes = {pin: PulledImage(pin, cache=cache.root, skopeo=skopeo, mirror=copies) for pin in wanted.all}
    # Before any program is built: whether the registry answers shows at once.
    entries = _made(cache, list(recipes.values()), report)
    node = recipes[wanted.node].image(cache.files(recipes[wanted.node]))
    node_version.require(node_version.read(node.archive), wanted=wanted.node.tag, image=wanted.node.reference)
    entries |= _made(cache, programs.cheap, report)
    _require_calico_names(wanted, programs, cache)
    _require_load_balancer(wanted, cache.files(programs.kind) / "loadbalancer.go")
    entries |= _made(cache, programs.dear, report)
    _require_test_names(wanted, cache.files(programs.e2e) / "e2e.test")
    return _composed(wanted, programs, recipes, cache=cache, entries=entries)


def _made(cache: Cache, recipes: Sequence[Recipe], report: Progress) -> dict[str, Entry]:
    made = cache.obtain(recipes, report=report)
    return {recipe.key: entry for recipe, entry in zip(recipes, made, strict=True)}


def _require_calico_names(wanted: Choice, programs: _Programs, cache: Cache) -> None:
    for version, pinned in wanted.calico.items():
        manifest = cache.files(programs.manifests[version]) / calico_manifest.FILE
        asked = calico_manifest.image_names(manifest.read_text())
        choice.require_names(asked, pinned, by=f"the manifest of Calico {version}")


def _require_load_balancer(wanted: Choice, source: Path) -> None:
    asked = {"haproxy": load_balancer_name(source.read_text())}
    choice.require_names(asked, {"haproxy": wanted.load_balancer}, by=f"kind {sources.KIND.version}")


def _require_test_names(wanted: Choice, program: Path) -> None:
    listed = run([str(program), "--list-images"], timeout=LIST_TIMEOUT).stdout.split()
    pinned = {choice.short_name(pin): pin for pin in wanted.tests}
    # Of some names e2e.test asks for several: one that is only there to be refused, for one.
    names = {pin.reference for pin in wanted.tests}
    asked = {short_reference(one): one for one in sorted(listed, key=lambda one: one in names)}
    choice.require_names(asked, pinned, by=f"e2e.test of Kubernetes {sources.KUBERNETES}")


def _composed(
    wanted: Choice,
    programs: _Programs,
    recipes: Mapping[Pin, PulledImage],
    *,
    cache: Cache,
    entries: Mapping[str, Entry],
) -> Pulled:
    def source(*made: Recipe) -> dict[str, str]:
        return {name: said for one in made for name, said in entries[one.key].manifest.provenance.items()}

    images = {pin: recipe.image(cache.files(recipe)) for pin, recipe in recipes.items()}
    shared = [recipe for pin, recipe in recipes.items() if pin.purpose != "calico"]
    kubernetes = KubernetesFiles(
        version=node_version.read(images[wanted.node].archive).strip(),
        kind=cache.files(programs.kind) / "kind",
        kubectl=cache.files(programs.kubectl) / "kubectl",
        e2e=cache.files(programs.e2e) / "e2e.test",
        ginkgo=cache.files(programs.ginkgo) / "ginkgo",
        node_image=images[wanted.node],
        images=MappingProxyType({choice.short_name(pin): pin.reference for pin in wanted.tests}),
        provenance=MappingProxyType(
            source(*shared, programs.kind, programs.kubectl, programs.e2e, programs.ginkgo)
        ),
    )
    calico = {
        version: CalicoImages(
            version=version,
            node=images[named[NODE]],
            cni=images[named[CNI]],
            kube_controllers=images[named[KUBE_CONTROLLERS]],
            manifest=cache.files(programs.manifests[version]) / calico_manifest.FILE,
            etcd=images[wanted.etcd],
            pod=images[wanted.pod],
            load_balancer=images[wanted.load_balancer],
            provenance=MappingProxyType(
                {"bird": f"the one in {named[NODE].reference}", "etcd": wanted.etcd.reference}
                | source(*(recipes[pin] for pin in named.values()))
                | source(programs.manifests[version], programs.calicoctl[version])
            ),
        )
        for version, named in wanted.calico.items()
    }
    return Pulled(
        kubernetes=kubernetes,
        calico=calico,
        calicoctl={
            version: cache.files(recipe) / calicoctl.FILE for version, recipe in programs.calicoctl.items()
        },
        tests=tuple(images[pin] for pin in wanted.tests),
    )
