"""A node image with more images unpacked in its containerd: a layer on the node image, made in seconds.

What a node imports by itself is read, compared with its checksum and unpacked by each node, while kubeadm wants the
processor. What is baked in is there when the node starts, and lies on the disk once for all nodes.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from typing import TYPE_CHECKING

from calicolab.artifacts import disk, images
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.images import Image, Layer
from calicolab.artifacts.kubernetes import unpacking
from calicolab.artifacts.kubernetes.node_image import ARCHIVE, CONFIG
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step

#: Changes whenever what is done here does.
RECIPE = "baked image 1"
MEGABYTES = 4200
TIMEOUT = 300.0


class BakedImage:
    """Recipe of a node image that holds more images.

    Args:
        cache: the cache's folder.
        base: the node image's archive, or where it will be.
        root: the root file system that it stands on (`NodeRoot`).
        base_key: checksum of the recipe of the node image.
        version: of Kubernetes.
        baked: the images that come into it, or where they will be.
        baked_key: checksum of what they are.
        what: what progress calls them.
    """

    name = "node-image-baked"

    def __init__(
        self,
        *,
        cache: Path,
        base: Path,
        root: Path,
        base_key: str,
        version: str,
        baked: Sequence[Image],
        baked_key: str,
        what: str,
    ) -> None:
        self._cache, self._base, self._root, self._base_key = cache, base, root, base_key
        self._baked, self._baked_key = baked, baked_key
        self.version = version
        self.title = f"node image of Kubernetes {version} with {what}"

    @property
    def key(self) -> str:
        """Checksum of the node image and of what comes into it."""
        return checksum(RECIPE, images.RECIPE, unpacking.RECIPE, self._base_key, self._baked_key)

    @property
    def image_name(self) -> str:
        """What engines call it: another content has another name."""
        return f"calicolab/node:{self.version}-{self.key[:12]}"

    def needs(self) -> Sequence[disk.Need]:
        """The room for the node image, unpacked and packed again."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """Nothing beyond what its parts need."""

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Have the node's own containerd unpack the images, and pack what that changed as one more layer."""
        scratch = into.parent / "scratch"
        below, archives, upper, unpacked = (
            scratch / name for name in ("below", "archives", "upper", "unpacked")
        )
        for folder in (scratch, below, archives, upper, unpacked):
            folder.mkdir()
        step.stage("unpacking the node image")
        layers = take_layers(self._base, scratch)
        # The lowest is the root file system, which the cache holds as a folder.
        for layer in layers[1:]:
            _extract(layer, below)
        for number, image in enumerate(self._baked):
            os.link(image.archive, archives / f"{number} {image.name.replace('/', ' ')}.tar")
        (below / unpacking.STATE).rename(unpacked / "before")
        unpacking.unpack(
            archives,
            root=[below, self._root],
            upper=upper,
            scratch=unpacked,
            before=unpacked / "before",
            step=step,
        )
        step.stage("packing")
        images.write(into / ARCHIVE, name=self.image_name, layers=[*layers, upper], config=CONFIG)
        shutil.rmtree(scratch)
        return {"node image": f"{self.image_name} with {', '.join(image.name for image in self._baked)}"}


def _extract(layer: Layer, into: Path) -> None:
    try:
        follow(["tar", "--extract", "--file", str(layer.tar), "--directory", str(into)], timeout=TIMEOUT)
    except ProgramFailed as failed:
        if disk.ran_out(failed.said):
            raise ArtifactError(f"no free disk is left in {into}; {disk.REMEDY}") from failed
        raise


def take_layers(archive: Path, into: Path) -> list[Layer]:
    """Take the layers out of an image's archive, the lowest one first."""
    with tarfile.open(archive) as tar:
        listed = tar.extractfile("manifest.json")
        (described,) = json.load(listed) if listed is not None else ({"Layers": []},)
        layers = []
        for name in described["Layers"]:
            tar.extract(name, into, filter="data")
            layers.append(Layer(tar=into / name, digest=name.removesuffix(".tar")))
    return layers
