"""Labs that stand on their own: `calicolab up` leaves one, later commands find it again, `calicolab down` ends it.

One small file a lab under /run, which no reboot survives, as no lab does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab.errors import UsageError
from calicolab.evidence.timeline import Timeline
from calicolab.labs.netns import ownership
from calicolab.labs.netns.lab import NetnsLab
from calicolab.labs.netns.namespaces import Init

if TYPE_CHECKING:
    from calicolab.artifacts import LabFiles

FOLDER = Path("/run/calicolab")
DEFAULT_NAME = "default"


@dataclass(frozen=True)
class Standing:
    """What is kept of a standing lab."""

    name: str
    version: str
    nodes: int
    subnet: str
    #: What its processes carry in their environment.
    marks: dict[str, str]
    #: Process numbers with their start times: of the switch, of each machine, and of each container.
    processes: dict[str, str]

    @property
    def alive(self) -> bool:
        """Whether the lab's first process is still the one that was noted."""
        return ownership.alive(self.processes["switch"])


def save(lab: NetnsLab, *, name: str) -> Standing:
    """Note a lab that is up, so that later commands find it."""
    standing = Standing(
        name=name,
        version=lab.calico_version,
        nodes=len(lab.topology.nodes),
        subnet=str(lab.topology.subnet),
        marks=lab.marks,
        processes={what: ownership.identity(init.pid) for what, init in lab.processes().items()},
    )
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    draft = FOLDER / f".{name}.new"
    draft.write_text(json.dumps(vars(standing), indent=2))
    draft.rename(FOLDER / f"{name}.json")
    return standing


def load(name: str) -> Standing | None:
    """What is noted of the lab `name`; None when there is none, or it ended by itself."""
    try:
        fields: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        return None
    standing = Standing(**fields)
    if standing.alive:
        return standing
    forget(name)
    return None


def known() -> list[Standing]:
    """All labs that stand."""
    found = (load(file.stem) for file in sorted(FOLDER.glob("[!.]*.json")))
    return [standing for standing in found if standing is not None]


def find(name: str) -> Standing:
    """The lab `name`.

    Raises:
        UsageError: there is none; it names those that stand.
    """
    standing = load(name)
    if standing is None:
        others = ", ".join(one.name for one in known()) or "none"
        raise UsageError(f"no lab called {name!r} is up (up are: {others}); `calicolab up` brings one up")
    return standing


def refuse_second(name: str) -> None:
    """Refuse a second lab of one name.

    Raises:
        UsageError: it is up.
    """
    standing = load(name)
    if standing is not None:
        raise UsageError(
            f"lab {name!r} is up already (Calico {standing.version}, {standing.nodes} nodes): "
            f"take it down with `calicolab down --name {name}`, or give the new one another --name"
        )


def forget(name: str) -> None:
    """Remove the note of a lab, and the folder with the last one."""
    (FOLDER / f"{name}.json").unlink(missing_ok=True)
    if FOLDER.is_dir() and not any(FOLDER.iterdir()):
        FOLDER.rmdir()


def take_down(standing: Standing) -> None:
    """End a standing lab and forget it."""
    Init(pid=int(standing.processes["switch"].partition(":")[0]), parent=None).kill()
    forget(standing.name)


def attach(standing: Standing, files: LabFiles) -> NetnsLab:
    """The standing lab as a Lab, to look at and to work with; leaving it does not end it."""
    lab = NetnsLab(
        files, timeline=Timeline(), nodes=standing.nodes, subnet=standing.subnet, dies_with_us=False
    )
    lab.adopt(
        marks=standing.marks,
        processes={
            what: Init(pid=int(identity.partition(":")[0]), parent=None)
            for what, identity in standing.processes.items()
            if ownership.alive(identity)
        },
    )
    return lab
