"""Calico's programs and the files of its node image, built from Go modules."""

from __future__ import annotations

import os
import re
import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import calico_image, disk, golang, golang_build
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.stream import ProgramFailed
from calicolab.command import run_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.golang import Go
    from calicolab.artifacts.progress import Step
    from calicolab.calico.versions import Version

MODULE = "github.com/projectcalico/calico"
#: Package, and where its program goes: the layer, the path in it, and names it also answers to. cnitool is CNI's own
#: runner of plugin chains; Calico requires its module, so its version is the one that Calico was built with.
PACKAGES = (
    (f"{MODULE}/node/cmd/calico-node", "container/usr/bin/calico-node", ()),
    (f"{MODULE}/calicoctl/calicoctl", "machine/usr/local/bin/calicoctl", ()),
    (f"{MODULE}/cni-plugin/cmd/calico", "machine/opt/cni/bin/calico", ("calico-ipam",)),
    ("github.com/containernetworking/cni/cnitool", "machine/opt/cni/bin/cnitool", ()),
)
#: -s -w: without symbol tables, which nothing here reads.
FLAGS = ("-trimpath", "-buildvcs=false")
LINKER_FLAGS = ("-s", "-w")
#: What one version takes: in the cache, where it is also linked, and in Go's caches (compiled packages, modules).
MEGABYTES = 1100
COMPILED_MEGABYTES = 1500
MODULES_MEGABYTES = 800


class CalicoPrograms:
    """Recipe of one version's layers: `machine` over the machine's root, `container` over calico-node's."""

    name = "calico"

    def __init__(self, version: Version, *, cache: Path, programs: Path, programs_key: str) -> None:
        self.version = version.name
        self.title = f"Calico {version.name}"
        self._version, self._cache = version, cache
        self._programs, self._programs_key = programs, programs_key
        folder = resources.files("calicolab.artifacts") / "gomodules" / version.name
        self._module_files = {name: (folder / name).read_text() for name in ("go.mod", "go.sum")}

    @property
    def key(self) -> str:
        """Checksum of what is built, how, and what lies beside it. The Go toolchain is not part of it."""
        return checksum(
            "calico 1",
            self._version.name,
            self._programs_key,
            *self._module_files.values(),
            *(word for package, place, names in PACKAGES for word in (package, place, *names)),
            *FLAGS,
            *self._linker_flags(),
            calico_image.RECIPE,
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for the programs, and for Go's caches where Go is here to say where they are."""
        rooms = [(self._cache, MEGABYTES)]
        go = golang.find(self._minimum_go(), cache=self._cache)
        if go is not None:
            rooms += zip(go.cache_folders(), (COMPILED_MEGABYTES, MODULES_MEGABYTES), strict=True)
        return tuple(disk.Need(folder, megabytes, self.title) for folder, megabytes in rooms)

    def check(self) -> None:
        """See that Calico's module is here or is served. A Go that must be brought along first finds out later."""
        go = golang.find(self._minimum_go(), cache=self._cache)
        if go is not None:
            self._require_module(go)

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Build the programs and lay them out with the files of the node image."""
        go = golang.obtain(self._minimum_go(), cache=self._cache, step=step)
        work, binaries = into.parent / "work", into.parent / "binaries"
        work.mkdir()
        for name, text in self._module_files.items():
            (work / name).write_text(text)
        build = golang_build.Build(go, work=work, what=self.title, step=step)
        module = build.fetch(MODULE)
        build.programs(
            [package for package, _place, _names in PACKAGES],
            flags=[*FLAGS, "-ldflags", " ".join(self._linker_flags())],
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
        return {
            "calico": f"{self._version.module} {self._module_sum()}",
            "go": go.version,
        }

    def _minimum_go(self) -> str:
        match = re.search(r"^go (\S+)$", self._module_files["go.mod"], re.MULTILINE)
        return match[1] if match else "1.17"

    def _module_sum(self) -> str:
        wanted = f"{MODULE} {self._version.module} "
        return next(
            line.removeprefix(wanted)
            for line in self._module_files["go.sum"].splitlines()
            if line.startswith(wanted)
        )

    def _linker_flags(self) -> tuple[str, ...]:
        variables = [f"{MODULE}/{variable}" for variable in self._version.version_variables]
        if self._version.cni_main_version:
            variables.append("main.VERSION")
        return (*LINKER_FLAGS, *(f"-X {variable}={self._version.name}" for variable in variables))

    def _require_module(self, go: Go) -> None:
        """Raise unless Calico's module is here or is served, without fetching it."""
        result = run_status(
            [str(go.program), "list", "-m", f"{MODULE}@{self._version.module}"],
            timeout=golang.QUERY_TIMEOUT,
            env=go.environment() | {"GOFLAGS": "-mod=mod"},
            cwd=self._cache,
        )
        if not result.succeeded:
            raise golang.told_clearly(ProgramFailed(str(result), said=result.stderr), what=self.title)
