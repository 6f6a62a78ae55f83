"""A list of objects that a watch keeps current, so that asking for it costs no request and is never old.

List and watch as every Kubernetes controller does it: list once, follow what changes from that version on, go on
from the last version seen when the connection ends, and list anew when the server no longer knows that version (410).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from calicolab.errors import LabError
from calicolab.kubernetes.errors import ApiRefused, ApiSilent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: HTTP status: the version to watch from is too old.
GONE = 410
#: Seconds after which what is known is no longer given out while the server does not answer.
STALE = 10.0
#: Seconds between two attempts while it does not.
PAUSE = 0.5
#: Seconds for the first list.
FIRST_TIMEOUT = 60.0


class Source(Protocol):
    """What is watched: `Api` is one."""

    def list(self, kind: str, **selectors: str) -> dict[str, Any]:
        """All objects, and the version of that list."""

    def watch(
        self, kind: str, *, since: str, connected: Callable[[], None], watch: Any = None, **selectors: str
    ) -> Iterator[dict[str, Any]]:
        """What changes from that version on."""


class Watched:
    """The objects of one kind, kept current by a thread from the first question on."""

    def __init__(
        self, source: Source, kind: str, *, new_watch: Callable[[], Any] = lambda: None, **selectors: str
    ) -> None:
        """Watch nothing yet.

        Args:
            source: the API server.
            kind: with its API version, such as "v1/Pod".
            new_watch: makes what the source's `watch` is to be stopped by.
            selectors: `label_selector` and `field_selector`.
        """
        self._source, self._kind, self._selectors = source, kind, selectors
        self._new_watch = new_watch
        self._objects: dict[str, dict[str, Any]] = {}
        self._known = False
        self._error: LabError | None = None
        self._broken_since: float | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._watch: Any = None
        #: The version to watch from; None to list anew.
        self._since: str | None = None
        #: How often all was listed anew.
        self.lists = 0

    def objects(self) -> tuple[dict[str, Any], ...]:
        """What there is now.

        Raises:
            ApiRefused: the server refused to list or to be watched.
            ApiSilent: it has not answered for longer than STALE seconds, or not at all.
        """
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._follow, name=f"watch of {self._kind}", daemon=True
                )
                self._thread.start()
            self._changed.wait_for(lambda: self._known or self._is_lost(), timeout=FIRST_TIMEOUT)
            if self._is_lost() and self._error is not None:
                raise self._error
            if not self._known:
                raise ApiSilent("(being listed)", f"no list of {self._kind} within {FIRST_TIMEOUT:g} s")
            return tuple(self._objects.values())

    def close(self) -> None:
        """End the watch."""
        self._ended.set()
        while self._thread is not None and self._thread.is_alive():
            if self._watch is not None:
                self._watch.stop()
            self._thread.join(timeout=0.1)  # it may have been about to connect

    def _is_lost(self) -> bool:
        """Whether what is known is too old, or will never be known: an answer that says no does not change."""
        if self._broken_since is None:
            return False
        refused = not self._known and isinstance(self._error, ApiRefused)
        return refused or time.monotonic() - self._broken_since > STALE

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                if self._since is None:
                    self._list()
                self._follow_on()
            except ApiRefused as error:
                self._since = None  # 410 or worse: what is known may be wrong
                if error.status != GONE:
                    self._broke(error)
            except ApiSilent as error:
                self._broke(error)
            except Exception as error:  # noqa: BLE001 - a thread that dies unheard would leave old facts standing
                self._since = None
                self._broke(LabError(f"the watch of {self._kind} broke: {type(error).__name__}: {error}"))

    def _list(self) -> None:
        listed = self._source.list(self._kind, **self._selectors)
        with self._changed:
            self._objects = {_key(one): one for one in listed["items"]}
            self._known = True
            self.lists += 1
        self._since = str(listed["metadata"]["resourceVersion"])
        self._connected()

    def _follow_on(self) -> None:
        """Follow what changes until the server ends the watch, as it does now and then."""
        self._watch = self._new_watch()
        if self._ended.is_set():
            return
        for event in self._source.watch(
            self._kind,
            since=self._since or "",
            connected=self._connected,
            watch=self._watch,
            **self._selectors,
        ):
            found = event["object"]
            self._since = str(found["metadata"]["resourceVersion"])
            with self._changed:
                if event["type"] == "DELETED":
                    self._objects.pop(_key(found), None)
                elif event["type"] in ("ADDED", "MODIFIED"):
                    self._objects[_key(found)] = found
            if self._ended.is_set():
                return

    def _connected(self) -> None:
        with self._changed:
            self._error, self._broken_since = None, None
            self._changed.notify_all()

    def _broke(self, error: LabError) -> None:
        with self._changed:
            self._error = error
            if self._broken_since is None:
                self._broken_since = time.monotonic()
            self._changed.notify_all()
        self._ended.wait(PAUSE)


def _key(found: dict[str, Any]) -> str:
    metadata = found["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"
