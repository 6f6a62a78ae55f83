"""pause, which holds a pod's namespaces: Kubernetes' own pause.c, compiled without a compiler on the machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.debian import PrivateApt, package_version, unpack
from calicolab.artifacts.stream import follow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Step

SUITE = "bookworm"
#: A C compiler and a C library for static programs: 1 MB, where gcc with glibc is 60.
PACKAGES = ("tcc", "musl-dev")
MEGABYTES = 20
TIMEOUT = 60.0


class Pause:
    """Recipe of the program pause.

    Args:
        cache: the cache's folder.
        source: where pause.c is, or will be.
        source_key: checksum of the recipe that it comes from.
        version: the one it says it is, Kubernetes'.
    """

    name = "pause"
    title = "pause"

    def __init__(self, *, cache: Path, source: Path, source_key: str, version: str) -> None:
        self._cache, self._source, self._source_key = cache, source, source_key
        self.version = version
        self._apt = PrivateApt(cache / "apt" / SUITE, suite=SUITE)

    @property
    def key(self) -> str:
        """Checksum of what is compiled and by what."""
        return checksum("pause 1", self._source_key, SUITE, *PACKAGES, self.version)

    def needs(self) -> Sequence[disk.Need]:
        """The room for the compiler."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """See that the mirror answers."""
        self._apt.update()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Fetch the compiler, compile, and leave the compiler out."""
        step.stage("fetching a C compiler")
        archives = self._apt.download(PACKAGES, on_line=lambda _line: None)
        compiler = into.parent / "compiler"
        for archive in archives:
            unpack(archive, compiler)
        step.stage("compiling")
        tcc = next(compiler.glob("usr/lib/*/tcc"))
        musl = next(compiler.glob("usr/lib/*-linux-musl"))
        follow(
            [
                str(compiler / "usr" / "bin" / "tcc"),
                f"-B{tcc}",
                *("-static", "-nostdinc", "-nostdlib"),
                *(f"-I{compiler / 'usr' / 'include' / musl.name}", f"-I{tcc / 'include'}"),
                f"-DVERSION={self.version}",
                *("-o", str(into / "pause")),
                # What a C compiler puts in front of and behind a program by itself.
                *(str(musl / "crt1.o"), str(musl / "crti.o")),
                str(self._source),
                *(str(musl / "libc.a"), str(tcc / "libtcc1.a"), str(musl / "crtn.o")),
            ],
            timeout=TIMEOUT,
        )
        shutil.rmtree(compiler)
        tcc_package, musl_package = map(package_version, archives)
        return {"pause": f"pause.c of Kubernetes, tcc {tcc_package}, musl {musl_package}"}
