"""The start of a private engine: its namespaces, its network, and dockerd in them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

from calicolab.engine import place as places
from calicolab.engine.client import Engine
from calicolab.errors import LabError
from calicolab.host import processes
from calicolab.host.network_namespace import netlink
from calicolab.wait import WaitAborted, WaitTimeout, wait_for

if TYPE_CHECKING:
    from calicolab.artifacts.progress import Step
    from calicolab.engine.place import Note, Place

#: What is in the environment of every process of the engine.
MARK = "CALICOLAB_ENGINE"
#: Seconds for the boot script's mounts, and for dockerd to listen.
BOOT_TIMEOUT, START_TIMEOUT = 20.0, 60.0
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


def launch(at: Place, programs: Path, step: Step) -> Engine:
    """Start the engine at `at`, whose folders are made, and return it once it listens.

    Args:
        at: where.
        programs: Docker's.
        step: told what is under way.

    Raises:
        LabError: it did not start.
    """
    step.stage("making its namespaces")
    waiting, init = boot(at, programs)
    note = places.Note(
        init=processes.identity(init),
        programs=str(programs),
        kernel={name: Path(name).read_text() for name in KERNEL if Path(name).exists()},
    )
    at.save(note)
    engine = engine_of(at, note)
    _lay_network(engine)
    step.stage("starting dockerd")
    waiting.write(b"start\n")
    waiting.close()
    _wait_until_it_listens(at, note, engine)
    return engine


def engine_of(at: Place, note: Note) -> Engine:
    """The engine at `at` that `note` is of."""
    init = note.init.partition(":")[0]
    return Engine(
        docker=Path(note.programs) / "bin/docker",
        host=at.host,
        private=True,
        proc=Path(f"/proc/{init}/root/proc"),
        network=Path(f"/proc/{init}/ns/net"),
        settings=settings(Path(note.programs)),
    )


def boot(at: Place, programs: Path) -> tuple[IO[bytes], int]:
    """Start the first process; return its standard input, where it waits for a line, and its number."""
    script = Path(__file__).with_name("boot_engine.sh")
    with at.log.open("ab") as log:
        boots = ("/bin/sh", str(script), str(at.scratch), str(at.log))
        process = subprocess.Popen(
            [*_DETACHED, *_UNSHARE, *boots, *_dockerd(at, programs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env={**settings(programs), MARK: f"{at.name}-{secrets.token_hex(4)}"},
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
        *(f"--host={at.host}", f"--group={os.getegid()}"),
        *(f"--data-root={at.data / 'data'}", f"--exec-root={at.scratch}"),
        f"--pidfile={at.scratch}/dockerd.pid",
        f"--config-file={at.configuration}",
        *("--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent=/{at.cgroup}"),
        *(f"--bip={DEFAULT_BRIDGE}", f"--default-address-pool={DEFAULT_POOL}"),
        *("--storage-driver=overlay2", "--log-driver=json-file", "--restart=false"),
    ]


def settings(programs: Path) -> dict[str, str]:
    """The environment of the engine's programs."""
    return {
        "PATH": f"{programs}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": f"{programs}/lib",
        "XTABLES_LIBDIR": f"{programs}/lib/xtables",
    }


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
    def state() -> tuple[bool, bool]:
        """Whether it runs, and whether it answers."""
        answers = at.socket.exists() and engine.run_status("version").succeeded
        return processes.alive(note.init), answers

    try:
        wait_for(
            state,
            until=lambda state: state[1],
            fail_early=lambda state: not state[0],
            timeout=START_TIMEOUT,
            interval=0.05,
        )
    except (WaitAborted, WaitTimeout) as error:
        raise LabError(f"the private engine did not start: {_last_words(at)}") from error


def _last_words(at: Place) -> str:
    """The last line that the engine said."""
    lines = at.log.read_text(errors="replace").strip().splitlines() if at.log.exists() else []
    return f"{lines[-1] if lines else 'it said nothing'} (more in {at.log})"
