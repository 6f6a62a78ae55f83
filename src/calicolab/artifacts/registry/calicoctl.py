"""calicoctl alone, built from Calico's Go module: the one program of a kind lab's nodes that no pulled image gives."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from calicolab.artifacts.cache import checksum
from calicolab.artifacts.calico_module import FLAGS, MODULE, CalicoModule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts import disk
    from calicolab.artifacts.progress import Step
    from calicolab.calico.versions import Version

PACKAGE = f"{MODULE}/calicoctl/calicoctl"
FILE = "calicoctl"
MEGABYTES = 100


class CalicoctlProgram:
    """Recipe of one version's calicoctl."""

    name = "calicoctl"

    def __init__(self, version: Version, *, cache: Path) -> None:
        self.version = version.name
        self.title = f"calicoctl {version.name}"
        self._module = CalicoModule(version, cache=cache, title=self.title)

    @property
    def key(self) -> str:
        """Checksum of what is built and how."""
        return checksum(
            "calicoctl 1", self.version, *self._module.files.values(), *FLAGS, *self._module.linker_flags()
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for it and for Go's caches."""
        return self._module.needs(MEGABYTES)

    def check(self) -> None:
        """See that Calico's module can be had."""
        self._module.check()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Build it."""
        work, binaries = into.parent / "work", into.parent / "binaries"
        go, build = self._module.start_build(work, step)
        build.fetch(MODULE)
        build.programs([PACKAGE], flags=self._module.build_flags(), into=binaries)
        (binaries / FILE).rename(into / FILE)
        shutil.rmtree(work)
        binaries.rmdir()
        return {"calicoctl": f"{MODULE} {self._module.source}", "go": go.version}
