"""calicoctl's client against what two versions really answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from calicolab.calico import ipam
from calicolab.calico.calicoctl import (
    ATTEMPTS,
    NOT_TAKEN,
    UNCERTAIN,
    Calicoctl,
    CalicoctlError,
    IpPool,
    ResourceMissing,
    UpdateConflict,
    VersionMismatch,
)
from calicolab.calico.facts import NodeAddress
from calicolab.calico.ipam import Usage
from calicolab.command import CommandFailed, CommandResult
from calicolab.errors import LabError
from tests.calico.recordings import VERSIONS, result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

versions = pytest.mark.parametrize("version", VERSIONS)
CONFIG = "--config=/etc/calico/calicoctl.cfg"


class Recorded:
    """Gives recorded answers, one after the other, and keeps what was asked."""

    def __init__(self, *answers: CommandResult) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[list[str], str | None]] = []

    def __call__(self, argv: Sequence[str], stdin: str | None) -> CommandResult:
        self.asked.append((list(argv), stdin))
        return self._answers.pop(0)


def failed(said: str) -> CommandResult:
    """An answer of etcd's that could not be had for a recording."""
    return CommandResult(("calicoctl",), 1, "", f"Failed to get resources: {said}\n", 0.1)


@versions
def test_node_addresses(version: str) -> None:
    run = Recorded(result("calicoctl", version, "get-nodes"))
    assert Calicoctl(run).node_addresses() == (
        NodeAddress("node01", "192.168.21.11/24"),
        NodeAddress("node02", "192.168.21.12/24"),
        NodeAddress("node03", "192.168.21.13/24"),
        NodeAddress("node04", None),
    )
    assert run.asked == [(["calicoctl", "get", "nodes", "-o", "json", CONFIG], None)]


@versions
def test_an_empty_datastore(version: str) -> None:
    assert Calicoctl(Recorded(result("calicoctl", version, "get-nodes-empty"))).node_addresses() == ()


@versions
def test_the_cure_of_the_incident(version: str) -> None:
    run = Recorded(result("calicoctl", version, "get-node-yaml"), result("calicoctl", version, "apply-stdin"))
    calicoctl = Calicoctl(run)
    text = calicoctl.get_node_yaml("node02")
    assert yaml.safe_load(text)["spec"]["bgp"]["ipv4Address"] == "192.168.21.12/24"
    calicoctl.apply(text)
    assert run.asked == [
        (["calicoctl", "get", "node", "node02", "-o", "yaml", CONFIG], None),
        (["calicoctl", "apply", "-f", "-", CONFIG], text),
    ]


@versions
def test_a_conflict_is_an_answer_and_asked_once(version: str) -> None:
    run = Recorded(result("calicoctl", version, "apply-conflict"))
    with pytest.raises(UpdateConflict, match=r"update conflict: Node\(node02\)"):
        Calicoctl(run).apply("kind: Node")
    assert len(run.asked) == 1


@versions
@pytest.mark.parametrize(
    ("scene", "ask"),
    [
        ("get-node-missing", lambda calicoctl: calicoctl.get("node", "node09")),
        ("patch-missing", lambda calicoctl: calicoctl.patch("node", "node09", {"spec": {}})),
        ("delete-missing", lambda calicoctl: calicoctl.delete("node", "node04")),
    ],
)
def test_a_missing_resource(version: str, scene: str, ask: Callable[[Calicoctl], None]) -> None:
    calicoctl = Calicoctl(Recorded(result("calicoctl", version, scene)))
    with pytest.raises(ResourceMissing, match=r"resource does not exist: Node\(node0"):
        ask(calicoctl)


@versions
@pytest.mark.parametrize("scene", ["apply-bad-address", "apply-bad-kind", "apply-ci", "get-unknown"])
def test_another_refusal(version: str, scene: str) -> None:
    run = Recorded(result("calicoctl", version, scene))
    with pytest.raises(CalicoctlError) as caught:
        Calicoctl(run).apply("")
    assert type(caught.value) is CalicoctlError
    assert isinstance(caught.value, CommandFailed)
    assert len(run.asked) == 1


def test_a_version_mismatch() -> None:
    with pytest.raises(VersionMismatch, match="--allow-version-mismatch"):
        Calicoctl(Recorded(result("calicoctl", "v3.31.0", "mismatch"))).node_addresses()


def test_a_version_mismatch_may_be_allowed() -> None:
    run = Recorded(result("calicoctl", "v3.31.0", "get-nodes"))
    Calicoctl(run, config="/etc/my.cfg", allow_version_mismatch=True).node_addresses()
    assert run.asked[0][0][-2:] == ["--config=/etc/my.cfg", "--allow-version-mismatch"]


@versions
def test_patch_and_delete(version: str) -> None:
    run = Recorded(result("calicoctl", version, "patch"), result("calicoctl", version, "delete"))
    calicoctl = Calicoctl(run)
    change = {"spec": {"bgp": {"ipv4Address": "172.18.0.1/16"}}}
    calicoctl.patch("node", "node02", change)
    calicoctl.delete("node", "node04")
    (patched, _), (deleted, _) = run.asked
    assert patched[:5] == ["calicoctl", "patch", "node", "node02", "-p"]
    assert json.loads(patched[5]) == change
    assert deleted == ["calicoctl", "delete", "node", "node04", CONFIG]


@versions
@pytest.mark.parametrize(("scene", "enabled"), [("get-bgpconfig", False), ("get-bgpconfig-missing", True)])
def test_the_mesh_is_on_unless_it_was_switched_off(version: str, scene: str, enabled: bool) -> None:
    assert Calicoctl(Recorded(result("calicoctl", version, scene))).mesh_enabled() is enabled


@versions
def test_ip_pools(version: str) -> None:
    (pool,) = Calicoctl(Recorded(result("calicoctl", version, "get-ippools"))).ip_pools()
    assert pool == IpPool(
        name="default-ipv4-ippool",
        cidr="10.244.0.0/16",
        block_size=26,
        ipip="Never",
        vxlan="Never",
        disabled=False,
    )


@versions
def test_ipam_show(version: str) -> None:
    pool, first, second = Calicoctl(Recorded(result("calicoctl", version, "ipam-show-used"))).ipam_show()
    assert pool == Usage("IP Pool", "10.244.0.0/16", total=65536, in_use=4, free=65532)
    assert (first.grouping, first.total, first.in_use) == ("Block", 64, 3)
    assert (second.grouping, second.in_use, second.free) == ("Block", 1, 63)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing\n",
        "| GROUPING | CIDR | IPS TOTAL | IPS IN USE | IPS FREE |\n| IP Pool | x | y | 1 (1%) | z |\n",
    ],
)
def test_another_ipam_table_is_an_error(text: str) -> None:
    with pytest.raises(LabError, match="ipam show"):
        ipam.parse(text)


@pytest.mark.parametrize("said", [*NOT_TAKEN, *UNCERTAIN])
def test_a_question_that_etcd_could_not_take_is_asked_again(said: str) -> None:
    run = Recorded(failed(said), failed(said), result("calicoctl", "v3.31.0", "get-nodes"))
    assert len(Calicoctl(run).node_addresses()) == 4
    assert len(run.asked) == 3


def test_it_is_not_asked_for_ever() -> None:
    run = Recorded(*[failed(NOT_TAKEN[0])] * ATTEMPTS)
    with pytest.raises(CalicoctlError, match="no leader"):
        Calicoctl(run).node_addresses()
    assert len(run.asked) == ATTEMPTS


@pytest.mark.parametrize("said", UNCERTAIN)
def test_a_change_that_may_have_been_made_is_not_made_again(said: str) -> None:
    """The second attempt would meet the conflict with the first."""
    run = Recorded(failed(said))
    with pytest.raises(CalicoctlError):
        Calicoctl(run).apply("kind: Node")
    assert len(run.asked) == 1


@pytest.mark.parametrize("said", NOT_TAKEN)
def test_a_change_that_was_not_taken_is_made_again(said: str) -> None:
    run = Recorded(failed(said), result("calicoctl", "v3.31.0", "apply-stdin"))
    Calicoctl(run).apply("kind: Node")
    assert run.asked[0] == run.asked[1]


@pytest.mark.parametrize("said", ["", "null", "[]", "not JSON"])
def test_an_answer_that_is_no_resource(said: str) -> None:
    with pytest.raises(LabError, match="calicoctl's answer is no"):
        Calicoctl(Recorded(CommandResult(("calicoctl",), 0, said, "", 0.1))).get("nodes")
