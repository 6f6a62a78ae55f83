"""What a key of etcd held over time: etcd keeps every revision until it is compacted, and a lab's never is."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from calicolab.command import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.command import CommandResult

    #: Runs etcdctl against the cluster, as `Etcd.etcdctl` does.
    Etcdctl = Callable[[Sequence[str]], CommandResult]


def revision(etcdctl: Etcdctl) -> int:
    """The revision that etcd is at: it counts up with every change of any key.

    Raises:
        CommandFailed: etcdctl failed.
    """
    return int(_get(etcdctl, "/")["header"]["revision"])


def values_since(etcdctl: Etcdctl, key: str, *, since: int) -> tuple[str | None, ...]:
    """What `key` held at revision `since` and each value after it, oldest first; None where there was no such key.

    Raises:
        CommandFailed: etcdctl failed, as it does for a revision that has been compacted.
    """
    found: list[str | None] = []
    at = revision(etcdctl)
    while True:
        values: list[Mapping[str, Any]] = _get(etcdctl, key, f"--rev={at}").get("kvs", [])
        if not values:
            # Before it was made, or after it was taken away: what it was before that no revision tells.
            return (None, *reversed(found))
        found.append(base64.b64decode(values[0]["value"]).decode())
        at = int(values[0]["mod_revision"]) - 1
        if at < since:
            return tuple(reversed(found))


def _get(etcdctl: Etcdctl, *argv: str) -> dict[str, Any]:
    said = etcdctl(["get", *argv, "--write-out=json"])
    if not said.succeeded:
        raise CommandFailed(said)
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer
