"""Which engine a kind lab uses: the one that this machine's user has, or the private one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab import artifacts
from calicolab.artifacts.progress import for_terminal
from calicolab.command import run_status
from calicolab.engine import private, probe
from calicolab.engine.client import Engine
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.command import CommandResult

DEFAULT_SOCKET = Path("/var/run/docker.sock")
#: Seconds for an engine to say what it is.
TIMEOUT = 20.0
_OWN = "take one on this machine that root runs, or unset DOCKER_HOST and run `calicolab docker up`"


def find(report: artifacts.Progress | None = None) -> Engine:
    """The engine to use: the one that DOCKER_HOST names, else the private one when it is up, else the machine's own.

    Whoever started a private one beside the machine's own wants it used.

    Args:
        report: told what is built on the way, a program to try the engine with; the terminal when None.

    Raises:
        UsageError: there is none, or it cannot carry a cluster whose packets stay here; the sentence says why.
    """
    if os.geteuid() != 0:
        raise UsageError(
            "a lab in a Docker engine needs root: it fences the lab's network in; run it as root"
        )
    own = private.running()
    named = os.environ.get("DOCKER_HOST") or (f"unix://{DEFAULT_SOCKET}" if _answers(DEFAULT_SOCKET) else "")
    if own is not None and os.environ.get("DOCKER_HOST", "") in ("", own.host):
        return own
    if not named:
        raise UsageError(
            f"no Docker engine was found: DOCKER_HOST is not set and nobody listens on {DEFAULT_SOCKET}; "
            "start your own, or `calicolab docker up` for a private one"
        )
    engine = _existing(named)
    probe.prove_privileged(engine, report=report or for_terminal())
    return engine


def _existing(host: str) -> Engine:
    """The user's engine at `host`, if it is one whose network is this machine's own."""
    if not host.startswith("unix://"):
        raise UsageError(f"the Docker engine at {host} is remote: no lab can be fenced in there; {_OWN}")
    docker = shutil.which("docker")
    if docker is None:
        raise UsageError(f"there is a Docker engine at {host}, but no docker client: install docker-cli")
    if shutil.which("iptables") is None:
        raise UsageError(f"no lab can be fenced in on the Docker engine at {host}: install iptables")
    path = Path(host.removeprefix("unix://"))
    if not _answers(path):
        raise UsageError(f"no Docker engine answers at {host}: start it, or {_OWN}")
    asked = run_status(
        [docker, "info", "--format={{json .}}"], timeout=TIMEOUT, env={**os.environ, "DOCKER_HOST": host}
    )
    facts = _facts(asked, host)
    server = _listener(path)
    refuse_unfit(facts, host=host, network=_same(server, "net"))
    shared = _same(server, "pid")
    return Engine(
        docker=Path(docker),
        host=host,
        private=False,
        proc=Path("/proc") if shared else Path(f"/proc/{server}/root/proc"),
        network=Path("/proc/self/ns/net"),
    )


def refuse_unfit(facts: dict[str, Any], *, host: str, network: bool) -> None:
    """Refuse an engine that a lab cannot be fenced in on.

    Args:
        facts: what `docker info` says.
        host: where it listens.
        network: whether it is in this process's network namespace.

    Raises:
        UsageError: it runs rootless, on another kernel, or in another network namespace.
    """
    if any("name=rootless" in option for option in facts.get("SecurityOptions") or ()):
        raise UsageError(f"the Docker engine at {host} is rootless: its networks cannot be fenced in; {_OWN}")
    if facts.get("KernelVersion") != os.uname().release:
        raise UsageError(
            f"the Docker engine at {host} runs on another machine, or in a virtual one (its kernel is "
            f"{facts.get('KernelVersion')}, not {os.uname().release}): its networks cannot be fenced in; {_OWN}"
        )
    if not network:
        raise UsageError(
            f"the Docker engine at {host} is in another network namespace: its networks cannot be fenced in; {_OWN}"
        )


def _facts(asked: CommandResult, host: str) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(asked.stdout)
    except json.JSONDecodeError:
        facts = {"ServerErrors": [asked.stderr.strip()]}
    if facts.get("ServerErrors"):
        raise UsageError(f"the Docker engine at {host} does not say what it is: {facts['ServerErrors'][0]}")
    return facts


def _answers(path: Path) -> bool:
    """Whether anybody listens on the socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(TIMEOUT)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _listener(path: Path) -> int:
    """The number of the process that listens on the socket `path` (unix(7), SO_PEERCRED)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
        pid, _uid, _gid = struct.unpack(
            "3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        )
    return int(pid)


def _same(pid: int, kind: str) -> bool:
    """Whether process `pid` is in our namespace of a kind, such as "net". One that cannot be seen from here is not."""
    if not Path(f"/proc/{pid}/ns/{kind}").exists():
        return False
    return Path(f"/proc/{pid}/ns/{kind}").stat().st_ino == Path(f"/proc/self/ns/{kind}").stat().st_ino
