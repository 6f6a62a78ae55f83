"""An image from a registry: an entry of the cache with one archive, as `docker save` writes it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.images import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step
    from calicolab.artifacts.registry.mirror import Mirror
    from calicolab.artifacts.registry.pins import Pin
    from calicolab.artifacts.registry.skopeo import Layer, Skopeo

ARCHIVE = "image.tar"
#: Room for an unpacked image and for the largest layer on its way: of a node, and of any other.
NODE_MEGABYTES, MEGABYTES = 2500, 500


class PulledImage:
    """Recipe of the image of `pin`. Its key is the image's content: where it comes from is no part of it."""

    def __init__(self, pin: Pin, *, cache: Path, skopeo: Skopeo, mirror: Mirror | None) -> None:
        self.pin = pin
        self.name = "pulled-" + pin.name.partition("/")[2].replace("/", "-")
        self.version, self.title = pin.tag, f"image {pin.reference}"
        self._cache, self._skopeo, self._mirror = cache, skopeo, mirror
        self._layers: tuple[Layer, ...] = ()

    @property
    def key(self) -> str:
        """Checksum of the name that it is known by and of its digest."""
        return checksum("pulled image 2", self.pin.reference, self.pin.digest)

    def image(self, files: Path) -> Image:
        """The image in the entry whose files are in the folder `files`."""
        return Image(name=self.pin.reference, archive=files / ARCHIVE)

    def needs(self) -> Sequence[disk.Need]:
        """The room for it, unpacked."""
        megabytes = NODE_MEGABYTES if self.pin.purpose == "node" else MEGABYTES
        return (disk.Need(self._cache, megabytes, self.title),)

    def check(self) -> None:
        """See that the registry answers and has it."""
        self._layers = self._skopeo.layers(self.pin)

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Pull it."""
        sizes = {layer.digest: layer.size for layer in self._layers}
        total, begun = sum(sizes.values()), list[str]()
        work = into.parent / "work"
        work.mkdir()
        step.stage(f"pulling {_megabytes(total)} MB in {len(sizes)} layers")

        def advance(digest: str) -> None:
            # One layer begins when the one before it is there.
            done = sum(sizes.get(one, 0) for one in begun)
            begun.append(digest)
            step.advance(_megabytes(done), total=_megabytes(total))

        self._skopeo.pull(self.pin, into / ARCHIVE, work=work, on_layer=advance)
        shutil.rmtree(work)
        mirrored = "" if self._mirror is None else f", from its copy in {self._mirror.place}"
        return {self.pin.name: f"{self.pin.pinned}{mirrored}"}


def _megabytes(size: int) -> int:
    return -(-size // 10**6)
