"""What the night is made of: data, a row a part."""

from __future__ import annotations

import sys
from dataclasses import dataclass

#: Seconds after which a part that does not end is ended, however long it was expected to take.
AT_LEAST = 3600.0
#: And how many times what was expected.
PATIENCE = 4.0


@dataclass(frozen=True)
class Part:
    """A run of pytest. `minutes` is what it is expected to take on two cores (docs/nightly.md)."""

    name: str
    what: str
    #: What has to be built for it: arguments of `calicolab build`.
    build: tuple[str, ...]
    #: Arguments of pytest.
    pytest: tuple[str, ...]
    minutes: float

    @property
    def on_kubernetes(self) -> bool:
        """Whether it needs a Docker engine."""
        return "kind" in self.pytest

    @property
    def timeout(self) -> float:
        """Seconds after which it is ended."""
        return max(AT_LEAST, PATIENCE * self.minutes * 60)

    def build_command(self) -> list[str]:
        """What builds what it needs; done in a second when it is there."""
        return [sys.executable, "-m", "calicolab.cli", "build", *self.build]

    def command(self, *further: str) -> list[str]:
        """What runs it, with further arguments of pytest."""
        engine = [sys.executable, "-m", "calicolab.cli", "docker", "during"] if self.on_kubernetes else []
        return [*engine, sys.executable, "-m", "pytest", *self.pytest, *further]


_KIND = ("--lab", "kind", "v3.23.2", "v3.31.0")
#: Labs on namespaces at a time: half of the ten, in two rounds. But for the model's made-up nodes they wait most of the
#: time, for BIRD's timers and for calico-node's (docs/nightly.md).
_LABS_AT_A_TIME = "5"

#: In the order in which they run: what tells most comes first.
PARTS = (
    Part(
        name="netns",
        what="every suite on the namespace lab, all versions, the model on 2000 made-up nodes a version",
        build=("all",),
        pytest=("suites", "--lab", "netns", "--calico", "all", "--layouts", "2000", "-n", _LABS_AT_A_TIME),
        minutes=70,
    ),
    Part(
        name="kind-upgrade",
        what="the upgrade as a DaemonSet's rollout, v3.23.2 to v3.31.0",
        build=_KIND,
        pytest=("suites/upgrade", "--lab", "kind", "--calico", "v3.23.2", "--upgrade-to", "v3.31.0"),
        minutes=12,
    ),
    Part(
        name="kind-three",
        what="the incident with three control planes, as it was",
        build=("--lab", "kind", "v3.23.2"),
        pytest=("suites/founding", "--lab", "kind", "--calico", "v3.23.2", "--control-planes", "3"),
        minutes=8,
    ),
    Part(
        name="monitor",
        what="the cures at calico-node's own monitor interval of 60 s",
        build=("v3.23.2", "v3.31.0"),
        pytest=(
            *("suites/remediation", "--lab", "netns", "--calico", "v3.23.2", "--calico", "v3.31.0"),
            *("--monitor-interval", "default"),
        ),
        minutes=35,
    ),
    Part(
        name="kind",
        what="incident, readiness, autodetection; all of Kubernetes' network tests before the fault, after the cure",
        build=_KIND,
        pytest=(
            *("suites/founding", "suites/readiness", "suites/autodetection", "suites/connectivity"),
            *("--lab", "kind", "--calico", "v3.23.2", "--calico", "v3.31.0", "--e2e", "all"),
        ),
        minutes=95,
    ),
)


def named(name: str) -> Part:
    """The part called `name`.

    Raises:
        KeyError: there is none.
    """
    return {part.name: part for part in PARTS}[name]
