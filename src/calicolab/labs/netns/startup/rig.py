"""Machines side by side that answer what the real `calico-node -startup` of one version does with a layout.

Each has a network, a file system and an etcd of its own, so several answer at once without seeing each other. They are
namespaces under one first process and end with it, as every lab here does.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from calicolab.errors import LabError
from calicolab.etcd.authority import Authority
from calicolab.labs.netns import bringup, namespaces, ownership, preflight
from calicolab.labs.netns.machine import Machine, boot_argv
from calicolab.labs.netns.startup.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from calicolab.artifacts import LabFiles
    from calicolab.calico.autodetection import Decision
    from calicolab.calico.autodetection.case import Case

#: Machines for each processor: the kernel takes one apart, and waits more than it works, while another starts.
WORKERS_PER_PROCESSOR = 2


class StartupRig:
    """Up while its context lasts.

    Args:
        files: the programs of the version that is asked.
        workers: how many machines; None for as many as the processors here keep busy.

    Raises:
        UsageError: not root, or this machine lacks something.
        LabError: a part did not come up.
    """

    def __init__(self, files: LabFiles, *, workers: int | None = None) -> None:
        self.version = files.version
        self._files = files
        processors = len(os.sched_getaffinity(0))
        self._count = workers if workers is not None else WORKERS_PER_PROCESSOR * processors
        self._marks = ownership.new_marks(f"startup-{files.version}")
        self._first: Machine | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._workers: list[Worker] = []
        self._free: SimpleQueue[Worker] = SimpleQueue()
        #: Each thread has a worker to itself: netlink sockets are a thread's own.
        self._own = threading.local()

    def __enter__(self) -> Self:
        preflight.check_host()
        try:
            self._up()
        except BaseException:
            self._down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._down()

    def answer(self, case: Case) -> Decision:
        """What the real program does.

        Raises:
            UsageError: the case cannot be built here.
            LabError: the machine broke.
        """
        return next(self.answers([case]))

    def answers(self, cases: Sequence[Case]) -> Iterator[Decision]:
        """What the real program does in each of these cases, in their order; as many at once as there are machines."""
        if self._threads is None:
            raise LabError("the rig is not up")
        return self._threads.map(self._answer, cases)

    def _answer(self, case: Case) -> Decision:
        worker: Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = self._free.get_nowait()
            worker.open()
        return worker.answer(case)

    def _up(self) -> None:
        first = self._first = bringup.boot_switch(self._files, marks=self._marks, dies_with_us=True)
        folder, layers = Path(first.directory).parent, (self._files.machine, self._files.debian)
        names = [f"machine{number}" for number in range(1, self._count + 1)]
        booting = [
            namespaces.boot(
                f"machine {name}",
                namespaces.new_machine(
                    first.init, boot_argv(name=name, directory=f"{folder}/{name}", layers=layers)
                ),
                marks=self._marks,
            )
            for name in names
        ]
        authority = Authority()
        for name, boot in zip(names, booting, strict=True):
            machine = Machine(name=name, directory=f"{folder}/{name}", init=boot.init(), marks=self._marks)
            self._workers.append(Worker(machine, self._files, authority=authority, parking=first.init.pid))
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="startup")
        list(self._threads.map(Worker.start, self._workers))
        for worker in self._workers:
            self._free.put(worker)

    def _down(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        if self._first is not None:
            self._first.init.kill()
            namespaces.wait_for_ended(self._marks)
            self._first = None
