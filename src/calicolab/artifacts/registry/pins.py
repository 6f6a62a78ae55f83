"""Which images are pulled, each by its digest: the rows of `pins.toml`, and those of a file that somebody names."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: A file of further rows. They come before ours, and stand for those of the same name and tag.
SETTING = "CALICOLAB_REGISTRY_PINS"
Purpose = Literal["node", "load balancer", "etcd", "pods", "conformance tests", "calico"]


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One image.

    Attributes:
        purpose: what a lab has it for.
        name: its whole name with the registry, without its tag.
        tag: what it is called there, such as "v3.31.0".
        digest: of its manifest or list of manifests; "" where nobody has said it.
        seen: where the digest was read.
    """

    purpose: Purpose
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.-]+\.[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$")]
    tag: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    digest: Annotated[str, msgspec.Meta(pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    seen: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """Name and tag, as manifests and programs ask for it."""
        return f"{self.name}:{self.tag}"

    @property
    def pinned(self) -> str:
        """Name, tag and digest, for the provenance."""
        return f"{self.reference}@{self.digest}"


class _Rows(msgspec.Struct, forbid_unknown_fields=True):
    image: list[Pin]


class Pins:
    """All rows, those of the user's file first; of one name and tag the first counts."""

    def __init__(self, rows: Sequence[Pin]) -> None:
        self._rows: dict[str, Pin] = {}
        for row in rows:
            self._rows.setdefault(row.reference, row)

    def named(self, reference: str) -> Pin | None:
        """The row of this name and tag."""
        return self._rows.get(reference)

    def rows(self, purpose: Purpose, *, matching: Callable[[Pin], bool] = lambda _pin: True) -> list[Pin]:
        """The rows of `purpose`, in order."""
        return [row for row in self._rows.values() if row.purpose == purpose and matching(row)]

    def first(self, purpose: Purpose, *, matching: Callable[[Pin], bool] = lambda _pin: True) -> Pin:
        """The row of `purpose` that comes first.

        Raises:
            UsageError: there is none.
        """
        found = self.rows(purpose, matching=matching)
        if not found:
            raise UsageError(f"--source registry has no image for {purpose!r} that fits; {remedy()}")
        return found[0]


def load() -> Pins:
    """The rows of the file that the user names, and ours.

    Raises:
        UsageError: that file is not there, or not of the form of pins.toml.
    """
    ours = resources.files(__package__).joinpath("pins.toml").read_bytes()
    named = os.environ.get(SETTING)
    return Pins([*(read(Path(named)) if named else ()), *msgspec.toml.decode(ours, type=_Rows).image])


def read(path: Path) -> list[Pin]:
    """The rows of the file `path`.

    Raises:
        UsageError: it is not there, or not of the form of pins.toml.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Rows).image
    except OSError as error:
        raise UsageError(f"{SETTING} names {path}, which cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{SETTING} names {path}, which is not a file of pins such as pins.toml: {error}"
        ) from error


def require_digests(pins: Sequence[Pin]) -> None:
    """Raise unless every one of `pins` has its digest: nothing is pulled that is not pinned.

    Raises:
        UsageError: some have none; all of them are named.
    """
    missing = [pin.reference for pin in pins if not pin.digest]
    if missing:
        raise UsageError(f"--source registry has no digest for {', '.join(missing)}; {remedy()}")


def remedy() -> str:
    """What somebody can do who lacks a row."""
    return f"name it in a file of pins ({SETTING}, see docs/run-it.md), or leave --source out to build from Go modules"
