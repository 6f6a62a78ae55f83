"""Processes in namespaces of their own: start one as the init of new namespaces, and run programs in there.

The kernel is the lab's reaper. The lab's first machine is the init of a process namespace that holds every other
process of the lab; its network and mount namespaces hold every link and mount. When it ends, all of it ends.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Seconds for the boot scripts' few mounts, with a hundred of them at once on two cores.
BOOT_TIMEOUT = 60.0
#: Seconds for a killed namespace to be gone.
END_TIMEOUT = 15.0
#: What the environment of a lab's processes says: which lab they are of, and whose it is (see `ownership`).
LAB_MARK, OWNER_MARK = "CALICOLAB_LAB", "CALICOLAB_OWNER"
#: What a program finds as its PATH in a machine or container.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


#: Own processes and mounts, which end with unshare; and what a machine has to itself beside them.
_UNSHARE = ("unshare", "--fork", "--kill-child=KILL", "--pid", "--mount")
_MACHINE = ("--net", "--uts", "--ipc")
#: What was started for each lab and is not yet known to have ended, by the lab's mark.
_started: defaultdict[str, list[subprocess.Popen[bytes]]] = defaultdict(list)


@dataclass
class Init:
    """The first process of a set of namespaces. `pid` is its number as the harness sees it."""

    pid: int
    #: unshare or nsenter, which waits for it.
    parent: subprocess.Popen[bytes] | None

    @property
    def root(self) -> str:
        """Its root directory as a path that the harness can open."""
        return f"/proc/{self.pid}/root"

    @property
    def network(self) -> Path:
        """Its network namespace."""
        return Path(f"/proc/{self.pid}/ns/net")

    def inside(self, argv: Sequence[str], *, environment: Mapping[str, str]) -> list[str]:
        """The argument list that runs `argv` in all its namespaces, in its root directory."""
        settings = [f"{name}={value}" for name, value in {"PATH": PATH, **environment}.items()]
        return [
            *("nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid"),
            *("--root", "--wd", "--", "/usr/bin/env", "-i", *settings, *argv),
        ]

    def alive(self) -> bool:
        """Whether it runs still."""
        return os.path.exists(f"/proc/{self.pid}/ns/pid")  # noqa: PTH110 - a dead pid's Path.exists() may raise

    def kill(self) -> None:
        """End it, and with it every process of its process namespace, and wait until they are gone.

        Raises:
            LabError: the kernel did not end it in time.
        """
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            descriptor = None
        if descriptor is not None:
            try:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                if not select.select([descriptor], [], [], END_TIMEOUT)[0]:
                    raise LabError(f"process {self.pid} did not end within {END_TIMEOUT:g} s of SIGKILL")
            finally:
                os.close(descriptor)
        if self.parent is not None:
            self.parent.wait(timeout=END_TIMEOUT)


@dataclass(frozen=True)
class Booting:
    """A boot script under way."""

    what: str
    process: subprocess.Popen[bytes]

    def init(self) -> Init:
        """Wait for the script's one line and return the init that it has become.

        Raises:
            LabError: it ended or stayed silent; with what it said.
        """
        assert self.process.stdout is not None  # noqa: S101 - opened as a pipe by boot()
        with self.process.stdout as output:
            ready, _, _ = select.select([output], [], [], BOOT_TIMEOUT)
            line = output.readline() if ready else b""
            if line.strip().isdigit():
                return Init(pid=int(line), parent=self.process)
            self.process.kill()
            said = (line + output.read()).decode(errors="replace").strip()
        self.process.wait()
        raise LabError(f"{self.what} did not start: {said or 'it said nothing'}")


def boot(what: str, argv: Sequence[str], *, marks: Mapping[str, str]) -> Booting:
    """Start `argv`, a boot script in new namespaces; `what` names it in errors, `marks` are its lab's."""
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": PATH, **marks},
        # Ctrl-C at the terminal is for the harness, which takes the lab down in order.
        start_new_session=True,
    )
    _started[marks[LAB_MARK]].append(process)
    return Booting(what=what, process=process)


def wait_for_ended(marks: Mapping[str, str]) -> None:
    """Wait until all that was started for a lab has ended; its first process has been killed.

    Raises:
        LabError: something runs on.
    """
    for process in _started.pop(marks[LAB_MARK], []):
        try:
            process.wait(timeout=END_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"process {process.pid} outlives its lab by {END_TIMEOUT:g} s") from error
        finally:
            if process.stdout is not None:
                process.stdout.close()


def new_lab(argv: Sequence[str], *, dies_with_us: bool) -> list[str]:
    """The argument list that runs `argv` as the init of a lab.

    Args:
        argv: the boot script and its arguments.
        dies_with_us: whether the kernel ends it when the thread that starts it ends, even by SIGKILL.

    Raises:
        LabError: asked for from a thread that may end before the lab does.
    """
    if dies_with_us and threading.current_thread() is not threading.main_thread():
        raise LabError(
            "a lab that ends with the run must be started by the main thread (prctl(2), PR_SET_PDEATHSIG)"
        )
    leash = ["setpriv", "--pdeathsig=KILL"] if dies_with_us else []
    return [*leash, *_UNSHARE, *_MACHINE, "--", *argv]


def new_machine(lab: Init, argv: Sequence[str]) -> list[str]:
    """The argument list that runs `argv` as the init of a machine of `lab`, with a network of its own."""
    return ["nsenter", f"--target={lab.pid}", "--mount", "--pid", "--", *_UNSHARE, *_MACHINE, "--", *argv]


def new_container(machine: Init, argv: Sequence[str]) -> list[str]:
    """The argument list that runs `argv` as the init of a container on `machine`, on the machine's network."""
    enter = ["nsenter", f"--target={machine.pid}", "--mount", "--pid", *_MACHINE, "--"]
    return [*enter, *_UNSHARE, "--", *argv]
