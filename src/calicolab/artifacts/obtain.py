"""What a lab is made of: asked for by version, built when missing, verified always."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.calico_programs import CalicoPrograms
from calicolab.artifacts.debian_programs import DebianPrograms
from calicolab.artifacts.debian_root import DebianRoot
from calicolab.calico.versions import lookup
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Progress

SOURCES = ("gomod", "registry")


@dataclass(frozen=True)
class LabFiles:
    """The layers of a lab's file systems for one version. They are read-only: what changes one damages the cache.

    Attributes:
        version: Calico's, such as "v3.23.2".
        debian: the Debian root file system under machines and containers; /usr is merged.
        machine: the layer over it for a machine: calicoctl, etcd, etcdctl and /opt/cni/bin.
        container: the layer over it for the calico-node container: what the calico/node image holds.
        provenance: where each part comes from, such as {"etcd": "debian 3.5.16-4"}.
    """

    version: str
    debian: Path
    machine: Path
    container: Path
    provenance: Mapping[str, str]


def obtain(versions: Sequence[str], *, source: str = "gomod", report: Progress) -> dict[str, LabFiles]:
    """The files of every version in `versions`: what is missing is built, and everything is verified.

    Args:
        versions: names such as "v3.23.2".
        source: "gomod"; "registry" has images, of which this lab is not made.
        report: told what is built, what was damaged and how long it took.

    Raises:
        UsageError: an unknown version or source, or something on this machine that the user must change first.
        ArtifactError: something could not be fetched or built.
    """
    if source == "registry":
        raise UsageError(
            "--source registry is for --lab kind: the namespace lab is made of files, not of images; leave it out there"
        )
    if source not in SOURCES:
        raise UsageError(f"unknown source {source!r}: known are {', '.join(SOURCES)}")
    rows = list(dict.fromkeys(lookup(name) for name in versions))
    cache = Cache(default_root())
    debian, programs = DebianRoot(cache.root), DebianPrograms(cache.root)
    calicos = [
        CalicoPrograms(row, cache=cache.root, programs=cache.files(programs), programs_key=programs.key)
        for row in rows
    ]
    entries = cache.obtain([programs, debian, *calicos], report=report)
    shared = entries[0].manifest.provenance | entries[1].manifest.provenance
    return {
        row.name: LabFiles(
            version=row.name,
            debian=entries[1].files,
            machine=entry.files / "machine",
            container=entry.files / "container",
            provenance=MappingProxyType(shared | entry.manifest.provenance),
        )
        for row, entry in zip(rows, entries[2:], strict=True)
    }
