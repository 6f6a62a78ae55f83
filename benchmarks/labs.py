"""How the benchmarks get their labs."""

from __future__ import annotations

from calicolab import artifacts
from calicolab.artifacts.progress import Plain
from calicolab.evidence.timeline import Timeline
from calicolab.labs.netns.lab import NetnsLab

VERSIONS = ("v3.23.2", "v3.31.0")


def new_lab(version: str, *, nodes: int = 3) -> NetnsLab:
    """A lab of `version` whose programs are built and verified, not yet up."""
    files = artifacts.obtain([version], report=Plain())[version]
    return NetnsLab(files, timeline=Timeline(), nodes=nodes)
