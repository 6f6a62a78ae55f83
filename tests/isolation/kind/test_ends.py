"""A kind lab leaves nothing however its owner ends, unless it is kept; and nothing that is not its own is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab.engine import place as places
from calicolab.engine import private
from calicolab.errors import UsageError
from calicolab.labs.kind import fence, making, network, ownership
from calicolab.labs.kind.marks import FOLDER, Marks
from calicolab.wait import wait_for
from tests.isolation.kind.traces import NOTHING, Traces, processes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calicolab.engine import Engine
    from calicolab.engine.place import Place

pytestmark = pytest.mark.root

RUN_LAB = Path(__file__).with_name("run_lab.py")
SUBNET, ANOTHER = "192.168.21.0/24", "192.168.22.0/24"
#: Seconds within which nothing of a lab whose owner was killed may be left.
GONE = 20.0


class Owner:
    """A process that owns a lab."""

    def __init__(self, engine: Engine, image: str, *, subnet: str = SUBNET, then: str = "wait") -> None:
        described = {field.name: getattr(engine, field.name) for field in fields(engine)}
        described["settings"] = dict(engine.settings)
        self.process = subprocess.Popen(
            [sys.executable, str(RUN_LAB), json.dumps(described, default=str), image, subnet, then],
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self.process.stdout is not None
        self.cluster = self.process.stdout.readline().strip()

    def wait_until(self, stage: str) -> None:
        """Read what it prints until it says `stage`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == stage:
                return
        pytest.fail(f"the owner ended with {self.process.wait()} before it was {stage}")


@pytest.fixture
def new_owner(engine: Engine, image: str) -> Iterator[Callable[..., Owner]]:
    """Starts owners; what is left of them is ended."""
    owners: list[Owner] = []

    def start(*, subnet: str = SUBNET, then: str = "wait") -> Owner:
        owners.append(Owner(engine, image, subnet=subnet, then=then))
        return owners[-1]

    yield start
    for owner in owners:
        owner.process.kill()
        owner.process.wait()
        assert owner.process.stdout is not None
        owner.process.stdout.close()
        ownership.remove(engine, owner.cluster)


def test_kill_9_of_its_owner_leaves_nothing(new_owner: Callable[..., Owner], engine: Engine) -> None:
    owner = new_owner()
    owner.wait_until("up")
    before = Traces.of(engine, owner.cluster)
    assert all(vars(before).values()), f"nothing to be left of: this proves nothing: {before}"
    owner.process.kill()
    owner.process.wait()
    wait_for(lambda: Traces.of(engine, owner.cluster), until=lambda left: left == NOTHING, timeout=GONE)


@pytest.mark.parametrize("containers", [0, 1, 2])
def test_kill_9_while_it_comes_up_leaves_nothing(
    new_owner: Callable[..., Owner], engine: Engine, containers: int
) -> None:
    owner = new_owner()
    owner.wait_until("fenced")
    wait_for(
        lambda: len(Traces.of(engine, owner.cluster).containers),
        until=lambda found: found >= containers,
        timeout=30,
    )
    owner.process.kill()
    owner.process.wait()
    wait_for(lambda: Traces.of(engine, owner.cluster), until=lambda left: left == NOTHING, timeout=GONE)


def test_the_next_run_removes_what_owner_and_guard_left(
    new_owner: Callable[..., Owner], engine: Engine
) -> None:
    owner = new_owner()
    owner.wait_until("up")
    guards = [
        pid for pid in processes_of(owner.cluster) if b"guard" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(guards) == 1
    os.kill(guards[0], 9)
    owner.process.kill()
    owner.process.wait()
    assert Traces.of(engine, owner.cluster).containers, "nothing was left: this proves nothing"
    assert ownership.reap(engine) == [owner.cluster]
    assert Traces.of(engine, owner.cluster) == NOTHING


def test_the_way_out_removes_it(engine: Engine, image: str) -> None:
    marks = ownership.new_marks("kind-v0.0.0", standing=False)
    with ownership.guarded(engine, marks):
        made = network.create(engine, name=marks.cluster, subnet=SUBNET, labels=marks.labels)
        fence.raise_(engine, made, mark=marks.cluster)
        label = ("--label", f"calicolab.lab={marks.cluster}")
        engine.run("run", "--detach", *label, "--network", made.name, image, "busybox", "sleep", "600")
    assert Traces.of(engine, marks.cluster) == NOTHING


def test_a_kept_lab_outlives_its_owner_and_the_next_run(
    new_owner: Callable[..., Owner], engine: Engine
) -> None:
    owner = new_owner(then="keep")
    owner.wait_until("up")
    assert owner.process.wait(timeout=30) == 0
    kept = Traces.of(engine, owner.cluster)
    assert ownership.reap(engine) == []
    assert Traces.of(engine, owner.cluster) == kept
    assert (len(kept.containers), len(kept.networks), len(kept.rules)) == (3, 1, 4)
    assert not kept.processes, "its guard was to end"
    ownership.remove(engine, owner.cluster)
    assert Traces.of(engine, owner.cluster) == NOTHING


def test_a_kept_lab_ends_with_its_private_engine(
    new_owner: Callable[..., Owner], engine: Engine, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by `calicolab docker down`: what is left is its folder, which has keys in it."""
    monkeypatch.setattr(places, "default", lambda: place)
    owner = new_owner(then="keep")
    owner.wait_until("up")
    assert owner.process.wait(timeout=30) == 0
    handle = {"cluster": owner.cluster, "engine": engine.host}
    assert making.alive(handle)
    private.down(place=place)
    assert not making.alive(handle)
    folder = FOLDER / owner.cluster
    assert folder.exists()
    making.end(handle)
    assert not folder.exists()


def test_what_is_not_its_own_stays(new_owner: Callable[..., Owner], engine: Engine, image: str) -> None:
    """A lab beside it, a container and a network without marks, and a cluster of the same kind but not ours."""
    engine.run("network", "create", "users")
    kinds = ("--label", "io.x-k8s.kind.cluster=kind", "--network", "users")
    engine.run("run", "--detach", "--name", "users", *kinds, image, "busybox", "sleep", "600")
    beside = new_owner(subnet=ANOTHER)
    beside.wait_until("up")
    before = Traces.of(engine, beside.cluster)
    owner = new_owner()
    owner.wait_until("up")
    owner.process.kill()
    owner.process.wait()
    wait_for(lambda: Traces.of(engine, owner.cluster), until=lambda left: left == NOTHING, timeout=GONE)
    assert ownership.reap(engine) == []
    assert Traces.of(engine, beside.cluster) == before
    assert "users" in engine.run("ps", "--format={{.Names}}").stdout.split()
    engine.run("rm", "--force", "users")
    engine.run("network", "rm", "users")


def test_what_is_in_the_way_is_named_and_not_touched(engine: Engine, image: str) -> None:
    """A cluster, a network and a container of the lab's own name, which are somebody's: names are random, but."""
    marks = ownership.new_marks("kind-v0.0.0", standing=False)
    container = ("--name", f"{marks.cluster}-control-plane", image, "busybox", "sleep", "600")
    theirs = ("--label", f"io.x-k8s.kind.cluster={marks.cluster}")

    engine.run("run", "--detach", *theirs, *container)
    with (
        pytest.raises(UsageError, match=f"a kind cluster called {marks.cluster} already"),
        ownership.guarded(engine, marks),
    ):
        pytest.fail("it was begun")
    assert Traces.of(engine, marks.cluster).containers == (f"{marks.cluster}-control-plane",)
    engine.run("rm", "--force", f"{marks.cluster}-control-plane")

    # Neither carries a mark: what is made of the lab is removed, and they stay.
    engine.run("run", "--detach", *container)
    engine.run("network", "create", marks.cluster)
    with (
        pytest.raises(UsageError, match=f"a network called {marks.cluster} already .it is not one of ours"),
        ownership.guarded(engine, marks),
    ):
        network.create(engine, name=marks.cluster, subnet=SUBNET, labels=marks.labels)
    left = Traces.of(engine, marks.cluster)
    assert (left.containers, left.networks) == ((f"{marks.cluster}-control-plane",), (marks.cluster,))
    engine.run("rm", "--force", f"{marks.cluster}-control-plane")
    engine.run("network", "rm", marks.cluster)
    assert Traces.of(engine, marks.cluster) == NOTHING


def test_a_lab_that_is_gone_is_no_error(engine: Engine) -> None:
    ownership.remove(engine, "kind-v0-0-0-00000000")


def test_a_standing_lab_has_no_owner_to_lose() -> None:
    assert not ownership.new_marks("kind-v3.23.2", standing=True).abandoned()
    assert Marks(cluster="kind-v3-23-2-0", owner="1:1").abandoned()
