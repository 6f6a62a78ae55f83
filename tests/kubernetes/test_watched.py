"""What a watch keeps current: through ends of connections, old versions, and a server that is gone."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from calicolab.kubernetes import watched
from calicolab.kubernetes.errors import ApiRefused, ApiSilent
from calicolab.kubernetes.watched import Watched
from calicolab.wait import wait_for


def made(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)}}


@dataclass
class Script:
    """A server whose lists and watches are told one after the other; an exception is raised, a list of events sent.

    Each watch ends after its events; when there are no more, it lasts until the test is over.
    """

    lists: list[Any]
    watches: list[Any] = field(default_factory=list)
    since: list[str] = field(default_factory=list)
    over: queue.Queue[None] = field(default_factory=queue.Queue)

    def list(self, kind: str, **selectors: str) -> dict[str, Any]:
        answer = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(answer, Exception):
            raise answer
        version, *items = answer
        return {"metadata": {"resourceVersion": str(version)}, "items": items}

    def watch(
        self, kind: str, *, since: str, connected: Callable[[], None], watch: Any = None, **selectors: str
    ) -> Iterator[dict[str, Any]]:
        self.since.append(since)
        if not self.watches:
            connected()
            self.over.get()
            return
        for event in self.watches.pop(0):
            if isinstance(event, Exception):
                raise event
            connected()
            yield {"type": event[0], "object": event[1]}

    def stop(self) -> None:
        self.over.put(None)


@pytest.fixture
def follow() -> Iterator[Callable[[Script], Watched]]:
    opened: list[Watched] = []

    def open_it(script: Script) -> Watched:
        opened.append(Watched(script, "v1/Pod", new_watch=lambda: script))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()


def names(one: Watched) -> list[str]:
    return sorted(found["metadata"]["name"] for found in one.objects())


Follow = Callable[[Script], Watched]


def test_what_changes_is_seen(follow: Follow) -> None:
    events = [
        ("ADDED", made("b", 6)),
        ("DELETED", made("a", 7)),
        ("MODIFIED", made("b", 8)),
        ("BOOKMARK", made("", 9)),
    ]
    script = Script([[5, made("a", 3)]], [events])
    one = follow(script)
    one.objects()
    wait_for(lambda: len(script.since), until=lambda count: count == 2, timeout=5)
    assert names(one) == ["b"]
    assert script.since == ["5", "9"]
    assert one.lists == 1


def test_a_connection_that_ends_is_gone_on_from_the_last_version(follow: Follow) -> None:
    broken = [("ADDED", made("b", 6)), ApiSilent("x", "reset")]
    script = Script([[5]], [broken, [("ADDED", made("c", 7))]])
    one = follow(script)
    wait_for(lambda: names(one), until=lambda found: found == ["b", "c"], timeout=5)
    assert script.since[:2] == ["5", "6"]
    assert one.lists == 1


def test_a_version_that_is_too_old_is_listed_anew(follow: Follow) -> None:
    script = Script([[5, made("a", 3)], [50, made("z", 40)]], [[ApiRefused(410, "too old")]])
    one = follow(script)
    wait_for(lambda: names(one), until=lambda found: found == ["z"], timeout=5)
    assert script.since == ["5", "50"]


def test_a_server_that_refuses_is_said_at_once(follow: Follow) -> None:
    with pytest.raises(ApiRefused, match="403: pods is forbidden"):
        follow(Script([ApiRefused(403, "pods is forbidden")])).objects()


def test_what_is_known_is_not_given_out_for_long_when_nothing_is_heard(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "STALE", 0.3)
    monkeypatch.setattr(watched, "PAUSE", 0.01)
    script = Script([[5, made("a", 3)]], [[ApiSilent("https://x", "refused")]] * 10_000)
    one = follow(script)
    assert names(one) == ["a"]
    with pytest.raises(ApiSilent, match="https://x does not answer"):
        wait_for(lambda: names(one), until=lambda found: found == [], timeout=5)


def test_a_server_that_comes_back_is_heard_again(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "STALE", 0.2)
    script = Script([[5, made("a", 3)]], [[ApiSilent("https://x", "refused")]])
    one = follow(script)
    one.objects()
    wait_for(lambda: len(script.since), until=lambda count: count == 2, timeout=5)
    assert names(one) == ["a"]


def test_a_thread_that_breaks_is_heard(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "STALE", 0.1)
    monkeypatch.setattr(watched, "PAUSE", 0.01)
    with pytest.raises(Exception, match="the watch of v1/Pod broke: KeyError"):
        follow(Script([[5, {"no": "metadata"}]])).objects()
