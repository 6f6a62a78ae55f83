"""What a key held is read back from etcd's revisions, one after the other."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest

from calicolab.command import CommandFailed, CommandResult
from calicolab.etcd.history import revision, values_since
from calicolab.upgrade.stored import NODE_KEY, addresses_since

KEY = NODE_KEY.format("node02")


class Kept:
    """An etcd that keeps every revision of one key, as etcdctl shows it; other keys change in between."""

    def __init__(self, changes: dict[int, str | None], *, at: int, compacted: int = 0) -> None:
        self.changes, self.at, self.compacted = changes, at, compacted

    def __call__(self, argv: Sequence[str]) -> CommandResult:
        if argv == ["get", "/", "--write-out=json"]:
            return self._said({"header": {"revision": self.at}})
        assert argv[:2] == ["get", KEY]
        (wanted,) = (int(word.removeprefix("--rev=")) for word in argv if word.startswith("--rev="))
        if wanted <= self.compacted:
            refused = "etcdserver: mvcc: required revision has been compacted"
            return CommandResult(tuple(argv), 1, "", refused, 0.0)
        written = max((change for change in self.changes if change <= wanted), default=None)
        value = None if written is None else self.changes[written]
        if value is None:
            return self._said({"header": {"revision": self.at}})
        held = {"mod_revision": written, "value": base64.b64encode(value.encode()).decode()}
        return self._said({"header": {"revision": self.at}, "kvs": [held], "count": 1})

    @staticmethod
    def _said(answer: dict[str, object]) -> CommandResult:
        return CommandResult(("etcdctl",), 0, json.dumps(answer), "", 0.0)


def test_the_value_at_the_beginning_and_each_one_after_it() -> None:
    etcd = Kept({3: "a", 10: "b", 14: "c", 20: "d"}, at=22)
    assert revision(etcd) == 22
    assert values_since(etcd, KEY, since=12) == ("b", "c", "d")
    assert values_since(etcd, KEY, since=14) == ("c", "d")
    assert values_since(etcd, KEY, since=22) == ("d",)


def test_a_key_that_was_made_or_taken_away_meanwhile_was_none_before() -> None:
    assert values_since(Kept({10: "a", 14: "b"}, at=22), KEY, since=5) == (None, "a", "b")
    assert values_since(Kept({10: "a", 12: None, 14: "b"}, at=22), KEY, since=10) == (None, "b")
    assert values_since(Kept({10: "a", 12: None}, at=22), KEY, since=10) == (None,)


def test_a_compacted_revision_is_an_error() -> None:
    with pytest.raises(CommandFailed, match="has been compacted"):
        values_since(Kept({3: "a", 10: "b"}, at=22, compacted=12), KEY, since=5)


def node(address: str | None, note: str = "") -> str:
    bgp = {} if address is None else {"ipv4Address": address}
    return json.dumps({"metadata": {"labels": {"note": note}}, "spec": {"bgp": bgp}})


def test_an_address_that_was_there_for_a_moment_is_seen() -> None:
    own, bridge = "192.168.21.12/24", "172.18.0.1/16"
    changes = {3: node(own), 5: node(bridge), 6: node(bridge, "again"), 7: node(None), 9: node(own)}
    assert addresses_since(Kept(dict(changes), at=9), "node02", since=3) == (own, bridge, None, own)
    assert addresses_since(Kept(dict(changes), at=9), "node02", since=9) == (own,)


def test_a_change_of_something_else_is_no_other_address() -> None:
    own = "192.168.21.12/24"
    changes = {3: node(own), 5: node(own, "labelled"), 6: node(own)}
    assert addresses_since(Kept(dict(changes), at=9), "node02", since=3) == (own,)
