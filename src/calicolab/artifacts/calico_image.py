"""The files of the calico/node image, laid out from Calico's module as the image's Makefile and Dockerfile do it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from calicolab.calico.versions import comparison_key

#: Changes whenever what is done here does.
_RECIPE = "calico image 2"
#: Where confd writes BIRD's configuration. node/filesystem holds it since v3.23.0; before, node/Makefile copied it from
#: confd/, and nothing writes without it.
_WRITTEN_BY_CONFD = "etc/calico/confd/config"
_FIRST_WITH_IT = "v3.23.0"
#: Programs that the image has under another name than Debian: v3.31's liveness probe runs /bin/birdcl.
_LINKS = (("usr/bin/birdcl", "/usr/sbin/birdc"),)
#: Top folders of Debian's root that are links: a folder of that name in a layer would hide the link.
_MERGED = ("bin", "sbin", "lib")
#: In the module, but only there for the image's licence duties.
_LEFT_OUT = ("included-source",)


def recipe(version: str) -> str:
    """What is done here to the files of `version`, as a word for a key."""
    if comparison_key(version) < comparison_key(_FIRST_WITH_IT):
        return f"{_RECIPE}, with {_WRITTEN_BY_CONFD}"
    return _RECIPE


def lay_out(module: Path, into: Path) -> None:
    """Put the image's files (node/filesystem, and confd's templates) from `module` into `into`.

    The module cache has no run bits: scripts get theirs back, and rc.local its `#!` line where it has none. Stock
    BIRD does not know `krt_tunnel` of Calico's fork, so those lines, which matter to IPIP only, are left out.
    /etc/service/enabled is not made: rc.local does that.
    """
    filesystem = module / "node" / "filesystem"
    for path in sorted(filesystem.rglob("*")):
        relative = path.relative_to(filesystem)
        if path.is_dir() or relative.parts[0] in _LEFT_OUT:
            continue
        if relative.parts[0] in _MERGED:
            relative = Path("usr") / relative
        _place(path, into / relative)
    confd = module / "confd" / "etc" / "calico" / "confd"
    for folder in ("conf.d", "templates"):
        for path in sorted((confd / folder).iterdir()):
            _place(path, into / "etc" / "calico" / "confd" / folder / path.name)
    (into / _WRITTEN_BY_CONFD).mkdir(parents=True, exist_ok=True)
    _finish(into)


def without_tunnels(template: str) -> str:
    """`template` without the statements that only Calico's fork of BIRD knows."""
    return re.sub(r"^[ \t]*krt_tunnel\s*=.*\n", "", template, flags=re.MULTILINE)


def with_shell(script: str) -> str:
    """`script` with a first line that names its shell."""
    return script if script.startswith("#!") else f"#!/bin/sh\n{script}"


def _place(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)
    to.chmod(0o644)


def _finish(into: Path) -> None:
    for template in (into / "etc" / "calico" / "confd" / "templates").glob("*.template"):
        template.write_text(without_tunnels(template.read_text()))
    local = into / "etc" / "rc.local"
    local.write_text(with_shell(local.read_text()))
    scripts = [local, *(into / "usr" / "sbin").iterdir(), *(into / "etc" / "service").rglob("run")]
    for script in scripts:
        script.chmod(0o755)
    for link, target in _LINKS:
        (into / link).parent.mkdir(parents=True, exist_ok=True)
        (into / link).symlink_to(target)
