"""The end of a kind lab, by its marks alone: whoever made it may be gone, and may have been killed at any moment."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.errors import LabError
from calicolab.host import processes
from calicolab.labs.kind import fence
from calicolab.labs.kind.marks import FOLDER, KIND, KIND_NETWORK, LAB
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from calicolab.engine import Engine

#: Seconds for all of a lab to be gone, for the engine to remove a few containers, and for a killed process to end.
REMOVE_TIMEOUT, SWEEP_TIMEOUT, END_TIMEOUT = 180.0, 120.0, 10.0


def remove(engine: Engine, cluster: str) -> None:
    """Remove a lab: what is making it, its containers, network, fence and folder. One that is gone is no error.

    Raises:
        LabError: something of it is left.
    """
    if engine.network.exists():
        end_makers(cluster)
        try:
            # Twice in a row: a request that the engine has taken already may still bring one more.
            wait_for(
                lambda: _sweep(engine, cluster),
                until=lambda left: not left,
                consecutive=2,
                timeout=REMOVE_TIMEOUT,
                interval=0.1,
            )
        except WaitTimeout as error:
            raise LabError(f"lab {cluster} could not be removed: {error}") from error
        fence.lower(engine, mark=cluster)
    remove_folder(cluster)


def end_makers(cluster: str) -> None:
    """End what is making something of a lab, and what waits for it goes on."""
    for maker in _makers(cluster):
        processes.end(maker, timeout=END_TIMEOUT)


def remove_folder(cluster: str) -> None:
    """Remove a lab's folder, which is all that is left of one whose engine has ended."""
    # The note of whose it is goes last: half a folder without it would be nobody's, and has keys in it.
    for inside in FOLDER.glob(f"{cluster}/*/"):
        shutil.rmtree(inside, ignore_errors=True)
    shutil.rmtree(FOLDER / cluster, ignore_errors=True)
    for folder in (FOLDER, FOLDER.parent):
        # Another's is in it, or another was faster.
        with suppress(OSError):
            folder.rmdir()


def left(engine: Engine, cluster: str) -> bool:
    """Whether the engine has anything of the lab."""
    return bool(_containers(engine, cluster) or _networks(engine, cluster))


def _sweep(engine: Engine, cluster: str) -> tuple[str, ...]:
    """Remove what carries the lab's name, and return what did."""
    containers = _containers(engine, cluster)
    if containers:
        # Another removal of the same ones may be under way, as by the lab's guard: what is left is asked for again.
        engine.run_status("rm", "--force", "--volumes", *containers, timeout=SWEEP_TIMEOUT)
    networks = _networks(engine, cluster)
    if networks:
        engine.run_status("network", "rm", *networks)
    return (*containers, *networks)


def _containers(engine: Engine, cluster: str) -> list[str]:
    listed = (
        engine.run("ps", "--all", "--quiet", "--no-trunc", f"--filter=label={label}={cluster}")
        for label in (LAB, KIND)
    )
    return sorted({container for said in listed for container in said.stdout.split()})


def _networks(engine: Engine, cluster: str) -> list[str]:
    return engine.run("network", "ls", "--quiet", f"--filter=label={LAB}={cluster}").stdout.split()


def _makers(cluster: str) -> list[str]:
    """The processes that are making something of the lab, which a killed owner leaves behind: kind, and docker run."""
    network, label = f"{KIND_NETWORK}={cluster}", f"{LAB}={cluster}"
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # What is in a container has another network namespace, and ends with the container.
            if (entry / "ns/net").stat().st_ino != Path("/proc/self/ns/net").stat().st_ino:
                continue
            environment = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # ended meanwhile
        if network in environment or label in arguments:
            found.append(processes.identity(int(entry.name)))
    return found
