"""Where calico-node's BIRD keeps its control socket and its log, and how to get there from outside its container."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from calicolab.errors import LabError

#: node/filesystem/etc/service/available/bird/run, v3.21 to v3.31.
SOCKET = "/var/run/calico/bird.ctl"
#: node/filesystem/etc/service/available/bird/log/run: svlogd's current file.
LOG = "/var/log/calico/bird/current"
#: As many symbolic links as the kernel follows (path_resolution(7)).
LINK_LIMIT = 40


def inside(root: Path | str, path: str) -> Path:
    """What a process whose root directory is `root` calls `path`.

    The kernel follows an absolute link below /proc/<pid>/root from our own root: with Debian's /var/run -> /run,
    /proc/<pid>/root/var/run/calico would be this machine's. Parts that do not exist yet are taken as they are.

    Args:
        root: such as /proc/<pid>/root.
        path: absolute, as the process has it.

    Raises:
        LabError: more symbolic links than the kernel follows.
    """
    done: list[str] = []
    left = list(PurePosixPath(path).parts)[::-1]
    links = 0
    while left:
        part = left.pop()
        if part == "/":
            done = []
        elif part == "..":
            done = done[:-1]
        else:
            target = _link(Path(root, *done, part))
            if target is None:
                done.append(part)
                continue
            links += 1
            if links > LINK_LIMIT:
                raise LabError(f"{path} below {root} goes through more than {LINK_LIMIT} symbolic links")
            left += list(PurePosixPath(target).parts)[::-1]
    return Path(root, *done)


def _link(path: Path) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 - Path.readlink would drop a leading // and trailing parts
    except OSError:
        return None
