"""A standing kind lab is looked for in the engine that it is in, and in no other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from calicolab import artifacts, engine
from calicolab.artifacts.progress import Plain
from calicolab.engine import Engine, place, private
from calicolab.engine.place import Note, Place
from calicolab.errors import LabError, UsageError
from calicolab.evidence.timeline import Timeline
from calicolab.labs import Asked
from calicolab.labs.kind import making, marks, removal
from calicolab.labs.kind.lab import KindLab

if TYPE_CHECKING:
    from collections.abc import Callable

MACHINES = Engine(
    Path("docker"), "unix:///var/run/docker.sock", private=False, proc=Path("/proc"), network=Path("/net")
)


@dataclass
class Engines:
    """A machine with a private engine and one of its own, either of which may be gone."""

    at: Place
    private_runs: bool = True
    private_answers: bool = True
    found: Engine | UsageError = MACHINES
    #: The clusters of which something is left, by the engine's address.
    clusters: dict[str, set[str]] = field(default_factory=dict)

    @property
    def own(self) -> Engine:
        return replace(MACHINES, host=self.at.host, private=True)

    def find(self) -> Engine:
        if isinstance(self.found, UsageError):
            raise self.found
        return self.found

    def remove(self, where: Engine, cluster: str) -> None:
        self.clusters[where.host].discard(cluster)

    def left(self, where: Engine, cluster: str) -> bool:
        return cluster in self.clusters.get(where.host, ())


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engines:
    """The lab kind-1 is in the private engine, kind-2 in the machine's own; the latter is the one that is found."""
    monkeypatch.setattr(place, "RUN", tmp_path / "run")
    monkeypatch.setattr(marks, "FOLDER", tmp_path / "run" / "kind")
    monkeypatch.setattr(removal, "FOLDER", tmp_path / "run" / "kind")
    made = Engines(Place(data=tmp_path / "data"))
    made.clusters = {made.at.host: {"kind-1"}, MACHINES.host: {"kind-2"}}
    runs = Note(init="1:1", programs="/programs", kernel={})
    monkeypatch.setattr(place, "default", lambda: made.at)
    monkeypatch.setattr(Place, "running", lambda _at: runs if made.private_runs else None)
    monkeypatch.setattr(private, "running", lambda _at=None: made.own if made.private_answers else None)
    monkeypatch.setattr(engine, "find", made.find)
    monkeypatch.setattr(removal, "remove", made.remove)
    monkeypatch.setattr(removal, "left", made.left)
    return made


def handle(engines: Engines, cluster: str = "kind-1") -> dict[str, Any]:
    host = engines.at.host if cluster == "kind-1" else MACHINES.host
    return {"cluster": cluster, "engine": host}


def test_a_lab_stands_as_long_as_anything_of_it_is_left(engines: Engines) -> None:
    for cluster in ("kind-1", "kind-2"):
        assert making.alive(handle(engines, cluster))
        making.end(handle(engines, cluster))
        assert not making.alive(handle(engines, cluster))
        making.end(handle(engines, cluster))  # again is no error


def test_with_the_private_engine_its_labs_have_ended(engines: Engines) -> None:
    engines.private_runs = False
    folder = marks.FOLDER / "kind-1"
    folder.mkdir(parents=True)
    (folder / "owner.json").touch()
    assert not making.alive(handle(engines))
    making.end(handle(engines))
    assert not folder.exists(), "its keys are in there"
    assert engines.clusters[MACHINES.host] == {"kind-2"}


def test_another_engine_that_is_found_changes_nothing_for_a_lab_in_the_private_one(engines: Engines) -> None:
    engines.found = UsageError("the Docker engine at tcp://192.0.2.1 is remote")
    assert making.alive(handle(engines))
    making.end(handle(engines))
    assert not engines.clusters[engines.at.host]


def test_a_private_engine_that_does_not_answer_is_no_sign_that_the_lab_ended(engines: Engines) -> None:
    engines.private_answers = False
    for ask in (making.alive, making.end):
        with pytest.raises(
            LabError, match=r"private Docker engine does not answer: look into .*dockerd\.log"
        ):
            ask(handle(engines))


def test_nor_is_an_engine_of_the_machine_that_is_not_to_be_found(engines: Engines) -> None:
    engines.found = UsageError("no Docker engine answers at unix:///var/run/docker.sock: start it")
    for ask in (making.alive, making.end):
        with pytest.raises(UsageError, match="no Docker engine answers"):
            ask(handle(engines, "kind-2"))


def test_a_lab_in_another_engine_than_the_one_found_is_not_looked_for_there(engines: Engines) -> None:
    engines.found = engines.own
    said = (
        f"the lab kind-2 stands in the Docker engine at {MACHINES.host}, but the one that is found is at "
        f"{engines.at.host}: set DOCKER_HOST={MACHINES.host}"
    )
    files = cast("artifacts.KindFiles", SimpleNamespace(version="v3.23.2"))
    lab = KindLab(files, engine=engines.own, timeline=Timeline())
    for ask in (making.alive, making.end, lambda found: making.attach(found, lab)):
        with pytest.raises(UsageError, match=said):
            ask(handle(engines, "kind-2"))
    assert engines.clusters[MACHINES.host] == {"kind-2"}


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is refused is refused before anything is built."""
    monkeypatch.setattr(artifacts, "obtain_kind", lambda *_arguments, **_more: pytest.fail("built"))


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("kind", "v3.23.2", nodes=11), "2 to 10 nodes, but 11 were asked for"),
        (Asked("kind", "v3.23.2", control_planes=2), "1 or 3 control planes, but 2"),
        (Asked("kind", "v3.23.2", subnet="nonsense"), "no IPv4 network"),
    ],
)
def test_what_cannot_be_is_refused_before_an_engine_is_looked_for(
    engines: Engines, asked: Asked, said: str
) -> None:
    engines.found = UsageError("no engine")
    with pytest.raises(UsageError, match=said):
        making.create(asked, timeline=Timeline(), report=Plain())


@pytest.mark.usefixtures("nothing_is_built")
def test_without_an_engine_nothing_is_built(engines: Engines) -> None:
    engines.found = UsageError("no Docker engine was found: start your own, or `calicolab docker up`")
    with pytest.raises(UsageError, match="no Docker engine was found"):
        making.create(Asked("kind", "v3.23.2"), timeline=Timeline(), report=Plain())


def test_only_a_kind_lab_is_taken(engines: Engines) -> None:
    lab = cast("KindLab", SimpleNamespace(id="netns-v3.23.2"))
    calls: list[Callable[[], object]] = [
        lambda: making.handle(lab),
        lambda: making.made_of(lab),
        lambda: making.attach(handle(engines), lab),
    ]
    for call in calls:
        with pytest.raises(LabError, match=r"netns-v3\.23\.2 is no kind lab"):
            call()
