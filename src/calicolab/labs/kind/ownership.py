"""Whose a kind lab is, and its end: by its owner, by its guard when the owner was killed, else by the next run.

The kernel ends a namespace lab with its owner. Containers are the engine's, so a process of our own watches instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calicolab.errors import UsageError
from calicolab.labs.kind import guard
from calicolab.labs.kind.marks import LAB, OWNER, PROCESSES, STANDING, Marks, noted, pid_namespace
from calicolab.labs.kind.marks import new_marks as new_marks
from calicolab.labs.kind.removal import left
from calicolab.labs.kind.removal import remove as remove

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType
    from typing import Self

    from calicolab.engine import Engine

#: Seconds for a guard to end once it is told to.
RELEASE_TIMEOUT = 10.0


def guarded(engine: Engine, marks: Marks) -> Guarded:
    """The life of a lab: while entered a guard watches this process, and on the way out the lab is removed.

    Entering removes the labs of dead owners first. A lab whose marks say that it stands by itself has no guard.

    Args:
        engine: where the lab is.
        marks: the lab's.
    """
    return Guarded(engine, marks)


class Guarded:
    """See `guarded`. No generator: one that is dropped unfinished, by a command that leaves a lab, runs its end."""

    def __init__(self, engine: Engine, marks: Marks) -> None:
        self._engine, self._marks = engine, marks
        self._process: subprocess.Popen[bytes] | None = None
        self._kept = False

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            UsageError: the engine has something of that name already.
        """
        reap(self._engine)
        cluster = self._marks.cluster
        # What is removed in the end is what carries the name.
        if left(self._engine, cluster):
            raise UsageError(
                f"the engine has a kind cluster called {cluster} already, which this run did not make and does not "
                f"touch: run again for another name, or remove it with `kind delete cluster --name {cluster}`"
            )
        self._marks.save(host=self._engine.host)
        if self._marks.owner != STANDING:
            self._process = guard.start(self._engine, self._marks)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The guard goes last: what could not be removed it tries again, when this process has ended.
        if not self._kept:
            remove(self._engine, self._marks.cluster)
        self._release()

    def keep(self) -> Marks:
        """Leave the lab standing: neither this process's end nor the way out of here removes it.

        One that stands already is not noted again: it may have been ended meanwhile by whom it belongs to.
        """
        if self._marks.owner != STANDING:
            self._marks = replace(self._marks, owner=STANDING)
            self._marks.save(host=self._engine.host)
        self._kept = True
        self._release()
        return self._marks

    def _release(self) -> None:
        if self._process is not None:
            guard.release(self._process, timeout=RELEASE_TIMEOUT)
            self._process = None


def reap(engine: Engine) -> list[str]:
    """Remove every lab whose owner is gone, and return their names. Nothing without a mark is touched."""
    labs = _labelled(engine)
    for note in noted():
        # Of a lab that is in this engine the note counts, however the engine was called when it was written.
        if note.host == engine.host or note.marks.cluster in labs:
            labs[note.marks.cluster] = note.marks
    abandoned = sorted(name for name, marks in labs.items() if marks.abandoned())
    for name in abandoned:
        remove(engine, name)
    return abandoned


def _labelled(engine: Engine) -> dict[str, Marks]:
    """The labs of which the engine has containers or networks, by their names.

    Those whose owner has its number in another PID namespace than this process are left out: of such nobody can tell
    here whether it runs, and more than one of them may use an engine.
    """
    form = f'{{{{.Label "{LAB}"}}}} {{{{.Label "{OWNER}"}}}} {{{{.Label "{PROCESSES}"}}}}'
    listed = (
        engine.run(*what, f"--filter=label={LAB}", f"--format={form}").stdout.splitlines()
        for what in (("ps", "--all"), ("network", "ls"))
    )
    marks = (line.split(" ", 2) for lines in listed for line in lines)
    here = pid_namespace()
    return {name: Marks(cluster=name, owner=owner) for name, owner, namespace in marks if namespace == here}
