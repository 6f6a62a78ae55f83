"""What a calico-node is asked in the same way wherever it runs: its probe and its BIRD."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from calicolab.calico import readiness
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.calico.bird_client import BirdClient
    from calicolab.calico.facts import Readiness, Session
    from calicolab.command import CommandResult


#: `calico-node -v` prints its version alone; v3.31 has words before it, and lines behind.
_VERSION = re.compile(r"\bv\d+\.\d+\.\S+")


class NodePrograms(ABC):
    """A calico-node by its programs: whoever inherits it has the way to its BIRD in `_bird`."""

    _bird: BirdClient

    @abstractmethod
    def run_status(self, argv: Sequence[str], *, timeout: float = 30) -> CommandResult:
        """Run a program in the container, whatever its exit code."""

    def running_version(self) -> str:
        """The version that the program in the container says it is, such as "v3.23.2".

        Raises:
            LabError: it says none.
        """
        said = self.run_status(["calico-node", "-v"])
        found = _VERSION.search(said.stdout)
        if found is None:
            raise LabError(f"calico-node does not say which version it is: {said}")
        return found[0]

    def readiness(self) -> Readiness:
        """What the readiness probe answers now, run as the kubelet runs it."""
        return readiness.probe(self.run_status)

    def bird_readiness(self) -> Readiness:
        """The probe's BIRD half alone."""
        return readiness.probe(self.run_status, felix=False)

    def felix_readiness(self, *, threshold: float | None = None) -> Readiness:
        """The probe's Felix half alone; it waits `threshold` seconds for a Felix that hangs, 30 when None."""
        return readiness.probe(self.run_status, bird=False, threshold=threshold)

    def sessions(self) -> tuple[Session, ...]:
        """BIRD's BGP sessions, asked on its control socket; `since` as exactly as the lab knows it.

        Raises:
            BirdError: it gave no answer, or none of use.
        """
        return self._bird.sessions()

    def routes(self) -> Sequence[str]:
        """BIRD's routes, a line each.

        Raises:
            BirdError: as for `sessions`.
        """
        return [str(route) for route in self._bird.routes()]
