"""The private engine: Docker in network, process, mount and ipc namespaces of its own, for machines that have none.

Nothing of the machine's is changed: its firewall rules, forwarding, links and mounts are in other namespaces. Nothing
can leave the engine's network, as no cable leads out of it. When its first process ends, the kernel ends all of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from calicolab import artifacts
from calicolab.artifacts import disk
from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.docker_programs import DockerPrograms
from calicolab.engine import place as places
from calicolab.engine import probe
from calicolab.engine.launch import engine_of, launch
from calicolab.errors import ArtifactError, CalicolabError, UsageError
from calicolab.host import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.engine.client import Engine
    from calicolab.engine.place import Place

#: Seconds for dockerd to stop in order, and for the kernel to end all.
STOP_TIMEOUT, END_TIMEOUT = 20.0, 15.0
#: Megabytes that images and containers of a three-node cluster take.
MEGABYTES = 6000
#: Of util-linux and coreutils.
PROGRAMS = ("setsid", "unshare", "nsenter", "mount", "env")


def up(report: artifacts.Progress, *, place: Place | None = None) -> Engine:
    """Start the private engine, unless it runs, and return it once it has started a privileged container.

    Its images are kept for the next time; containers, networks and volumes end with it.

    Args:
        report: told what is built.
        place: which one; the one of `calicolab docker` when None.

    Raises:
        UsageError: this machine cannot have one; the sentence says why.
        ArtifactError: its programs could not be had.
        LabError: it did not start.
    """
    at = place or places.default()
    check(at)
    with disk.told_clearly(at.data), _alone(at):
        if (found := running(at)) is not None:
            return found
        cache = Cache(default_root())
        programs = cache.obtain([DockerPrograms(cache.root)], report=report)[0].files
        # One that was killed, or runs and does not answer.
        _end(at)
        at.prepare()
        try:
            with report.step("private Docker engine") as step:
                engine = launch(at, programs, step)
                # What the last one left when it was killed; it was not started again, see --restart.
                _empty(engine)
                step.stage("starting a privileged container")
                probe.prove_privileged(engine, report=report)
                return engine
        except BaseException:
            _end(at)
            raise


def down(*, place: Place | None = None) -> bool:
    """End the private engine and all that runs in it; its images stay. Return whether it ran.

    Raises:
        LabError: something of it did not end.
    """
    at = place or places.default()
    _require_root()
    with _alone(at):
        note = at.running()
        if note is not None:
            # Asked first, so that its database is closed; what it is asked for must not keep it from ending.
            with contextlib.suppress(CalicolabError):
                _empty(engine_of(at, note))
                processes.end(note.init, with_signal=signal.SIGTERM, timeout=STOP_TIMEOUT)
        _end(at)
    return note is not None


@contextlib.contextmanager
def _alone(at: Place) -> Iterator[None]:
    """Hold the engine's lock: whoever else starts or ends it waits."""
    at.data.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(at.data / "lock"):
        yield


def running(place: Place | None = None) -> Engine | None:
    """The private engine if it runs and answers."""
    at = place or places.default()
    note = at.running()
    if note is None:
        return None
    engine = engine_of(at, note)
    return engine if engine.run_status("version").succeeded else None


def check(place: Place) -> None:
    """Refuse what cannot be, before anything is made.

    Raises:
        UsageError: not root, a program or a file system is missing, or there is too little room.
    """
    _require_root()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise UsageError(f"the private engine needs {', '.join(missing)}: install util-linux and coreutils")
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        raise UsageError("this kernel has no overlayfs, which containers live on: load or build it (overlay)")
    if not any(places.CGROUPS.glob("*/cgroup.procs")) and not (places.CGROUPS / "cgroup.procs").exists():
        raise UsageError(f"no cgroups are mounted under {places.CGROUPS}, which containers need: mount them")
    if place.running() is None:
        try:
            disk.require([disk.Need(place.data, MEGABYTES, "the private engine's images and containers")])
        except ArtifactError as error:
            raise UsageError(str(error)) from error


def _require_root() -> None:
    if os.geteuid() != 0:
        raise UsageError("the private engine needs root: it makes namespaces and mounts; run it as root")


def _empty(engine: Engine) -> None:
    """Remove every container, network and volume."""
    containers = engine.run("ps", "--all", "--quiet").stdout.split()
    if containers:
        engine.run("rm", "--force", "--volumes", *containers, timeout=120)
    engine.run("network", "prune", "--force")
    engine.run("volume", "prune", "--all", "--force")


def _end(at: Place) -> None:
    note = at.running()
    if note is not None:
        processes.end(note.init, timeout=END_TIMEOUT)
    at.clean()
