"""Single programs and libraries out of Debian's packages: laid out in an entry of the cache, nothing installed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.debian import PrivateApt, package_version, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step


@dataclass(frozen=True)
class Taken:
    """A file or folder of a package, and where it goes in the entry."""

    suite: str
    package: str
    path: str
    placed: str


class DebianTaken:
    """Recipe of an entry of `taken` and `links`.

    Args:
        cache: the cache's root.
        name: the entry's name.
        title: what progress calls it.
        version: the entry's, such as the suite that most of it is from.
        taken: files and folders of packages.
        links: path in the entry, and where that link leads.
        megabytes: room for the packages and what they hold.
    """

    def __init__(
        self,
        cache: Path,
        *,
        name: str,
        title: str,
        version: str,
        taken: Sequence[Taken],
        links: Sequence[tuple[str, str]] = (),
        megabytes: int,
    ) -> None:
        self.name, self.title, self.version = name, title, version
        self._cache, self._taken, self._links, self._megabytes = cache, taken, links, megabytes
        suites = dict.fromkeys(one.suite for one in taken)
        self._apt = {suite: PrivateApt(cache / "apt" / suite, suite=suite) for suite in suites}

    @property
    def key(self) -> str:
        """Checksum of what is taken and where it goes."""
        rows = (word for one in self._taken for word in (one.suite, one.package, one.path, one.placed))
        return checksum("docker 1", *rows, "-", *(word for link in self._links for word in link))

    def needs(self) -> Sequence[disk.Need]:
        """The room for apt's lists, the packages and what they hold."""
        return (disk.Need(self._cache, self._megabytes, self.title),)

    def check(self) -> None:
        """See that the mirror answers."""
        for apt in self._apt.values():
            apt.update()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Fetch the packages and take the programs out of them."""
        unpacked = into.parent / "unpacked"
        versions = {}
        for suite, apt in self._apt.items():
            packages = list(dict.fromkeys(one.package for one in self._taken if one.suite == suite))
            step.stage(f"fetching packages of {suite}")
            archives = apt.download(packages, on_line=lambda _line: None)
            for number, (package, archive) in enumerate(zip(packages, archives, strict=True)):
                step.stage(f"unpacking {package}")
                step.advance(number, total=len(packages))
                unpack(archive, unpacked / package)
                versions[package] = f"debian {package_version(archive)}"
        for one in self._taken:
            _place(unpacked / one.package / one.path, into / one.placed)
        for link, target in self._links:
            (into / link).symlink_to(target)
        shutil.rmtree(unpacked)
        return versions


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    found = source.resolve(strict=True)
    if found.is_dir():
        shutil.copytree(found, target, symlinks=True)
    else:
        shutil.copy2(found, target)
