"""Machines side by side that answer what the real `calico-node -startup` of one version does with a layout.

Each has a network, a file system and an etcd of its own, so several answer at once without seeing each other. They are
namespaces under one first process and end with it, as every lab here does.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
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
        kubernetes: folder of kube-apiserver, where calico-node is to have a Kubernetes to ask.

    Raises:
        UsageError: not root, or this machine lacks something.
        LabError: a part did not come up.
    """

    def __init__(
        self, files: LabFiles, *, workers: int | None = None, kubernetes: Path | None = None
    ) -> None:
        self.version = files.version
        self._files = files
        processors = len(os.sched_getaffinity(0))
        self._count = workers if workers is not None else WORKERS_PER_PROCESSOR * processors
        self._kubernetes = kubernetes
        self._marks = ownership.new_marks(f"startup-{files.version}")
        self._first: Machine | None = None
        self._threads: list[threading.Thread] = []
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()

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
        if not self._threads:
            raise LabError("the rig is not up")
        asked = [_Asked(case) for case in cases]
        for one in asked:
            self._asked.put(one)
        for one in asked:
            yield one.answer.result()

    def _serve(self, worker: Worker, ready: Future[None]) -> None:
        """What each thread does. Netlink sockets are a thread's own, from their making to their end."""
        try:
            worker.start()
            worker.open()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for it
            worker.close()
            ready.set_exception(error)
            return
        ready.set_result(None)
        try:
            while (asked := self._asked.get()) is not None:
                asked.answered_by(worker)
        finally:
            worker.close()

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
        workers: list[Worker] = []
        for name, boot in zip(names, booting, strict=True):
            machine = Machine(name=name, directory=f"{folder}/{name}", init=boot.init(), marks=self._marks)
            workers.append(
                Worker(
                    machine,
                    self._files,
                    authority=authority,
                    parking=first.init.pid,
                    kubernetes=self._kubernetes,
                )
            )
        ready: list[Future[None]] = []
        for worker in workers:
            ready.append(Future())
            thread = threading.Thread(target=self._serve, args=(worker, ready[-1]), name="startup")
            thread.start()
            self._threads.append(thread)
        for one in ready:
            one.result()

    def _down(self) -> None:
        try:
            while True:  # what nobody waits for any more
                self._asked.get_nowait()
        except Empty:
            pass
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if self._first is not None:
            self._first.init.kill()
            namespaces.wait_for_ended(self._marks)
            self._first = None


class _Asked:
    """A case that waits for its answer."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.answer: Future[Decision] = Future()

    def answered_by(self, worker: Worker) -> None:
        try:
            self.answer.set_result(worker.answer(self._case))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that asked
            self.answer.set_exception(error)
