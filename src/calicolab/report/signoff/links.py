"""Links from the page to files beside it: relative, to what is there, and never out of a run's own folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from calicolab.evidence.redact import redact
from calicolab.report.signoff.gathering import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calicolab.report.signoff.gathering import Run

#: The page that a run makes of itself (fixtures/page.py).
OWN_PAGE = "report.html"
#: What a file with a private key has in it, in PEM or in base64 of PEM.
_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|LS0tLS1CRUdJTi")
#: Parts of a name that are shown: the others are those of the check that it stands with.
_SHOWN_PARTS = 2


@dataclass(frozen=True)
class Link:
    """A file to be opened. `href` is quoted already."""

    href: str
    name: str


@dataclass
class Links:
    """Makes the links of a page in `folder`, and remembers what could not be linked."""

    folder: Path
    notes: dict[str, None] = field(default_factory=dict)

    def own_page(self, run: Run) -> Link | None:
        """The run's own page; None where there is none."""
        path = self._inside(run, OWN_PAGE)
        return None if path is None else Link(self._href(path), OWN_PAGE)

    def evidence(self, run: Run, names: Iterable[str]) -> list[Link]:
        """The files of `names` that are there, and may be handed on."""
        found = []
        for name in names:
            path = self._inside(run, name)
            if path is None:
                self._missing(run)
            elif _holds_a_key(path):
                self.notes[f"Run {run.id}: {_shown(name)} holds a private key and is not linked."] = None
            else:
                found.append(Link(self._href(path), _shown(name)))
        return found

    def _missing(self, run: Run) -> None:
        there = (run.folder / EVIDENCE).is_dir()
        what = "some of what was collected" if there else f"its folder {EVIDENCE}/"
        self.notes[f"Run {run.id}: {what} is not there any more; the page has no links to it."] = None

    def _inside(self, run: Run, name: str) -> Path | None:
        """The file, if it is one and lies in the run's folder."""
        root = run.folder.resolve()
        try:
            path = (root / name).resolve()
            return path if path.is_relative_to(root) and path.is_file() else None
        except (OSError, ValueError):  # a name too long, or with a NUL
            return None

    def _href(self, path: Path) -> str:
        relative = os.path.relpath(path, self.folder.resolve())
        # The dot keeps a browser from taking what stands before a colon for a scheme.
        return f"./{quote(relative)}"


def _shown(name: str) -> str:
    return "/".join(name.split("/")[-_SHOWN_PARTS:])


def _holds_a_key(path: Path) -> bool:
    """Whether a private key is in it. What we wrote ourselves has none; it may come from elsewhere."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    if _KEY.search(content) is None:
        return False
    text = content.decode("utf-8", errors="replace")
    return redact(text) != text
