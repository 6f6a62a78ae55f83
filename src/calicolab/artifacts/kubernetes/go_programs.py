"""Programs, test programs and files of one Go module: the recipe behind each row of `sources`."""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk, golang, golang_build
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.stream import ProgramFailed
from calicolab.command import run_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.golang import Go
    from calicolab.artifacts.kubernetes.sources import Source
    from calicolab.artifacts.progress import Step

FLAGS = ("-trimpath", "-buildvcs=false")
#: Without symbol tables, which nothing here reads: they are a third of a program.
LINKER_FLAGS = ("-s", "-w")


class GoPrograms:
    """Recipe of what `source` says: <program>..., and what is taken from the module."""

    def __init__(self, source: Source, *, cache: Path) -> None:
        self.name, self.version, self.title = source.name, source.version, source.title
        self._source, self._cache = source, cache
        folder = resources.files("calicolab.artifacts.kubernetes") / "gomodules" / source.pins
        self._module_files = {name: (folder / name).read_text() for name in ("go.mod", "go.sum")}

    @property
    def key(self) -> str:
        """Checksum of what is built and how. The Go toolchain is not part of it."""
        source = self._source
        return checksum(
            "go programs 1",
            *self._module_files.values(),
            *source.programs,
            *(word for pairs in (source.tests, source.taken) for pair in pairs.items() for word in pair),
            *self._flags(),
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for the programs, and for Go's caches where Go is here to say where they are."""
        ours, compiled, modules = self._source.megabytes
        rooms = [(self._cache, ours)]
        go = golang.find(self._minimum_go(), cache=self._cache)
        if go is not None:
            rooms += zip(go.cache_folders(), (compiled, modules), strict=True)
        return tuple(disk.Need(folder, megabytes, self.title) for folder, megabytes in rooms)

    def check(self) -> None:
        """See that the module is here or is served. A Go that must be brought along first finds out later."""
        go = golang.find(self._minimum_go(), cache=self._cache)
        if go is not None:
            self._require_module(go)

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Build the programs and take the files."""
        source = self._source
        go = golang.obtain(self._minimum_go(), cache=self._cache, step=step)
        work = into.parent / "work"
        work.mkdir()
        for name, text in self._module_files.items():
            (work / name).write_text(text)
        build = golang_build.Build(go, work=work, what=self.title, step=step)
        module = build.fetch(source.module)
        if source.programs:
            binaries = work / "binaries"
            build.programs(source.programs, flags=self._flags(), into=binaries)
            for package in source.programs:
                name = package.rpartition("/")[2]
                (binaries / name).rename(into / name)
        for package, name in source.tests.items():
            build.test_program(package, flags=self._flags(), into=into / name)
        for taken, place in source.taken.items():
            take(module / taken, into / place)
        shutil.rmtree(work)
        return {self.name: f"{source.module} {source.version} {self._module_sum()}", "go": go.version}

    def _flags(self) -> list[str]:
        variables = (f"-X {name}={value}" for name, value in self._source.variables.items())
        return [*FLAGS, "-ldflags", " ".join((*LINKER_FLAGS, *variables))]

    def _minimum_go(self) -> str:
        match = re.search(r"^go (\S+)$", self._module_files["go.mod"], re.MULTILINE)
        return match[1] if match else "1.24"

    def _module_sum(self) -> str:
        wanted = f"{self._source.module} {self._source.version} "
        return next(
            line.removeprefix(wanted)
            for line in self._module_files["go.sum"].splitlines()
            if line.startswith(wanted)
        )

    def _require_module(self, go: Go) -> None:
        """Raise unless the module is here or is served, without fetching it."""
        environment = go.environment() | {"GOFLAGS": "-mod=mod"}
        if self._source.unlisted:
            environment["GONOSUMDB"] += f",{self._source.module}"
        result = run_status(
            [str(go.program), "list", "-m", f"{self._source.module}@{self._source.version}"],
            timeout=golang.QUERY_TIMEOUT,
            env=environment,
            cwd=self._cache,
        )
        if not result.succeeded:
            raise golang.told_clearly(ProgramFailed(str(result), said=result.stderr), what=self.title)


def take(path: Path, to: Path) -> None:
    """Copy a file or a folder out of the module cache, where everything is read-only and without run bits."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        shutil.copyfile(path, to)
        return
    for source in sorted(path.rglob("*")):
        if source.is_file():
            place = to / source.relative_to(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
