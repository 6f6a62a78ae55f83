"""Whether an engine starts privileged containers with a cgroup namespace of their own, as a cluster's nodes are."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import images
from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.docker_programs import DockerPrograms
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.artifacts import Progress
    from calicolab.engine.client import Engine

#: Seconds to import the image, and to run a container.
TIMEOUT = 60.0
_NODE = ("--privileged", "--cgroupns=private", "--network=none")
#: Something that only a privileged container may do.
_MOUNTS = ("/bin/busybox", "mount", "-t", "tmpfs", "tmpfs", "/bin")


def image(engine: Engine, *, report: Progress) -> str:
    """The name of an image with nothing but busybox, as /bin/busybox and /bin/sh; it is loaded if need be.

    Raises:
        ArtifactError: busybox could not be had.
        LabError: the engine does not take it.
    """
    cache = Cache(default_root())
    recipe = DockerPrograms(cache.root, probe=True)
    name = f"calicolab/probe:{recipe.key[:16]}"
    if not engine.run_status("image", "inspect", name).succeeded:
        root = cache.obtain([recipe], report=report)[0].files
        with tempfile.TemporaryDirectory(prefix="calicolab-") as folder:
            archive = Path(folder) / "probe.tar"
            images.write(archive, name=name, layers=[root], config=images.ImageConfig())
            engine.run("load", "--input", str(archive), timeout=TIMEOUT)
    return name


def prove_privileged(engine: Engine, *, report: Progress) -> None:
    """Start a container as a cluster's node is started, and see it end well.

    Raises:
        UsageError: the engine refuses.
        ArtifactError: busybox could not be had.
    """
    ran = engine.run_status("run", "--rm", *_NODE, image(engine, report=report), *_MOUNTS, timeout=TIMEOUT)
    if not ran.succeeded:
        said = (ran.stderr.strip() or ran.stdout.strip() or "it said nothing").splitlines()[0]
        raise UsageError(
            f"the Docker engine at {engine.host} does not start privileged containers, which a cluster's nodes are "
            f"({said}): allow them, or have `calicolab docker up` start one that does, with DOCKER_HOST unset"
        )
