"""calico-node's readiness probe: run as the kubelet runs it, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from calicolab.calico.facts import Readiness
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.command import CommandResult

PROGRAM = "calico-node"
FELIX, BIRD = "-felix-ready", "-bird-ready"
#: Seconds. The probe waits up to 30 s for Felix (its -threshold-time) and 2 s for BIRD. The kubelet gives it only 10 s
#: (calico-etcd.yaml, timeoutSeconds) and then calls it failed without its words, which are wanted here.
TIMEOUT = 40.0
#: How all that the probe itself says begins (node/pkg/health/health.go); log lines may come before it.
_VERDICTS = ("calico/node is not ready: ", "calico/node check error: ")


class Run(Protocol):
    """Runs a program in the calico-node container and returns how it ended, whatever its exit code."""

    def __call__(self, argv: Sequence[str], *, timeout: float) -> CommandResult:
        """Run `argv`; after `timeout` seconds it is killed and CommandTimedOut raised."""


def probe(run: Run, *, bird: bool = True, felix: bool = True, threshold: float | None = None) -> Readiness:
    """Ask the probe.

    Both parts are asked at once and one message is shown: that of the part which failed first.

    Args:
        run: runs a program in the container.
        bird: whether BIRD is asked.
        felix: whether Felix is asked.
        threshold: seconds, the probe's -threshold-time: how long it is strict, and waits for Felix; its own when None.

    Raises:
        LabError: the probe could not be run, or ended without its verdict; nothing is known of calico-node.
    """
    parts = [*([FELIX] if felix else []), *([BIRD] if bird else [])]
    if threshold is not None:
        parts.append(f"-threshold-time={threshold:g}s")
    return parse(run([PROGRAM, *parts], timeout=TIMEOUT))


def parse(result: CommandResult) -> Readiness:
    """Read what the probe printed.

    Raises:
        LabError: it failed without saying why, so it is the running of it that failed.
    """
    if result.succeeded:
        return Readiness(ready=True, message="")
    for line in reversed((result.stdout + "\n" + result.stderr).splitlines()):
        if line.startswith(_VERDICTS):
            return Readiness(ready=False, message=line.rstrip())
    raise LabError(f"the readiness probe gave no verdict: {result}")
