"""Labs that stand on their own: `calicolab up` and `--keep-lab` leave one, later runs and commands find it again.

One small file a lab under /run, which no reboot survives, as no lab does.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from calicolab import labs
from calicolab.errors import LabError, UsageError
from calicolab.labs.asked import Asked

if TYPE_CHECKING:
    from calicolab.artifacts.progress import Progress
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.base import Lab

FOLDER = Path("/run/calicolab/labs")
DEFAULT_NAME = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: What people call the fields of `Asked`, where they differ.
_WORDS = {"version": "Calico", "control_planes": "control planes", "source": "programs from"}


@dataclass(frozen=True)
class Standing:
    """What is kept of a standing lab: what was asked for, what it was made of, and what it is found by."""

    name: str
    asked: Asked
    made_of: dict[str, str]
    handle: dict[str, Any]

    @property
    def alive(self) -> bool:
        """Whether it still stands."""
        return labs.making(self.asked.kind).alive(self.handle)

    def __str__(self) -> str:
        asked = self.asked
        return (
            f"lab {self.name!r}: {asked.kind}, Calico {asked.version}, {asked.nodes} nodes on {asked.subnet}"
        )


def save(lab: Lab, asked: Asked, *, name: str, again: bool = False) -> Standing:
    """Note a lab that is up, so that later commands find it.

    Args:
        lab: the lab.
        asked: what it was asked to be.
        name: what it is called.
        again: whether it is noted already, and has changed.

    Raises:
        UsageError: another lab was given that name meanwhile.
    """
    how = labs.making(asked.kind)
    standing = Standing(name=name, asked=asked, made_of=how.made_of(lab), handle=how.handle(lab))
    file = _file(name)
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = FOLDER / f".{name}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(standing), indent=2))
    try:
        # In one step, and the first of two at once wins: a lab without a note is one that nobody could end.
        draft.replace(file) if again else file.hardlink_to(draft)
    except FileExistsError as error:
        raise UsageError(
            f"another run brought up a lab called {name!r} meanwhile: give this one another --name"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return standing


def load(name: str) -> Standing | None:
    """What is noted of the lab `name`; None when there is none, or it ended by itself.

    Raises:
        UsageError: that is no name, the note cannot be read, or whether the lab still stands cannot be told; the note
            is kept.
    """
    file = _file(name)
    try:
        standing = msgspec.json.decode(file.read_bytes(), type=Standing, strict=True)
        alive = standing.alive
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise UsageError("the labs that stand are root's: run it as root") from error
    except (msgspec.DecodeError, KeyError) as error:
        raise UsageError(
            f"the note of lab {name!r} cannot be read ({_in_words(error)}): another version of calicolab wrote it, or "
            f"it was cut off; end the lab with that version, or remove {file} if nothing of the lab stands"
        ) from error
    if alive:
        return standing
    # What a lab leaves where it ended by itself, such as its folder.
    take_down(standing)
    return None


def _in_words(error: Exception) -> str:
    return f"it does not say {error}" if isinstance(error, KeyError) else str(error)


def noted() -> list[str]:
    """The names of all labs that were left standing; one may have ended by itself since."""
    return sorted(file.stem for file in FOLDER.glob("[!.]*.json"))


def _file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(
            "a lab's name has 1 to 64 letters, digits, dots, dashes and underlines, and begins with a letter or "
            f"digit, but {name!r} is asked for: choose another"
        )
    return FOLDER / f"{name}.json"


def find(name: str) -> Standing:
    """The lab `name`.

    Raises:
        UsageError: there is none; it names those that stand.
    """
    standing = load(name)
    if standing is None:
        others = ", ".join(noted()) or "none"
        raise UsageError(f"no lab called {name!r} is up (up are: {others}); `calicolab up` brings one up")
    return standing


def refuse_second(name: str, *, otherwise: str = "give the new one another --name") -> None:
    """Refuse a second lab of one name.

    Args:
        name: the lab's.
        otherwise: what can be done beside taking the first one down.

    Raises:
        UsageError: it is up.
    """
    standing = load(name)
    if standing is not None:
        raise UsageError(
            f"lab {name!r} is up already (Calico {standing.asked.version}, {standing.asked.nodes} nodes): "
            f"take it down with `calicolab down --name {name}`, or {otherwise}"
        )


def forget(name: str) -> None:
    """Remove the note of a lab, and the folder with the last one."""
    _file(name).unlink(missing_ok=True)
    for folder in (FOLDER, FOLDER.parent):
        # Another's is in it, or another was faster.
        with suppress(OSError):
            folder.rmdir()


def take_down(standing: Standing) -> None:
    """End a standing lab and forget it."""
    labs.making(standing.asked.kind).end(standing.handle)
    forget(standing.name)


def attach(standing: Standing, *, asked: Asked | None = None, timeline: Timeline, report: Progress) -> Lab:
    """The standing lab as a Lab, to look at and to work with; leaving it does not end it.

    Args:
        standing: the lab.
        asked: what it must be; what it was asked to be when None.
        timeline: where it notes its events.
        report: told what is built, as its programs must be there.

    Raises:
        UsageError: it is not what is asked for; the sentence shows the difference.
        LabError: it cannot be reached; it is left as it is.
    """
    how = labs.making(standing.asked.kind)
    _refuse(standing, _asked_differences(standing.asked, asked or standing.asked))
    lab = how.create(asked or standing.asked, timeline=timeline, report=report, standing=True)
    if asked is not None:
        _refuse(standing, differences(standing.made_of, how.made_of(lab)))
    try:
        how.attach(standing.handle, lab)
    except (LabError, OSError) as error:
        raise LabError(
            f"lab {standing.name!r} stands, but cannot be reached: take it down with "
            f"`calicolab down --name {standing.name}` ({error})"
        ) from error
    return lab


def differences(there: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """What `wanted` has otherwise than `there`, as "Calico: v3.23.2, but v3.31.0 is asked for"."""
    return [
        f"{what}: {there.get(what, 'none')}, but {wanted.get(what, 'none')} is asked for"
        for what in sorted(there.keys() | wanted.keys())
        if there.get(what) != wanted.get(what)
    ]


def _asked_differences(there: Asked, wanted: Asked) -> list[str]:
    def words(asked: Asked) -> dict[str, str]:
        return {_WORDS.get(name, name): str(value) for name, value in asdict(asked).items()}

    return differences(words(there), words(wanted))


def _refuse(standing: Standing, found: list[str]) -> None:
    if found:
        raise UsageError(
            f"lab {standing.name!r} stands, and is not what is asked for ({'; '.join(found)}): "
            f"take it down with `calicolab down --name {standing.name}`, or ask for what it is"
        )
