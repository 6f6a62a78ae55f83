"""A lab that stands by itself, from the command line: up, looked at, broken, refused, and gone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from calicolab.command import CommandResult, run_status
from calicolab.labs import standing as notes
from calicolab.labs.netns import ownership
from tests.isolation.conftest import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.artifacts import LabFiles

pytestmark = pytest.mark.root

NAME = "isolation-test"


def calicolab(*arguments: str) -> CommandResult:
    """Run the command line."""
    return run_status([sys.executable, "-m", "calicolab.cli", *arguments], timeout=120)


@pytest.fixture(scope="module")
def standing(lab_files: LabFiles) -> Iterator[None]:
    """A lab of two nodes that nobody's end takes down."""
    came_up = calicolab("up", "--name", NAME, "--calico", VERSION, "--nodes", "2")
    assert came_up.succeeded, came_up
    assert "full mesh" in came_up.stdout
    yield
    calicolab("down", "--name", NAME)


@pytest.mark.usefixtures("standing")
def test_a_second_one_of_its_name_is_refused() -> None:
    refused = calicolab("up", "--name", NAME)
    assert refused.returncode == 2
    assert f"lab {NAME!r} is up already" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.usefixtures("standing")
def test_programs_run_on_its_nodes() -> None:
    said = calicolab("exec", "--name", NAME, "node02", "--", "hostname")
    assert (said.returncode, said.stdout) == (0, "node02\n")
    assert calicolab("exec", "--name", NAME, "node02", "--", "false").returncode == 1


@pytest.mark.usefixtures("standing")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["exec", "--name", NAME, "node09", "--", "true"], "no node 'node09': its nodes are node01, node02"),
        (["inject", "--name", NAME, "node09"], "no node 'node09'"),
        (["inject", "--name", NAME, "node02", "--bridge", "br-fac7e80266588"], "1 to 15 letters"),
        (["inject", "--name", NAME, "node02", "--address", "172.18.0.1.2/16"], "IPv4 address"),
        (["exec", "--name", NAME, "node02"], "name the program"),
        (["down", "--name", "nobody"], "no lab called 'nobody' is up"),
        (["status", "--name", "nobody"], "no lab called 'nobody' is up"),
        (["up", "--name", "another", "--nodes", "1"], "2 to 100 nodes, but 1 were asked for"),
        (["up", "--name", "another", "--subnet", "nonsense"], "no IPv4 network"),
        (["up", "--name", "another", "--calico", "v9.9.9"], "known are"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(arguments: list[str], said: str) -> None:
    refused = calicolab(*arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.usefixtures("standing")
def test_the_bridge_is_seen_and_heals() -> None:
    status = ("status", "--name", NAME)  # others may stand on this machine, and be broken
    assert calicolab(*status).returncode == 0
    injected = calicolab("inject", "--name", NAME, "node02", "--restart")
    assert injected.succeeded, injected
    # Its own exit code tells, so nothing is waited for: calico-node stores the address before BIRD starts.
    broken = calicolab(*status)
    assert broken.returncode == 1
    healed = calicolab("heal", "--name", NAME, "node02")
    assert healed.succeeded, healed


@pytest.mark.usefixtures("standing")
def test_down_leaves_nothing() -> None:
    before = standing_labs()
    went = calicolab("down", "--name", NAME)
    assert went.succeeded, went
    assert len(before - standing_labs()) == 1
    assert not (notes.FOLDER / f"{NAME}.json").exists()
    assert calicolab("down", "--name", NAME).returncode == 2


def standing_labs() -> set[str]:
    """The labs of which processes run that nobody's end takes down."""
    return {process.lab for process in ownership.marked() if process.owner == ownership.STANDING}
