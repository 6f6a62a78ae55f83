"""Calico's programs and the files of its node image, built from Go modules."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import calico_image
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.calico_module import FLAGS, MODULE, CalicoModule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts import disk
    from calicolab.artifacts.progress import Step
    from calicolab.calico.versions import Version

#: Package, and where its program goes: the layer, the path in it, and names it also answers to. cnitool is CNI's own
#: runner of plugin chains; Calico requires its module, so its version is the one that Calico was built with.
PACKAGES = (
    (f"{MODULE}/node/cmd/calico-node", "container/usr/bin/calico-node", ()),
    (f"{MODULE}/calicoctl/calicoctl", "machine/usr/local/bin/calicoctl", ()),
    (f"{MODULE}/cni-plugin/cmd/calico", "machine/opt/cni/bin/calico", ("calico-ipam",)),
    ("github.com/containernetworking/cni/cnitool", "machine/opt/cni/bin/cnitool", ()),
)
#: What one version takes in the cache, where it is also linked.
MEGABYTES = 1100


class CalicoPrograms:
    """Recipe of one version's layers: `machine` over the machine's root, `container` over calico-node's."""

    name = "calico"

    def __init__(self, version: Version, *, cache: Path, programs: Path, programs_key: str) -> None:
        self.version = version.name
        self.title = f"Calico {version.name}"
        self._programs, self._programs_key = programs, programs_key
        self._module = CalicoModule(version, cache=cache, title=self.title)

    @property
    def key(self) -> str:
        """Checksum of what is built, how, and what lies beside it. The Go toolchain is not part of it."""
        return checksum(
            "calico 1",
            self.version,
            self._programs_key,
            *self._module.files.values(),
            *(word for package, place, names in PACKAGES for word in (package, place, *names)),
            *FLAGS,
            *self._module.linker_flags(),
            calico_image.recipe(self.version),
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for the programs and for Go's caches."""
        return self._module.needs(MEGABYTES)

    def check(self) -> None:
        """See that Calico's module can be had."""
        self._module.check()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Build the programs and lay them out with the files of the node image."""
        work, binaries = into.parent / "work", into.parent / "binaries"
        go, build = self._module.start_build(work, step)
        module = build.fetch(MODULE)
        build.programs(
            [package for package, _place, _names in PACKAGES],
            flags=self._module.build_flags(),
            into=binaries,
        )
        for package, place, names in PACKAGES:
            program = into / place
            program.parent.mkdir(parents=True, exist_ok=True)
            (binaries / Path(package).name).rename(program)
            for name in names:
                (program.parent / name).symlink_to(program.name)
        calico_image.lay_out(module, into / "container")
        shutil.copytree(self._programs, into / "machine", copy_function=os.link, dirs_exist_ok=True)
        shutil.rmtree(work)
        shutil.rmtree(binaries)
        return {"calico": self._module.source, "go": go.version}
