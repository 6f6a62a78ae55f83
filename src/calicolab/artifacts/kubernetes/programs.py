"""Kubernetes' programs alone, for what needs one of them and no cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.kubernetes.sources import PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

    from calicolab.artifacts.progress import Progress


def obtain_programs(report: Progress) -> Path:
    """The folder of kube-apiserver and the others: built when missing, verified always.

    Raises:
        ArtifactError: it could not be built.
    """
    cache = Cache(default_root())
    (entry,) = cache.obtain([GoPrograms(PROGRAMS, cache=cache.root)], report=report)
    return entry.files
