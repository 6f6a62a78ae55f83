"""The whole way of `--source registry`: pins, registry, cache, a kind lab's files, an engine that runs them."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab import cli
from calicolab.artifacts import KindFiles, images, obtain_kind
from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.calico_manifest import CalicoManifest
from calicolab.artifacts.helm import HELM
from calicolab.artifacts.kubernetes import sources
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.progress import Plain
from calicolab.artifacts.registry import mirror, pins
from calicolab.artifacts.registry.calicoctl import CalicoctlProgram
from calicolab.artifacts.registry.skopeo import SkopeoPrograms
from calicolab.calico.versions import INCIDENT, lookup
from calicolab.engine import private
from calicolab.engine.place import Place
from calicolab.errors import UsageError
from calicolab.labs.kind import bringup
from tests.artifacts.registry.conftest import Registry, running, write_image, write_pins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.artifacts.cache import Recipe
    from calicolab.artifacts.registry.pins import Pin
    from calicolab.engine import Engine

pytestmark = pytest.mark.root

#: Of the minor version of the conformance tests, and not the one that is built here.
KUBERNETES = f"{'.'.join(sources.KUBERNETES.split('.')[:2])}.99"
LOAD_BALANCER = "docker.io/kindest/haproxy:v20230606-42a2262b"
NAMES: tuple[tuple[pins.Purpose, str], ...] = (
    ("node", f"docker.io/kindest/node:{KUBERNETES}"),
    ("load balancer", LOAD_BALANCER),
    ("etcd", "registry.k8s.io/etcd:3.5.99-0"),
    ("pods", "docker.io/library/python:3"),
    ("conformance tests", "registry.k8s.io/e2e-test-images/agnhost:2.56"),
    ("conformance tests", "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7"),
    *(("calico", f"docker.io/calico/{name}:{INCIDENT}") for name in ("node", "cni", "kube-controllers")),
)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine of the tests' own, as the images here have the names of others; not on tmpfs, as in tests/engine."""
    folder = Path(tempfile.mkdtemp(prefix="calicolab-engine-", dir="/var/tmp"))
    at = Place(data=folder, name=f"registry-test-{os.getpid()}")
    try:
        yield private.up(Plain(), place=at)
    finally:
        private.down(place=at)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def programs() -> list[Path]:
    """The cache's entries of what comes in no image; what is missing is built."""
    cache, row = Cache(default_root()), lookup(INCIDENT)
    kind, kubectl, e2e, ginkgo, helm = (
        GoPrograms(source, cache=cache.root)
        for source in (sources.KIND, sources.KUBECTL, sources.E2E, sources.GINKGO, HELM)
    )
    manifest = CalicoManifest(row, cache=cache.root, helm=cache.files(helm) / "helm", helm_key=helm.key)
    calicoctl, skopeo = CalicoctlProgram(row, cache=cache.root), SkopeoPrograms(cache.root)
    recipes: list[Recipe] = [kind, kubectl, e2e, ginkgo, helm, manifest, calicoctl, skopeo]
    return [entry.files.parent for entry in cache.obtain(recipes, report=Plain())]


@pytest.fixture
def cache(tmp_path: Path, programs: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the programs, and without any image."""
    entries = tmp_path / "cache" / "entries"
    entries.mkdir(parents=True)
    for entry in programs:
        (entries / entry.name).symlink_to(entry)
    monkeypatch.setenv("CALICOLAB_CACHE", str(entries.parent))
    return entries.parent


@pytest.fixture(scope="module")
def stocked(
    skopeo_programs: Path, server_program: Path, busybox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Registry, list[Pin]]]:
    """A registry that has all that a lab needs, and the rows that pin it."""
    folder = tmp_path_factory.mktemp("images")
    with running(server_program, skopeo_programs) as registry:
        rows = []
        for purpose, name in NAMES:
            texts = {"kind/version": f"{KUBERNETES}\n"} if purpose == "node" else {}
            rows.append(registry.push(write_image(folder, name, busybox, **texts), purpose=purpose))
        yield registry, rows


@pytest.fixture
def registry(stocked: tuple[Registry, list[Pin]], monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry; a setting names it."""
    monkeypatch.setenv(mirror.SETTING, stocked[0].address)
    return stocked[0]


@pytest.fixture
def filled(
    registry: Registry, stocked: tuple[Registry, list[Pin]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Pin]:
    """Its rows; a setting names the file of them."""
    assert registry is stocked[0]
    write_pins(tmp_path / "pins.toml", *stocked[1])
    monkeypatch.setenv(pins.SETTING, str(tmp_path / "pins.toml"))
    return stocked[1]


def obtain() -> tuple[KindFiles, str]:
    """The files, and what was said meanwhile."""
    said = io.StringIO()
    return obtain_kind([INCIDENT], source="registry", report=Plain(said))[INCIDENT], said.getvalue()


@pytest.mark.usefixtures("cache")
def test_from_the_registry_into_an_engine(registry: Registry, filled: list[Pin], engine: Engine) -> None:
    files, said = obtain()
    assert files.source == "registry"
    assert not files.without_cgo
    assert files.kubernetes.version == KUBERNETES
    assert {image.name for image in files.images} == {name for _purpose, name in NAMES}
    for pin in filled:
        assert f"image {pin.reference}: pulling" in said
        assert files.provenance[pin.name] == f"{pin.pinned}, from its copy in {registry.address}"
    assert files.provenance["etcd"] == "registry.k8s.io/etcd:3.5.99-0"
    assert files.provenance["bird"] == f"the one in docker.io/calico/node:{INCIDENT}"
    assert files.provenance["calicoctl"].startswith("github.com/projectcalico/calico ")
    assert files.provenance["kind"].startswith("sigs.k8s.io/kind ")
    assert files.calicoctl.is_file()

    bringup.load_images(engine, files.images)
    for image in files.images:
        found = engine.run("image", "inspect", "--format={{.Id}}", image.name).stdout.strip()
        assert found == f"sha256:{images.configuration_digest(image)}"
    ran = engine.run(
        "run", "--rm", "--network=none", files.pod.name, "sh", "-c", "read name < name; echo $name"
    )
    assert ran.stdout.strip() == files.pod.name

    registry.stop()
    try:
        again, said = obtain()
    finally:
        registry.start()
    assert (again.images, said) == (files.images, "")


@pytest.mark.usefixtures("filled")
def test_the_command_says_where_they_are(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["build", "--lab", "kind", "--source", "registry", INCIDENT]) == 0
    said = capsys.readouterr().out
    for _purpose, name in NAMES:
        assert f"{INCIDENT}: {name}: {cache}/entries/pulled-" in said
    assert "everything is there and verified, in " in said


@pytest.mark.usefixtures("cache")
def test_a_node_image_of_another_kubernetes_is_refused(
    registry: Registry, filled: list[Pin], busybox: Path, tmp_path: Path
) -> None:
    other = write_image(tmp_path / "other", NAMES[0][1], busybox, **{"kind/version": "v1.33.1\n"})
    write_pins(tmp_path / "pins.toml", registry.push(other, purpose="node"), *filled[1:])
    with pytest.raises(UsageError, match=rf"holds Kubernetes v1\.33\.1, and {KUBERNETES} is asked for"):
        obtain()


@pytest.mark.usefixtures("cache")
def test_images_that_kind_and_the_tests_do_not_ask_for_are_refused(
    registry: Registry, filled: list[Pin], busybox: Path, tmp_path: Path
) -> None:
    for number, sentence in (
        (1, "kind v0.30.0 does not ask for"),
        (4, "e2e.test of Kubernetes .* does not ask for"),
    ):
        name = f"{filled[number].name}:0.1"
        other = registry.push(write_image(tmp_path / "other", name, busybox), purpose=filled[number].purpose)
        write_pins(tmp_path / "pins.toml", *filled[:number], other, *filled[number + 1 :])
        with pytest.raises(UsageError, match=sentence):
            obtain()
