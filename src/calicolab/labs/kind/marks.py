"""What marks a kind lab as ours: labels on what it makes in the engine, and a folder of its own under /run."""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from calicolab.engine.place import RUN
from calicolab.host import processes

#: Labels of a lab's containers and networks: which lab they are of, whose that is, and in which PID namespace the
#: owner has its number.
LAB, OWNER, PROCESSES = "calicolab.lab", "calicolab.owner", "calicolab.processes"
#: The label that kind puts on a cluster's containers (kind v0.30 providers/docker/constants.go), with its name.
KIND = "io.x-k8s.kind.cluster"
#: Tells kind which network to use; so the processes that create a cluster carry the lab's name in their environment.
KIND_NETWORK = "KIND_EXPERIMENTAL_DOCKER_NETWORK"
#: The owner of a lab that stands by itself: only `calicolab down` ends it.
STANDING = "standing"
FOLDER = RUN / "kind"


@dataclass(frozen=True)
class Marks:
    """A lab's marks. `cluster` is its name: of the kind cluster, its network, its fence and its folder."""

    cluster: str
    owner: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its containers and its network."""
        return {LAB: self.cluster, OWNER: self.owner, PROCESSES: pid_namespace()}

    @property
    def folder(self) -> Path:
        """Its files: removed with it, and gone after a reboot as it is."""
        return FOLDER / self.cluster

    def save(self, *, host: str) -> None:
        """Note whose it is, and in which engine. The note counts: a label cannot be changed when a lab is kept."""
        FOLDER.parent.mkdir(mode=0o700, exist_ok=True)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In one step, as another run may be reading it.
        draft = self.folder / "owner.new"
        draft.write_text(json.dumps({"owner": self.owner, "host": host}))
        draft.rename(self.folder / "owner.json")

    def abandoned(self) -> bool:
        """Whether its owner is gone."""
        return self.owner != STANDING and not processes.alive(self.owner)


def new_marks(lab_id: str, *, standing: bool) -> Marks:
    """Marks for a new lab.

    Args:
        lab_id: such as "kind-v3.23.2".
        standing: whether it outlives this process.
    """
    # It becomes part of host names, where a dot would begin a domain.
    name = re.sub(r"[^a-z0-9]+", "-", lab_id.lower()).strip("-")
    owner = STANDING if standing else processes.identity(os.getpid())
    return Marks(cluster=f"{name}-{secrets.token_hex(4)}", owner=owner)


@dataclass(frozen=True)
class Noted:
    """What a lab's folder says of it: whose it is, and what the engine was called that it was made in."""

    marks: Marks
    host: str


def noted() -> list[Noted]:
    """The labs that have a folder, sorted by their names."""
    found = []
    for file in sorted(FOLDER.glob("*/owner.json")):
        try:
            note = json.loads(file.read_text())
        except FileNotFoundError:
            continue  # ended meanwhile
        found.append(Noted(Marks(cluster=file.parent.name, owner=note["owner"]), host=note["host"]))
    return found


def pid_namespace() -> str:
    """The number of this process's PID namespace, in which process numbers mean something."""
    return str(Path("/proc/self/ns/pid").stat().st_ino)
