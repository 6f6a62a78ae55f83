"""Unpack images into the containerd of a root file system, so that whoever boots it has them at once.

Run as `python -m calicolab.artifacts.kubernetes.importer <upper> <work> <state> <archives> <root>...` in mount, pid and
network namespaces of its own, by `calicolab.artifacts.kubernetes.unpacking`; what it mounts goes with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.command import run
from calicolab.errors import CalicolabError
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds for containerd to listen, and for one image to be unpacked.
START_TIMEOUT = 60.0
IMPORT_TIMEOUT = 300.0
BLOBS = "var/lib/containerd/io.containerd.content.v1.content/blobs"
CTR = ("ctr", "--namespace", "k8s.io")


def mount_root(*, roots: Sequence[Path], upper: Path, work: Path, state: Path, archives: Path) -> Path:
    """Mount `upper` over the layers `roots`, and containerd's folder `state` and `archives` in it; return where."""
    merged = work.parent / "merged"
    merged.mkdir()
    # Relative paths of names that are ours: an overlay's options cannot hold every path that a cache may have.
    here = work.parent
    for number, root in enumerate(roots):
        (here / f"root{number}").mkdir()
        _mount("--bind", root, here / f"root{number}")
    lower = ":".join(f"root{number}" for number in range(len(roots)))
    above = Path(os.path.relpath(upper, here))
    overlay = f"lowerdir={lower},upperdir={above},workdir={work.name}"
    _mount("-t", "overlay", "-o", overlay, "overlay", merged.name, cwd=here)
    _mount("-t", "proc", "proc", merged / "proc")
    _mount("--rbind", "/sys", merged / "sys")
    _mount("--bind", "/dev", merged / "dev")
    for name in ("run", "tmp"):
        _mount("-t", "tmpfs", "tmpfs", merged / name)
    inside = merged / "var" / "lib" / "containerd"
    inside.mkdir(parents=True, exist_ok=True)
    _mount("--bind", state, inside)
    (merged / "tmp" / "archives").mkdir()
    _mount("--bind", archives, merged / "tmp" / "archives")
    return merged


def unpack(merged: Path, archives: Sequence[str]) -> None:
    """Have the containerd of `merged` unpack `archives`, by their names in /tmp/archives, and forget their layers."""
    inside = ["chroot", str(merged)]
    described = run([*inside, "ctr", "oci", "spec"], timeout=START_TIMEOUT).stdout
    (merged / "etc" / "containerd" / "cri-base.json").write_text(base_specification(described))
    containerd = subprocess.Popen([*inside, "containerd", "--log-level", "warn"])
    try:
        wait_for(
            (merged / "run" / "containerd" / "containerd.sock").is_socket,
            until=bool,
            fail_early=lambda _listens: containerd.poll() is not None,
            timeout=START_TIMEOUT,
        )
        for name in archives:
            print(name, flush=True)
            run([*inside, *CTR, "images", "import", f"/tmp/archives/{name}"], timeout=IMPORT_TIMEOUT)  # noqa: S108 - a tmpfs of its own
        layers = {digest for name in archives for digest in layers_of(merged / "tmp" / "archives" / name)}
        run([*inside, *CTR, "content", "rm", *sorted(layers)], timeout=IMPORT_TIMEOUT)
        # Their files go a moment after containerd forgot them.
        files = [merged / BLOBS / digest.replace(":", "/") for digest in layers]
        wait_for(
            lambda: [file.name for file in files if file.exists()],
            until=lambda left: not left,
            timeout=IMPORT_TIMEOUT,
        )
    finally:
        containerd.terminate()
        containerd.wait(timeout=START_TIMEOUT)


def layers_of(archive: Path) -> list[str]:
    """The digests of the layers in an image's archive, which are not compressed."""
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        if manifest is None:
            raise CalicolabError(f"{archive} holds no manifest.json")
        listed = json.load(manifest)
    return [f"sha256:{name.removesuffix('.tar')}" for image in listed for name in image["Layers"]]


def base_specification(described: str) -> str:
    """What every container of a node starts from: containerd's own, with kind's hook and no limits (images/base)."""
    specification = json.loads(described)
    hooks = specification.setdefault("hooks", {}).setdefault("createContainer", [])
    hooks.append({"path": "/kind/bin/mount-product-files.sh"})
    specification["process"].pop("rlimits", None)
    return json.dumps(specification, indent=2)


def main(arguments: Sequence[str]) -> int:
    """Unpack every archive in the folder named fourth."""
    upper, work, state, archives, *roots = map(Path, arguments)
    try:
        merged = mount_root(roots=roots, upper=upper, work=work, state=state, archives=archives)
        unpack(merged, sorted(path.name for path in archives.glob("*.tar")))
    except (CalicolabError, OSError, AssertionError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _mount(*arguments: str | Path, cwd: Path | None = None) -> None:
    run(["mount", *map(str, arguments)], timeout=START_TIMEOUT, cwd=cwd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
