"""A machine of the lab: namespaces of its own over one shared root file system."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab import command
from calicolab.calico import bird_paths
from calicolab.labs.netns import namespaces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOOT_SCRIPT = Path(__file__).with_name("boot_machine.sh")


@dataclass
class Machine:
    """A running machine; `directory` is where its file systems are in the lab's mount namespace."""

    name: str
    directory: str
    init: namespaces.Init
    marks: Mapping[str, str]

    def run(
        self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None
    ) -> command.CommandResult:
        """Run a program on it; it must end with 0."""
        return command.run(self.init.inside(argv, environment=self.marks), timeout=timeout, stdin=stdin)

    def run_status(
        self, argv: Sequence[str], *, timeout: float = 30, stdin: str | None = None
    ) -> command.CommandResult:
        """Run a program on it, whatever its exit code."""
        return command.run_status(
            self.init.inside(argv, environment=self.marks), timeout=timeout, stdin=stdin
        )

    def read(self, path: str) -> str:
        """The text of one of its files; "" when there is none. No process is started."""
        try:
            return self._outside(path).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def write(self, path: str, content: bytes, *, mode: int = 0o644) -> None:
        """Write one of its files, folders included. No process is started.

        Not for /proc/sys/net: that shows the network namespace of whoever opens it, and that is the harness's own.
        """
        file = self._outside(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=mode)
        file.write_bytes(content)

    def install(self, path: str, source: Path) -> None:
        """Put a copy of the program `source` in the place of one of its files, which may be running meanwhile."""
        file = self._outside(path)
        draft = file.with_name(f".{file.name}.new")
        shutil.copyfile(source, draft)
        draft.chmod(0o755)
        draft.rename(file)

    def _outside(self, path: str) -> Path:
        return bird_paths.inside(self.init.root, path)


def boot_argv(*, name: str, directory: str, layers: Sequence[Path]) -> list[str]:
    """The argument list of a machine's boot script."""
    return ["/bin/sh", str(BOOT_SCRIPT), name, directory, ":".join(map(str, layers))]
