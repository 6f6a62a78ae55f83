"""Where a private engine is: its folders, the note of its process, and the removal of what a killed one left."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from calicolab.artifacts import leftovers
from calicolab.artifacts.cache import default_root
from calicolab.errors import LabError
from calicolab.host import processes
from calicolab.wait import WaitTimeout, wait_for

RUN = Path("/run/calicolab")
CGROUPS = Path("/sys/fs/cgroup")
NAME = "engine"
#: Seconds for the kernel to be done with a killed engine.
END_TIMEOUT = 10.0


@dataclass(frozen=True)
class Note:
    """What is kept of a private engine that was started."""

    #: Its first process, by `processes.identity`.
    init: str
    #: The folder with its programs.
    programs: str
    #: The kernel's settings before it was started, which the nodes of a cluster change for the whole machine.
    kernel: dict[str, str]


@dataclass(frozen=True)
class Place:
    """The private engine called `name`: its images are below `data`, all else is under /run and ends with it."""

    data: Path
    name: str = NAME

    @property
    def folder(self) -> Path:
        """What is there while it runs."""
        return RUN / self.name

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "docker.sock"

    @property
    def host(self) -> str:
        """The same, as DOCKER_HOST has it."""
        return f"unix://{self.socket}"

    @property
    def scratch(self) -> Path:
        """Its run-time state, on a tmpfs in its own mount namespace."""
        return self.folder / "scratch"

    @property
    def configuration(self) -> Path:
        """An empty one: the machine's own (/etc/docker) is for the machine's own engine."""
        return self.folder / "daemon.json"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.data / "dockerd.log"

    @property
    def cgroup(self) -> str:
        """The name of the cgroup, in each hierarchy, that holds its containers."""
        return f"calicolab-{self.name}"

    @property
    def _note(self) -> Path:
        return self.folder / "engine.json"

    def save(self, note: Note) -> None:
        """Keep `note` for later commands."""
        draft = self.folder / "engine.json.new"
        draft.write_text(json.dumps(vars(note), indent=2))
        draft.rename(self._note)

    def noted(self) -> Note | None:
        """What was kept of the last one started; it may be gone."""
        try:
            return Note(**json.loads(self._note.read_text()))
        except FileNotFoundError:
            return None

    def running(self) -> Note | None:
        """What was kept of the one that runs."""
        note = self.noted()
        return note if note is not None and processes.alive(note.init) else None

    def prepare(self) -> None:
        """Make its folders."""
        self.data.mkdir(parents=True, exist_ok=True)
        RUN.mkdir(mode=0o700, exist_ok=True)
        self.folder.mkdir(mode=0o700)
        self.scratch.mkdir()
        self.configuration.write_text("{}")

    def clean(self) -> None:
        """Remove all but its data; it must not run.

        Raises:
            LabError: something is left in its cgroups.
        """
        try:
            # The kernel may take a moment to let go of the last process of one.
            wait_for(self._sweep_cgroups, until=lambda left: not left, timeout=END_TIMEOUT)
        except WaitTimeout as error:
            raise LabError(f"the cgroups of the private engine could not be removed: {error}") from error
        note = self.noted()
        for name, value in (note.kernel if note is not None else {}).items():
            Path(name).write_text(value)
        if self.folder.exists():
            leftovers.remove(self.folder)
        if RUN.is_dir() and not any(RUN.iterdir()):
            RUN.rmdir()

    def _sweep_cgroups(self) -> tuple[str, ...]:
        """Remove its cgroups, and return those that are left."""
        for folder in self._cgroups():
            # Where a process is left, or another cgroup, this is EBUSY.
            with contextlib.suppress(OSError):
                folder.rmdir()
        return tuple(str(folder) for folder in self._cgroups())

    def _cgroups(self) -> list[Path]:
        """Its cgroups that are left, the innermost first: in each hierarchy, or in the only one."""
        tops = [CGROUPS / self.cgroup, *CGROUPS.glob(f"*/{self.cgroup}")]
        return [
            folder
            for top in tops
            if top.is_dir()
            for folder in sorted((top, *(path for path in top.rglob("*/") if path.is_dir())), reverse=True)
        ]


def default() -> Place:
    """The one that `calicolab docker` is about."""
    return Place(data=default_root() / NAME)
