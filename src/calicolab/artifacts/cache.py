"""The verified cache: entries are made beside it, moved in whole, and read in full before each use.

<cache>/entries/<name>-<version>-<key>/{manifest.json,manifest.sha256,files/...}
<cache>/building/<entry>@<pid>.<start>/    what is being made; an interrupted one is removed by the next build
<cache>/locks/<entry>.lock                 held by whoever makes that entry
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import filelock
import msgspec
import platformdirs

from calicolab.artifacts import disk, leftovers
from calicolab.artifacts.manifest import Checksums, Manifest, differences, summary, survey
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calicolab.artifacts.progress import Progress, Step

#: Seconds that a build waits for another one which makes the same entry.
LOCK_TIMEOUT = 3600.0
#: Hexadecimal digits of the recipe's checksum in an entry's name.
KEY_DIGITS = 16


class Recipe(Protocol):
    """How one entry is made. Equal keys mean equal recipes."""

    name: str
    version: str
    #: What progress calls it, such as "Calico v3.23.2".
    title: str

    @property
    def key(self) -> str:
        """Checksum of all that decides what is made."""

    def needs(self) -> Sequence[disk.Need]:
        """The room that making it takes."""

    def check(self) -> None:
        """Find out within a second or so that it can be made: tools, rights, network.

        Raises:
            UsageError: something that the user must change.
            ArtifactError: the network does not answer.
        """

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Make it in the empty folder `into`; return where its parts come from."""


@dataclass(frozen=True)
class Entry:
    """An entry that was found whole."""

    files: Path
    manifest: Manifest


def checksum(*parts: bytes | str) -> str:
    """SHA-256 over `parts`, each with its length in front, so that no two lists of parts run together."""
    sha256 = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha256.update(f"{len(data)}:".encode() + data)
    return sha256.hexdigest()


def default_root() -> Path:
    """Where the cache is: $CALICOLAB_CACHE, or the user's own cache directory."""
    named = os.environ.get("CALICOLAB_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("calico-conformance")


class Cache:
    """The cache under `root`, which is made when it is first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def files(self, recipe: Recipe) -> Path:
        """Where `recipe`'s files are, or will be."""
        return self._entry(recipe) / "files"

    def obtain(self, recipes: Sequence[Recipe], *, report: Progress) -> list[Entry]:
        """The entry of each recipe, verified; what is missing or damaged is made, in the order given.

        Nothing is made before every missing one is known to be makeable.

        Raises:
            UsageError: something that the user must change first.
            ArtifactError: an entry could not be made.
        """
        checksums = Checksums()
        whole = {recipe.key: self._verified(recipe, checksums, report) for recipe in recipes}
        missing = [recipe for recipe in recipes if whole[recipe.key] is None]
        if missing:
            self._prepare(report)
            report.note(
                f"to be built: {', '.join(recipe.title for recipe in missing)}; seeing that it can be"
            )
            disk.require([need for recipe in missing for need in recipe.needs()])
        for recipe in missing:
            with disk.told_clearly(self.root):
                recipe.check()
        for recipe in missing:
            whole[recipe.key] = self._fill(recipe, report)
        return [entry for recipe in recipes if (entry := whole[recipe.key]) is not None]

    def _entry(self, recipe: Recipe) -> Path:
        return self.root / "entries" / f"{recipe.name}-{recipe.version}-{recipe.key[:KEY_DIGITS]}"

    def _prepare(self, report: Progress) -> None:
        with disk.told_clearly(self.root):
            for folder in ("entries", "building", "locks"):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
        for left in leftovers.sweep(self.root / "building", locks=self.root / "locks"):
            report.note(f"removed what an interrupted build left behind: {left}")

    def _verified(self, recipe: Recipe, checksums: Checksums, report: Progress | None) -> Entry | None:
        """The entry if it is there and whole. A damaged one is said to be, and counts as missing."""
        path = self._entry(recipe)
        if not path.exists():
            return None
        try:
            manifest = _read_manifest(path)
            wrong = differences(manifest.files, survey(path / "files", checksums))
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            wrong = [str(error)]
        if not wrong:
            return Entry(files=path / "files", manifest=manifest)
        if report is not None:
            report.note(
                f"{recipe.title}: the cached entry is damaged and is built again ({summary(wrong)}); it is {path}"
            )
        return None

    def _fill(self, recipe: Recipe, report: Progress) -> Entry:
        path = self._entry(recipe)
        with self._lock(recipe, report):
            # Another build may have made it while we waited.
            if (entry := self._verified(recipe, Checksums(), None)) is not None:
                return entry
            with (
                leftovers.owned(self.root / "building" / path.name) as temporary,
                disk.told_clearly(self.root),
            ):
                manifest = _make(recipe, temporary / "new", report)
                if path.exists():
                    path.rename(temporary / "damaged")
                (temporary / "new").rename(path)
        return Entry(files=path / "files", manifest=manifest)

    @contextmanager
    def _lock(self, recipe: Recipe, report: Progress) -> Iterator[None]:
        lock = filelock.FileLock(self.root / "locks" / f"{self._entry(recipe).name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            report.note(f"{recipe.title}: another build is making it; waiting for that one")
            try:
                lock.acquire(timeout=LOCK_TIMEOUT)
            except filelock.Timeout:
                raise ArtifactError(
                    f"{recipe.title} has been in the making by another build for {LOCK_TIMEOUT / 60:.0f} minutes; "
                    f"see which process holds {lock.lock_file}"
                ) from None
        try:
            yield
        finally:
            lock.release()


def _make(recipe: Recipe, new: Path, report: Progress) -> Manifest:
    started = time.monotonic()
    (new / "files").mkdir(parents=True)
    with report.step(recipe.title) as step:
        provenance = recipe.make(new / "files", step)
        step.stage("taking checksums")
        manifest = Manifest(
            name=recipe.name,
            version=recipe.version,
            key=recipe.key,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - started, 1),
            provenance=dict(provenance),
            files=survey(new / "files", Checksums()),
        )
    data = msgspec.json.encode(manifest)
    (new / "manifest.json").write_bytes(data)
    (new / "manifest.sha256").write_text(checksum(data))
    return manifest


def _read_manifest(entry: Path) -> Manifest:
    data = (entry / "manifest.json").read_bytes()
    if (entry / "manifest.sha256").read_text() != checksum(data):
        raise ValueError("manifest.json differs from its checksum")
    return msgspec.json.decode(data, type=Manifest)
