"""A run's folder: results.json, what was collected, and the reports rendered from them."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from calicolab.errors import CalicolabError
from calicolab.evidence.model import SCHEMA, CheckRecord, Results
from calicolab.evidence.redact import redact, redact_all

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = "results.json"
LATEST = "latest"


class ResultsError(CalicolabError):
    """A results.json cannot be read: it is missing, cut off, or of another schema."""


@dataclass(frozen=True)
class RunStore:
    """The folder of one run, `reports/<run id>`."""

    folder: Path
    #: Checks as they were written before: a run writes after every check, and those of 50 nodes are large.
    _written: dict[tuple[str, str], tuple[CheckRecord, msgspec.Raw]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def run_id(self) -> str:
        """The run's id, which sorts by its start."""
        return self.folder.name

    @classmethod
    def create(cls, reports: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> RunStore:
        """Make the folder of a new run in `reports` and point `reports/latest` to it.

        Two runs that start together get two folders: whoever makes the folder has the id.

        Raises:
            CalicolabError: `reports` cannot be written to.
        """
        while True:
            folder = reports / now().strftime("%Y%m%d-%H%M%S-%f")
            try:
                reports.mkdir(parents=True, exist_ok=True)
                folder.mkdir()
            except FileExistsError:
                if not reports.is_dir():
                    raise CalicolabError(
                        f"{reports} is not a folder; reports cannot be written there"
                    ) from None
                continue
            except OSError as error:
                raise CalicolabError(
                    f"no folder for this run's report can be made in {reports}: {error}"
                ) from error
            _point(reports / LATEST, to=folder.name)
            return cls(folder)

    def write_results(self, results: Results) -> None:
        """Replace results.json by `results`, whole or not at all, without a secret in it."""
        clean = redact_all(msgspec.to_builtins(msgspec.structs.replace(results, checks=[])))
        clean["checks"] = [self._clean(check) for check in results.checks]
        write_whole(self.folder / RESULTS, msgspec.json.format(msgspec.json.encode(clean), indent=1))

    def _clean(self, check: CheckRecord) -> msgspec.Raw:
        """A check in JSON, without a secret in it."""
        before = self._written.get((check.id, check.lab))
        if before is not None and before[0] is check:
            return before[1]
        clean = msgspec.Raw(msgspec.json.encode(redact_all(msgspec.to_builtins(check))))
        self._written[check.id, check.lab] = check, clean
        return clean

    def write_text(self, relative: str, text: str) -> str:
        """Store `text`, redacted, as the file `relative` and return that name."""
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(redact(text), encoding="utf-8", errors="replace")
        return relative

    def read_results(self) -> Results:
        """What results.json holds; errors as of `read_results`."""
        return read_results(self.folder)


def read_results(path: Path) -> Results:
    """The results of a run.

    Args:
        path: a run's folder or its results.json.

    Raises:
        ResultsError: it is missing, cut off, not ours, or of another schema; the sentence says which.
    """
    file = path / RESULTS if path.is_dir() else path
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ResultsError(
            f"{file} cannot be read: {error.strerror or error}; was this a run's folder?"
        ) from error
    _check_schema(raw, file=file)
    try:
        return msgspec.json.decode(raw, type=Results)
    except msgspec.ValidationError as error:
        raise ResultsError(f"{file} is not a results.json of schema {SCHEMA}: {error}") from error


def _check_schema(raw: bytes, *, file: Path) -> None:
    try:
        schema = msgspec.json.decode(raw, type=_SchemaOnly).schema
    except msgspec.ValidationError as error:
        raise ResultsError(f"{file} is JSON but not a results.json: {error}") from error
    except msgspec.DecodeError as error:
        raise ResultsError(
            f"{file} is cut off or damaged after {len(raw)} bytes ({error}); the run is inconclusive, run it again"
        ) from error
    if schema != SCHEMA:
        raise ResultsError(
            f"{file} has schema {schema}, and this one reads schema {SCHEMA}; read it with the one that wrote it"
        )


class _SchemaOnly(msgspec.Struct):
    schema: int


def write_whole(path: Path, content: bytes) -> None:
    """Write beside it and rename over it: a run killed at any moment leaves the old file or the new one.

    Raises:
        OSError: it cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _point(link: Path, *, to: str) -> None:
    """Point `link` to its sibling `to`, replacing what it pointed to in one step."""
    temporary = link.with_name(f".{link.name}.{to}")
    temporary.symlink_to(to)
    try:
        temporary.replace(link)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CalicolabError(f"{link} cannot point to {to}: {error}; remove it by hand") from error
