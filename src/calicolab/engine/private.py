"""The private engine: Docker in network, process, mount and ipc namespaces of its own, for machines that have none.

Nothing of the machine's is changed: its firewall rules, forwarding, links and mounts are in other namespaces. Nothing
can leave the engine's network, as no cable leads out of it. When its first process ends, the kernel ends all of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

import filelock

from calicolab import artifacts
from calicolab.artifacts import disk
from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.docker_programs import DockerPrograms
from calicolab.engine import place as places
from calicolab.engine import probe
from calicolab.engine.client import Engine
from calicolab.errors import ArtifactError, CalicolabError, LabError, UsageError
from calicolab.host import processes
from calicolab.host.network_namespace import netlink
from calicolab.wait import WaitAborted, WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.engine.place import Note, Place

#: What is in the environment of every process of the engine.
MARK = "CALICOLAB_ENGINE"
#: Seconds for the boot script's mounts, for dockerd to listen, for it to stop in order, and for the kernel to end all.
BOOT_TIMEOUT, START_TIMEOUT, STOP_TIMEOUT, END_TIMEOUT = 20.0, 60.0, 20.0, 15.0
#: Megabytes that images and containers of a three-node cluster take.
MEGABYTES = 6000
#: Of util-linux and coreutils.
PROGRAMS = ("setsid", "unshare", "nsenter", "mount", "env")
#: Networks that Docker gives out by itself. Its own defaults begin with 172.17 and 172.18, and 172.18.0.1 is the
#: address that the incident's bridge has.
DEFAULT_BRIDGE, DEFAULT_POOL = "10.213.0.1/24", "base=10.214.0.0/16,size=24"
#: A cable from nowhere to nowhere that the default route leads to: a packet must be routable for the fence to refuse,
#: and the sender to hear "Connection refused" instead of "Network is unreachable".
NOWHERE, ITS_END = "nowhere0", "nowhere1"
#: Settings of the whole machine that a node's kubelet changes (kubernetes v1.34 pkg/util/sysctl/sysctl.go).
KERNEL = tuple(
    f"/proc/sys/{name}"
    for name in (
        *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
        *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
    )
)
#: It stands by itself: neither this process's child, nor hit by Ctrl-C at its terminal.
_DETACHED = ("setsid", "--fork")
_UNSHARE = ("unshare", "--fork", "--kill-child=KILL", "--net", "--pid", "--mount", "--ipc", "--")


def up(report: artifacts.Progress, *, place: Place | None = None) -> Engine:
    """Start the private engine, unless it runs, and return it once it has started a privileged container.

    It keeps its images from time to time; containers, networks and volumes do not outlive it.

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
            return _start(at, programs, report)
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
                _empty(_engine(at, note))
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
    engine = _engine(at, note)
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
    try:
        disk.require([disk.Need(place.data, MEGABYTES, "the private engine's images and containers")])
    except ArtifactError as error:
        raise UsageError(str(error)) from error


def _require_root() -> None:
    if os.geteuid() != 0:
        raise UsageError("the private engine needs root: it makes namespaces and mounts; run it as root")


def _start(at: Place, programs: Path, report: artifacts.Progress) -> Engine:
    with report.step("private Docker engine") as step:
        step.stage("making its namespaces")
        waiting, init = _boot(at, programs)
        note = places.Note(
            init=processes.identity(init),
            programs=str(programs),
            kernel={name: Path(name).read_text() for name in KERNEL if Path(name).exists()},
        )
        at.save(note)
        engine = _engine(at, note)
        _lay_network(engine)
        step.stage("starting dockerd")
        waiting.write(b"start\n")
        waiting.close()
        _wait_until_it_listens(at, note, engine)
        # What the last one left when it was killed; it was not started again, see --restart.
        _empty(engine)
        step.stage("starting a privileged container")
        probe.prove_privileged(engine, report=report)
    return engine


def _boot(at: Place, programs: Path) -> tuple[IO[bytes], int]:
    """Start the first process; return its standard input, where it waits for a line, and its number."""
    script = Path(__file__).with_name("boot_engine.sh")
    with at.log.open("ab") as log:
        process = subprocess.Popen(
            [
                *_DETACHED,
                *_UNSHARE,
                "/bin/sh",
                str(script),
                str(at.scratch),
                str(at.log),
                *_dockerd(at, programs),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env={**_settings(programs), MARK: f"{at.name}-{secrets.token_hex(4)}"},
        )
    process.wait(timeout=BOOT_TIMEOUT)
    assert process.stdin is not None  # noqa: S101 - opened as pipes above
    assert process.stdout is not None  # noqa: S101
    with process.stdout as output:
        line = output.readline()
    if not line.strip().isdigit():
        process.stdin.close()
        raise LabError(f"the private engine's namespaces could not be made: {_last_words(at)}")
    return process.stdin, int(line)


def _dockerd(at: Place, programs: Path) -> list[str]:
    return [
        str(programs / "bin/dockerd"),
        *(f"--host=unix://{at.socket}", f"--group={os.getegid()}"),
        *(
            f"--data-root={at.data / 'data'}",
            f"--exec-root={at.scratch}",
            f"--pidfile={at.scratch}/dockerd.pid",
        ),
        f"--config-file={at.configuration}",
        *("--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent=/{at.cgroup}"),
        *(f"--bip={DEFAULT_BRIDGE}", f"--default-address-pool={DEFAULT_POOL}"),
        *("--storage-driver=overlay2", "--log-driver=json-file", "--restart=false"),
    ]


def _settings(programs: Path) -> dict[str, str]:
    """The environment of the engine's programs."""
    return {
        "PATH": f"{programs}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": f"{programs}/lib",
        "XTABLES_LIBDIR": f"{programs}/lib/xtables",
    }


def _engine(at: Place, note: Note) -> Engine:
    init = note.init.partition(":")[0]
    return Engine(
        docker=Path(note.programs) / "bin/docker",
        host=f"unix://{at.socket}",
        private=True,
        proc=Path(f"/proc/{init}/root/proc"),
        network=Path(f"/proc/{init}/ns/net"),
        settings=_settings(Path(note.programs)),
    )


def _lay_network(engine: Engine) -> None:
    if engine.network.stat().st_ino == Path("/proc/self/ns/net").stat().st_ino:
        raise LabError(
            "the private engine has no network namespace of its own: nothing is laid in this machine's"
        )
    with netlink(engine.network) as link:
        link.link("add", ifname=NOWHERE, kind="veth", peer={"ifname": ITS_END})
        for name in ("lo", NOWHERE, ITS_END):
            link.link("set", index=link.link_lookup(ifname=name)[0], state="up")
        link.route(
            "add", family=socket.AF_INET, dst="default", oif=link.link_lookup(ifname=NOWHERE)[0], scope="link"
        )


def _wait_until_it_listens(at: Place, note: Note, engine: Engine) -> None:
    try:
        wait_for(
            lambda: (
                processes.alive(note.init),
                at.socket.exists() and engine.run_status("version").succeeded,
            ),
            until=lambda state: state[1],
            fail_early=lambda state: not state[0],
            timeout=START_TIMEOUT,
            interval=0.05,
        )
    except (WaitAborted, WaitTimeout) as error:
        raise LabError(f"the private engine did not start: {_last_words(at)}") from error


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


def _last_words(at: Place) -> str:
    """The last line that the engine said."""
    lines = at.log.read_text(errors="replace").strip().splitlines() if at.log.exists() else []
    return f"{lines[-1] if lines else 'it said nothing'} (more in {at.log})"
