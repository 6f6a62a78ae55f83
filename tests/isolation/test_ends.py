"""A lab leaves nothing, however its run ends; two of them do not meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab.labs.netns import namespaces, ownership
from calicolab.wait import wait_for
from tests.isolation.conftest import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.artifacts import LabFiles
    from calicolab.labs.netns.lab import NetnsLab

pytestmark = pytest.mark.root

RUN_LAB = Path(__file__).with_name("run_lab.py")


class Run:
    """A run of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(RUN_LAB), VERSION], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.owner = ownership.identity(self.process.pid)

    def wait_until(self, stage: str) -> None:
        """Read what it prints until it says `stage`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == stage:
                return
        pytest.fail(f"the run ended with {self.process.wait()} before it was {stage}")

    def processes(self) -> list[ownership.MarkedProcess]:
        """The processes of its lab."""
        return [process for process in ownership.marked() if process.owner == self.owner]


@pytest.fixture
def new_run(lab_files: LabFiles) -> Iterator[Callable[[], Run]]:
    """Starts runs; those that are left are killed."""
    runs: list[Run] = []

    def start() -> Run:
        runs.append(Run())
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()
        assert run.process.stdout is not None
        run.process.stdout.close()


def test_down_leaves_nothing(new_lab: Callable[[], NetnsLab], nothing_left: Callable[[], None]) -> None:
    with new_lab() as lab:
        assert lab.pods
        inside = ownership.marked()
        assert len(inside) > 20, "the lab's processes carry no marks: their absence would prove nothing"
    nothing_left()


def test_a_lab_that_fails_to_come_up_leaves_nothing(
    new_lab: Callable[[], NetnsLab], nothing_left: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = new_lab()

    def broken() -> None:
        assert ownership.marked()
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "_wait_until_healthy", broken)
    with pytest.raises(KeyboardInterrupt):
        lab.up()
    nothing_left()


def test_ctrl_c_takes_the_lab_down_in_order(
    new_run: Callable[[], Run], nothing_left: Callable[[], None]
) -> None:
    run = new_run()
    run.wait_until("up")
    run.process.send_signal(signal.SIGINT)
    run.wait_until("down")
    run.process.wait(timeout=20)
    nothing_left()


@pytest.mark.parametrize("processes", [1, 8, 40])
def test_kill_9_while_coming_up_leaves_nothing(
    new_run: Callable[[], Run], nothing_left: Callable[[], None], processes: int
) -> None:
    """Killed when the lab has so many processes: its first one, its machines, calico-node under way."""
    run = new_run()
    run.wait_until("starting")
    wait_for(run.processes, until=lambda found: len(found) >= processes, timeout=30, interval=0.001)
    run.process.kill()
    run.process.wait()
    wait_for(run.processes, until=lambda found: not found, timeout=10)
    nothing_left()


def test_kill_9_of_a_run_is_followed_by_a_clean_one(
    new_run: Callable[[], Run], new_lab: Callable[[], NetnsLab], nothing_left: Callable[[], None]
) -> None:
    run = new_run()
    run.wait_until("up")
    run.process.kill()
    run.process.wait()
    wait_for(run.processes, until=lambda found: not found, timeout=10)
    with new_lab() as lab:
        assert lab.mesh().is_full
    nothing_left()


def test_two_labs_side_by_side_do_not_meet(
    new_run: Callable[[], Run], new_lab: Callable[[], NetnsLab], nothing_left: Callable[[], None]
) -> None:
    run = new_run()
    run.wait_until("up")
    with new_lab() as lab:
        assert lab.mesh().is_full
        others = run.processes()
        assert others
    assert run.processes() == others, "taking one lab down touched the other"
    run.process.send_signal(signal.SIGINT)
    run.wait_until("down")
    run.process.wait(timeout=20)
    nothing_left()


def test_the_reaper_ends_what_has_lost_its_owner_and_nothing_else(new_run: Callable[[], Run]) -> None:
    """What the kernel cannot cover: a first process that outlived its owner."""
    bystander = new_run()
    bystander.wait_until("up")
    gone = subprocess.Popen(["true"])
    owner = ownership.identity(gone.pid)
    gone.wait()
    orphan = subprocess.Popen(
        ["sleep", "60"], env={namespaces.LAB_MARK: "netns-orphan", namespaces.OWNER_MARK: owner}
    )
    unmarked = subprocess.Popen(["sleep", "60"], env={})
    try:
        wait_for(
            lambda: [process.pid for process in ownership.marked()],
            until=lambda pids: orphan.pid in pids,
            timeout=5,
        )
        assert "netns-orphan" in ownership.reap()
        assert orphan.wait(timeout=5) == -signal.SIGKILL
        assert unmarked.poll() is None
        assert bystander.processes()
    finally:
        for process in (orphan, unmarked):
            process.kill()
            process.wait()
    assert os.getpid() not in [process.pid for process in ownership.marked()]
