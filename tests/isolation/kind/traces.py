"""What can be seen of a kind lab on this machine and in its engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.command import run
from calicolab.labs.kind.marks import FOLDER, KIND_NETWORK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.engine import Engine


@dataclass(frozen=True)
class Traces:
    """What can be seen of one lab."""

    containers: tuple[str, ...]
    networks: tuple[str, ...]
    rules: tuple[str, ...]
    processes: tuple[int, ...]
    files: tuple[str, ...]

    @classmethod
    def of(cls, engine: Engine, cluster: str) -> Traces:
        """Look."""
        listed = engine.run("ps", "--all", "--format={{.Names}}").stdout.split()
        networks = engine.run("network", "ls", "--format={{.Name}}").stdout.split()
        rules = "".join(
            run(engine.network_argv([program]), timeout=10).stdout
            for program in ("iptables-save", "ip6tables-save")
        )
        return cls(
            containers=tuple(name for name in listed if cluster in name),
            networks=tuple(name for name in networks if cluster in name),
            rules=tuple(line for line in rules.splitlines() if cluster in line),
            processes=tuple(processes_of(cluster)),
            files=tuple(str(file) for file in FOLDER.glob(f"{cluster}*")),
        )


NOTHING = Traces((), (), (), (), ())


def processes_of(cluster: str) -> Iterator[int]:
    """The makers and the guard of a lab."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (
                f"{KIND_NETWORK}={cluster}".encode() in (entry / "environ").read_bytes()
                or cluster.encode() in (entry / "cmdline").read_bytes().split(b"\0")
            ):
                yield int(entry.name)
        except OSError:
            continue
