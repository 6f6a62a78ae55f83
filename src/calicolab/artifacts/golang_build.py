"""Build Go programs in a module of ours, and show how far it is."""

from __future__ import annotations

import json
import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import golang
from calicolab.artifacts.stream import QUOTED_LINES, ProgramFailed, follow
from calicolab.command import run_status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calicolab.artifacts.golang import Go
    from calicolab.artifacts.progress import Step

FETCH_TIMEOUT = 900.0
BUILD_TIMEOUT = 3600.0
#: What Go puts in front of a package that it will have to compile, at our asking.
STALE = "stale "
_PACKAGE = re.compile(r"[\w.\-/]+")


class Build:
    """A build in the folder `work`, which holds go.mod and go.sum. `what` is what errors call it."""

    def __init__(self, go: Go, *, work: Path, what: str, step: Step) -> None:
        self._go, self._work, self._what, self._step = go, work, what, step
        # With the rest of the build, so that it goes when that goes: a killed Go leaves its temporary files.
        temporary = work / "temporary"
        temporary.mkdir()
        self._environment = go.environment() | {"TMPDIR": str(temporary)}

    def fetch(self, module: str) -> Path:
        """Fetch `module` unless it is here, compare it with go.sum, and return its folder.

        Raises:
            ArtifactError: it cannot be fetched, or it is not the one that go.sum pins.
        """
        self._step.stage(f"fetching {module}")
        result = run_status(
            [str(self._go.program), "mod", "download", "-json", module],
            timeout=FETCH_TIMEOUT,
            env=self._environment,
            cwd=self._work,
        )
        if not result.succeeded:
            raise golang.told_clearly(
                ProgramFailed(str(result), said=result.stdout + result.stderr), what=self._what
            )
        folder: str = json.loads(result.stdout)["Dir"]
        return Path(folder)

    def programs(self, packages: Sequence[str], *, flags: Sequence[str], into: Path) -> None:
        """Build the programs `packages` into the new folder `into`.

        Raises:
            ArtifactError: a module could not be fetched, or a package did not compile.
        """
        stale = self._list_stale([*flags, *packages])
        into.mkdir()
        self._compile([*flags, "-o", f"{into}/", *packages], stale)

    def test_program(self, package: str, *, flags: Sequence[str], into: Path) -> None:
        """Build the tests of `package` into the new program `into`, which runs them wherever it is put.

        Raises:
            ArtifactError: a module could not be fetched, or a package did not compile.
        """
        # `go test` does not name what it compiles: what the tests import is compiled first.
        imports: list[str] = []
        self._step.stage("fetching modules")
        kinds = (".Imports", ".TestImports", ".XTestImports")
        wanted = "".join(f"{{{{range {kind}}}}}{{{{println .}}}}{{{{end}}}}" for kind in kinds)
        self._run(["list", "-test", "-deps", "-f", "", package], lambda _line: None)
        self._run(["list", "-f", wanted, package], imports.append)
        packages = list(dict.fromkeys(filter(None, imports)))
        self._compile([*flags, *packages], self._list_stale([*flags, *packages]))
        self._step.stage(f"linking {into.name}")
        self._run(["test", "-c", *flags, "-o", str(into), package], lambda _line: None)

    def _compile(self, arguments: Sequence[str], stale: int) -> None:
        self._step.stage("compiling packages")
        compiled = 0

        def on_line(line: str) -> None:
            nonlocal compiled
            # With -v, each package is named when it is compiled.
            if _PACKAGE.fullmatch(line):
                compiled += 1
                self._step.advance(compiled, total=max(compiled, stale))

        self._run(["build", "-v", *arguments], on_line)

    def _list_stale(self, arguments: Sequence[str]) -> int:
        """Fetch all that is needed, and return how many packages are to be compiled."""
        self._step.stage("fetching modules")
        fetched = stale = 0

        def on_line(line: str) -> None:
            nonlocal fetched, stale
            fetched += line.startswith("go: downloading ")
            stale += line.startswith(STALE)
            self._step.advance(fetched, total=None)

        wanted = f"{{{{if .Stale}}}}{STALE}{{{{.ImportPath}}}}{{{{end}}}}"
        self._run(["list", "-deps", "-f", wanted, *arguments], on_line)
        return stale

    def _run(self, arguments: Sequence[str], on_line: Callable[[str], None]) -> None:
        talk: deque[str] = deque(maxlen=QUOTED_LINES)

        def listen(line: str) -> None:
            # Compiling goes on beside what failed: names of packages would push the reason out.
            if not _PACKAGE.fullmatch(line):
                talk.append(line)
            on_line(line)

        try:
            follow(
                [str(self._go.program), *arguments],
                timeout=BUILD_TIMEOUT,
                env=self._environment,
                cwd=self._work,
                on_line=listen,
            )
        except ProgramFailed as failed:
            said = "\n".join(talk) or failed.said
            raise golang.told_clearly(ProgramFailed(said, said=said), what=self._what) from failed
