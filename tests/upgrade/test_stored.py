"""What is stored before and after an upgrade, and how they differ."""

from __future__ import annotations

from dataclasses import replace

from calicolab.calico.calicoctl import IpPool
from calicolab.calico.ipam import Usage
from calicolab.upgrade.stored import Stored, differences, in_words

POOL = IpPool("default", "10.244.0.0/16", 26, ipip="Never", vxlan="Never", disabled=False)
BLOCK = Usage("Block", "10.244.140.64/26", total=64, in_use=1, free=63)
BEFORE = Stored(
    version="v3.23.2",
    ready=True,
    addresses={"node01": "192.168.21.11/24", "node02": "192.168.21.12/24"},
    pools=(POOL,),
    usage=(Usage("IP Pool", "10.244.0.0/16", total=65536, in_use=1, free=65535), BLOCK),
)


def test_another_version_is_no_difference() -> None:
    after = replace(BEFORE, version="v3.25.0")
    assert differences(BEFORE, after) == ()
    assert in_words(BEFORE, after) == (
        "calicoVersion v3.23.2 -> v3.25.0; 2 nodes, 1 pools and 1 blocks as before"
    )


def test_what_differs_is_said_with_both_values() -> None:
    after = replace(BEFORE, addresses={**BEFORE.addresses, "node02": "172.18.0.1/16"})
    (difference,) = differences(BEFORE, after)
    assert difference.startswith("addresses: node01 192.168.21.11/24, node02 192.168.21.12/24 before")
    assert difference.endswith("node02 172.18.0.1/16 after")


def test_an_address_that_was_let_go_is_a_difference() -> None:
    after = replace(BEFORE, usage=(BEFORE.usage[0], replace(BLOCK, in_use=0, free=64)))
    assert "10.244.140.64/26 0 in use after" in differences(BEFORE, after)[0]


def test_a_datastore_that_is_not_ready_is_a_difference() -> None:
    assert differences(BEFORE, replace(BEFORE, ready=False)) == ("ready: True before, False after",)
