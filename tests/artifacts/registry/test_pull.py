"""Pulling for real, from a registry on the loopback interface: what arrives, and what is refused."""

from __future__ import annotations

import io
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import images
from calicolab.artifacts.cache import Cache
from calicolab.artifacts.images import Image
from calicolab.artifacts.progress import Plain
from calicolab.artifacts.registry import mirror
from calicolab.artifacts.registry.pulled_image import PulledImage
from calicolab.artifacts.registry.skopeo import Skopeo
from calicolab.command import run_status
from calicolab.errors import ArtifactError
from tests.artifacts.registry.conftest import Registry, write_image

if TYPE_CHECKING:
    from pathlib import Path

    from calicolab.artifacts.registry.pins import Pin

pytestmark = pytest.mark.root

NAME = "docker.io/calico/node:v3.25.0"
#: Pulls in network namespaces of its own, from which nothing leads anywhere.
ALONE = """
import sys
from pathlib import Path
from calicolab.artifacts.registry.pins import Pin
from calicolab.artifacts.registry.skopeo import Skopeo
from calicolab.errors import ArtifactError
try:
    Skopeo(Path(sys.argv[1]), mirror=None).layers(Pin("pods", "docker.io/library/python", "3", sys.argv[2]))
except ArtifactError as error:
    print(error)
"""


class Puller:
    """A cache of its own, and what it said."""

    def __init__(self, folder: Path, skopeo_programs: Path) -> None:
        self.cache = Cache(folder / "cache")
        self._programs = skopeo_programs
        self.said = io.StringIO()

    def pull(self, pin: Pin) -> Image:
        """The image, from the cache or from the registry that settings name."""
        copies = mirror.chosen()
        skopeo = Skopeo(self._programs, mirror=copies)
        recipe = PulledImage(pin, cache=self.cache.root, skopeo=skopeo, mirror=copies)
        self.said = io.StringIO()
        (entry,) = self.cache.obtain([recipe], report=Plain(self.said))
        return recipe.image(entry.files)

    def refusal(self, pin: Pin) -> str:
        """What is said of an image that is not to be had; nothing of it is in the cache."""
        with pytest.raises(ArtifactError) as refused:
            self.pull(pin)
        assert list((self.cache.root / "entries").iterdir()) == []
        assert list((self.cache.root / "building").iterdir()) == []
        said = str(refused.value)
        assert "\n" not in said
        return said


@pytest.fixture
def puller(tmp_path: Path, skopeo_programs: Path) -> Puller:
    return Puller(tmp_path, skopeo_programs)


@pytest.fixture
def image(tmp_path: Path, busybox: Path) -> Image:
    return write_image(tmp_path, NAME, busybox)


def test_what_arrives_is_what_was_pushed(registry: Registry, puller: Puller, image: Image) -> None:
    pulled = puller.pull(registry.push(image, purpose="calico"))
    assert pulled.name == NAME
    assert images.configuration_digest(pulled) == images.configuration_digest(image)
    with tarfile.open(image.archive) as before, tarfile.open(pulled.archive) as after:
        layers = [name for name in before.getnames() if name.endswith(".tar")]
        assert len(layers) == 2
        for name in layers:
            ours, theirs = before.extractfile(name), after.extractfile(name)
            assert ours is not None
            assert theirs is not None
            assert ours.read() == theirs.read()


def test_progress_is_shown_and_the_second_time_there_is_none(
    registry: Registry, puller: Puller, image: Image
) -> None:
    pin = registry.push(image, purpose="calico")
    first = puller.pull(pin)
    said = puller.said.getvalue()
    assert f"to be built: image {NAME}" in said
    assert f"image {NAME}: pulling 2 MB in 2 layers" in said
    assert f"image {NAME}: built in" in said
    registry.stop()
    assert puller.pull(pin) == first
    assert puller.said.getvalue() == ""


def test_a_damaged_entry_is_pulled_again(registry: Registry, puller: Puller, image: Image) -> None:
    pin = registry.push(image, purpose="calico")
    archive = puller.pull(pin).archive
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1] + b"x")
    assert puller.pull(pin).archive.read_bytes() == whole
    assert "the cached entry is damaged" in puller.said.getvalue()


def test_a_layer_that_was_tampered_with_is_refused(registry: Registry, puller: Puller, image: Image) -> None:
    pin = registry.push(image, purpose="calico")
    skopeo = Skopeo(registry.skopeo, mirror=mirror.chosen())
    blob = registry.blob(skopeo.layers(pin)[-1].digest)
    content = bytearray(blob.read_bytes())
    content[9] ^= 0xFF  # in gzip's header: it can still be unpacked
    blob.write_bytes(content)
    said = puller.refusal(pin)
    assert f"what the registry {registry.address} gives for {NAME} is not what {pin.digest} pins" in said


def test_a_manifest_that_was_tampered_with_is_refused(
    registry: Registry, puller: Puller, image: Image
) -> None:
    pin = registry.push(image, purpose="calico")
    manifest = registry.blob(pin.digest)
    other = manifest.read_bytes() + b" "
    manifest.write_bytes(other)
    said = puller.refusal(pin)
    assert f"is not what {pin.digest} pins" in said


def test_another_image_under_the_same_name_is_not_taken(
    registry: Registry, puller: Puller, image: Image, tmp_path: Path
) -> None:
    pin = registry.push(image, purpose="calico")
    registry.push(write_image(tmp_path / "other", NAME), purpose="calico")
    assert images.configuration_digest(puller.pull(pin)) == images.configuration_digest(image)


def test_an_image_that_the_registry_has_not_is_said(registry: Registry, puller: Puller, image: Image) -> None:
    other = registry.push(image, purpose="calico")
    absent = type(other)("calico", "docker.io/calico/cni", "v3.25.0", other.digest)
    assert f"the registry {registry.address} has no calico/cni@{other.digest}" in puller.refusal(absent)


def test_a_registry_that_is_down_is_said(registry: Registry, puller: Puller, image: Image) -> None:
    pin = registry.push(image, purpose="calico")
    registry.stop()
    said = puller.refusal(pin)
    assert f"the registry {registry.address} does not answer, and {NAME} must be pulled from it" in said
    assert "connection refused" in said


def test_no_network_is_said(skopeo_programs: Path) -> None:
    argv = ["unshare", "--net", sys.executable, "-c", ALONE, str(skopeo_programs), f"sha256:{'1' * 64}"]
    said = run_status(argv, timeout=60).stdout
    assert "the registry docker.io does not answer, and docker.io/library/python:3 must be pulled" in said
    assert "see that it runs and that the network is up, or name a registry that holds copies" in said
