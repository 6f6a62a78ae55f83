"""Which Kubernetes a node image holds: kind writes it to /kind/version, and reads it there when it makes a cluster."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

#: Where it is said, in the node.
PLACE = "kind/version"


def require(found: str, *, wanted: str, image: str) -> None:
    """Raise unless a node image holds the Kubernetes that was asked for.

    Args:
        found: what its /kind/version says.
        wanted: such as "v1.34.4".
        image: the image's name.

    Raises:
        UsageError: it holds another one, or is no node image.
    """
    said = found.strip()
    if not said:
        raise UsageError(
            f"{image} is no node image of kind, as it has no /{PLACE}: name one that holds Kubernetes {wanted}"
        )
    if said != wanted:
        raise UsageError(
            f"the node image {image} holds Kubernetes {said}, and {wanted} is asked for: "
            "its conformance tests and kubectl are of that version; name a node image of it"
        )


def read(archive: Path) -> str:
    """What /kind/version says in the image of the file `archive`; "" when there is none.

    Raises:
        UsageError: it is no image archive.
    """
    try:
        with tarfile.open(archive) as image:
            (described,) = json.loads(_content(image, "manifest.json"))
            for layer in reversed(described["Layers"]):
                with tarfile.open(fileobj=image.extractfile(layer)) as files:
                    if PLACE in files.getnames():
                        return _content(files, PLACE).decode()
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise UsageError(f"{archive} is no image as `docker save` writes it: {error}") from error
    return ""


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    return (tar.extractfile(name) or io.BytesIO()).read()
