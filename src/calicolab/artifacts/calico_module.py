"""Calico's Go module of one version, as our own go.mod and go.sum pin it."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from calicolab.artifacts import disk, golang, golang_build
from calicolab.artifacts.stream import ProgramFailed
from calicolab.command import run_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calicolab.artifacts.golang import Go
    from calicolab.artifacts.progress import Step
    from calicolab.calico.versions import Version

MODULE = "github.com/projectcalico/calico"
FLAGS = ("-trimpath", "-buildvcs=false")
#: -s -w: without symbol tables, which nothing here reads.
LINKER_FLAGS = ("-s", "-w")
#: What a build takes in Go's caches: compiled packages, modules.
COMPILED_MEGABYTES = 1500
MODULES_MEGABYTES = 800


class CalicoModule:
    """The module of `version`.

    Args:
        version: which one.
        cache: the cache's root.
        title: what errors call what is built.
        part: the folder below gomodules/<version> with the go.mod and go.sum that pin it.
        main_version: whether programs that are built keep their version in `main.VERSION`.
    """

    def __init__(
        self, version: Version, *, cache: Path, title: str, part: str = "", main_version: bool = False
    ) -> None:
        self._version, self._cache, self._title = version, cache, title
        self._main_version = version.cni_main_version or main_version
        folder = resources.files("calicolab.artifacts") / "gomodules" / version.name / part
        #: go.mod and go.sum, by name.
        self.files = {name: (folder / name).read_text() for name in ("go.mod", "go.sum")}

    @property
    def source(self) -> str:
        """Its version and checksum, for the provenance."""
        wanted = f"{MODULE} {self._version.module} "
        sums = self.files["go.sum"].splitlines()
        return f"{self._version.module} {next(line.removeprefix(wanted) for line in sums if line.startswith(wanted))}"

    def linker_flags(self) -> tuple[str, ...]:
        """What is said to the linker, the version that programs print among it."""
        variables = [f"{MODULE}/{variable}" for variable in self._version.version_variables]
        if self._main_version:
            variables.append("main.VERSION")
        return (*LINKER_FLAGS, *(f"-X {variable}={self._version.name}" for variable in variables))

    def build_flags(self) -> list[str]:
        """What `go build` is given."""
        return [*FLAGS, "-ldflags", " ".join(self.linker_flags())]

    def needs(self, megabytes: int, *, compiled: int = COMPILED_MEGABYTES) -> Sequence[disk.Need]:
        """Room for `megabytes` in the cache, and for Go's caches where Go is here to say where they are."""
        rooms = [(self._cache, megabytes)]
        go = golang.find(self._minimum_go(), cache=self._cache)
        if go is not None:
            rooms += zip(go.cache_folders(), (compiled, MODULES_MEGABYTES), strict=True)
        return tuple(disk.Need(folder, wanted, self._title) for folder, wanted in rooms)

    def check(self) -> None:
        """See that the module is here or is served. A Go that must be brought along first finds out later.

        Raises:
            ArtifactError: it cannot be had.
        """
        go = golang.find(self._minimum_go(), cache=self._cache)
        if go is not None:
            self._require(go)

    def start_build(self, work: Path, step: Step) -> tuple[Go, golang_build.Build]:
        """A build in the new folder `work`, with a Go that is new enough.

        Raises:
            UsageError: there is no such Go.
            ArtifactError: one could not be installed.
        """
        go = golang.obtain(self._minimum_go(), cache=self._cache, step=step)
        work.mkdir()
        for name, text in self.files.items():
            (work / name).write_text(text)
        return go, golang_build.Build(go, work=work, what=self._title, step=step)

    def _minimum_go(self) -> str:
        match = re.search(r"^go (\S+)$", self.files["go.mod"], re.MULTILINE)
        return match[1] if match else "1.17"

    def _require(self, go: Go) -> None:
        """Raise unless Calico's module is here or is served, without fetching it."""
        result = run_status(
            [str(go.program), "list", "-m", f"{MODULE}@{self._version.module}"],
            timeout=golang.QUERY_TIMEOUT,
            env=go.environment() | {"GOFLAGS": "-mod=mod"},
            cwd=self._cache,
        )
        if not result.succeeded:
            raise golang.told_clearly(ProgramFailed(str(result), said=result.stderr), what=self._title)
