"""Labs that stand by themselves are found again; what cannot be is said in one sentence, and nothing is lost."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from calicolab import labs
from calicolab.artifacts.progress import Plain
from calicolab.errors import LabError, UsageError
from calicolab.evidence.timeline import Timeline
from calicolab.labs import KINDS, Asked, standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calicolab.labs.base import Lab

ASKED = Asked("kind", "v3.23.2")
IMAGES = {"image 0": "calico/node:v3.23.2"}


@dataclass
class FakeMaking:
    """Makes labs that are nothing but a name; those in `up` are there."""

    up: set[str] = field(default_factory=set)
    images: dict[str, str] = field(default_factory=lambda: dict(IMAGES))
    ended: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    #: What is raised by whoever asks.
    unknown: Exception | None = None
    unreachable: bool = False

    def create(self, asked: Asked, **_more: Any) -> Lab:
        return cast("Lab", SimpleNamespace(id=asked.id, asked=asked))

    def handle(self, lab: Lab) -> dict[str, Any]:
        return {"cluster": lab.id}

    def made_of(self, lab: Lab) -> dict[str, str]:
        return self.images

    def alive(self, handle: Mapping[str, Any]) -> bool:
        if self.unknown is not None:
            raise self.unknown
        return handle["cluster"] in self.up

    def attach(self, handle: Mapping[str, Any], lab: Lab) -> None:
        if self.unreachable:
            raise LabError("no such container")
        self.attached.append(handle["cluster"])

    def end(self, handle: Mapping[str, Any]) -> None:
        self.ended.append(handle["cluster"])
        self.up.discard(handle["cluster"])


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeMaking:
    """Labs without a cluster, and notes where they harm nobody's."""
    made = FakeMaking()
    monkeypatch.setattr(standing, "FOLDER", tmp_path / "calicolab" / "labs")
    monkeypatch.setattr(labs, "making", lambda _kind: made)
    return made


def stands(making: FakeMaking, asked: Asked = ASKED, *, name: str = "mine") -> standing.Standing:
    """Note a lab that is up."""
    making.up.add(asked.id)
    return standing.save(making.create(asked), asked, name=name)


def attach(name: str = "mine", *, asked: Asked | None = None) -> Lab:
    return standing.attach(standing.find(name), asked=asked, timeline=Timeline(), report=Plain())


def refusal(name: str = "mine") -> str:
    """What reading the note of a lab is refused with: one sentence."""
    with pytest.raises(UsageError) as refused:
        standing.load(name)
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_what_is_noted_is_found_again(making: FakeMaking) -> None:
    asked = Asked("kind", "v3.31.0", nodes=5, control_planes=3, subnet="192.168.61.0/24", source="registry")
    noted = stands(making, asked)
    assert standing.find("mine") == noted
    assert (noted.asked, noted.made_of, noted.handle) == (asked, IMAGES, {"cluster": "kind-v3.31.0"})
    assert str(noted) == "lab 'mine': kind, Calico v3.31.0, 5 nodes on 192.168.61.0/24"
    assert standing.FOLDER.stat().st_mode & 0o077 == 0


def test_a_lab_that_is_as_asked_for_is_attached(making: FakeMaking) -> None:
    stands(making)
    attach(asked=ASKED)
    attach()
    assert making.attached == ["kind-v3.23.2"] * 2


@pytest.mark.parametrize(
    ("wanted", "difference"),
    [
        (replace(ASKED, version="v3.31.0"), "Calico: v3.23.2, but v3.31.0 is asked for"),
        (replace(ASKED, nodes=5), "nodes: 3, but 5 is asked for"),
        (replace(ASKED, control_planes=3), "control planes: 1, but 3 is asked for"),
        (
            replace(ASKED, subnet="10.0.0.0/24"),
            "subnet: 192.168.21.0/24, but 10.0.0.0/24 is asked for",
        ),
        (replace(ASKED, source="registry"), "programs from: gomod, but registry is asked for"),
    ],
)
def test_a_lab_that_is_another_is_refused_with_the_difference(
    making: FakeMaking, wanted: Asked, difference: str
) -> None:
    stands(making)
    with pytest.raises(UsageError) as refused:
        attach(asked=wanted)
    assert str(refused.value) == (
        f"lab 'mine' stands, and is not what is asked for ({difference}): "
        "take it down with `calicolab down --name mine`, or ask for what it is"
    )
    assert not making.attached
    assert standing.load("mine") is not None


def test_every_difference_is_shown(making: FakeMaking) -> None:
    stands(making)
    with pytest.raises(UsageError, match=r"Calico: v3.23.2, but v3.31.0 .*; nodes: 3, but 5 "):
        attach(asked=Asked("kind", "v3.31.0", nodes=5))


def test_a_lab_of_images_that_were_built_anew_is_refused(making: FakeMaking) -> None:
    stands(making)
    making.images = {"image 0": "calico/node:v3.23.2-1", "image 1": "etcd:v3"}
    said = (
        r"image 0: calico/node:v3.23.2, but .*v3.23.2-1 is asked for; image 1: none, but etcd:v3 is asked for"
    )
    with pytest.raises(UsageError, match=said):
        attach(asked=ASKED)
    # To look at, it will do.
    attach()
    assert len(making.attached) == 1


def test_a_lab_that_cannot_be_reached_is_left_with_what_to_do(making: FakeMaking) -> None:
    stands(making)
    making.unreachable = True
    with pytest.raises(
        LabError,
        match=r"lab 'mine' stands, but cannot be reached: .*`calicolab down --name mine` .no such con",
    ):
        attach()
    assert not making.ended
    assert standing.load("mine") is not None


def test_a_second_one_of_a_name_is_refused(making: FakeMaking) -> None:
    standing.refuse_second("mine")
    stands(making)
    with pytest.raises(UsageError) as refused:
        standing.refuse_second("mine")
    assert str(refused.value) == (
        "lab 'mine' is up already (Calico v3.23.2, 3 nodes): take it down with `calicolab down --name mine`, "
        "or give the new one another --name"
    )
    with pytest.raises(UsageError, match=r"or use it with --reuse-lab$"):
        standing.refuse_second("mine", otherwise="use it with --reuse-lab")
    standing.refuse_second("another")


def test_a_lab_that_ended_by_itself_is_forgotten_with_what_it_left(making: FakeMaking) -> None:
    stands(making)
    stands(making, replace(ASKED, version="v3.31.0"), name="other")
    making.up.discard("kind-v3.23.2")
    assert standing.load("mine") is None
    assert making.ended == ["kind-v3.23.2"]
    assert [file.name for file in standing.FOLDER.iterdir()] == ["other.json"]
    standing.refuse_second("mine")
    with pytest.raises(
        UsageError, match=r"no lab called 'mine' is up .up are: other.; `calicolab up` brings"
    ):
        standing.find("mine")


def test_taking_one_down_ends_it_and_leaves_no_note(making: FakeMaking) -> None:
    standing.take_down(stands(making))
    assert making.ended == ["kind-v3.23.2"]
    assert not standing.FOLDER.parent.exists()
    standing.forget("mine")  # again is no error


def test_the_folders_go_with_the_last_note_and_not_before(making: FakeMaking) -> None:
    stands(making)
    stands(making, replace(ASKED, version="v3.31.0"), name="other")
    standing.forget("mine")
    assert standing.FOLDER.is_dir()
    (standing.FOLDER.parent / "engine").mkdir()
    standing.forget("other")
    assert not standing.FOLDER.exists()
    assert standing.FOLDER.parent.is_dir(), "an engine has its folder there"


def note(**changed: Any) -> dict[str, Any]:
    """A note as it is written, with some fields otherwise; None leaves one out."""
    fields = {
        "name": "mine",
        "asked": asdict(ASKED),
        "made_of": IMAGES,
        "handle": {"cluster": "kind-v3.23.2"},
    }
    return {name: value for name, value in {**fields, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "truncated"),
        (json.dumps(note())[:-40], "truncated"),
        (json.dumps(note(asked=None)), "`asked`"),
        (json.dumps(note(handle=None)), "`handle`"),
        (json.dumps(note(asked={"kind": "kind", "version": 3})), r"Expected `str`, got `int`.*version"),
        (json.dumps(note(handle={"marks": {}})), "does not say 'cluster'"),
        ("[]", "Expected `object`"),
    ],
)
def test_a_note_that_cannot_be_read_is_kept_and_said(making: FakeMaking, text: str, why: str) -> None:
    standing.FOLDER.mkdir(parents=True)
    file = standing.FOLDER / "mine.json"
    file.write_text(text)
    making.up.add("kind-v3.23.2")
    said = refusal()
    assert said.startswith("the note of lab 'mine' cannot be read (")
    assert f"end the lab with that version, or remove {file}" in said
    with pytest.raises(UsageError, match=why):
        standing.refuse_second("mine")
    assert file.read_text() == text
    assert not making.ended


def test_a_note_from_before_a_field_was_added_has_its_default(making: FakeMaking) -> None:
    stands(making)
    file = standing.FOLDER / "mine.json"
    file.write_text(json.dumps(note(asked={"kind": "kind", "version": "v3.23.2", "nodes": 3})))
    assert standing.find("mine").asked == ASKED


def test_a_lab_of_which_nobody_can_tell_is_not_forgotten(making: FakeMaking) -> None:
    stands(making)
    for error in (UsageError("no Docker engine answers: start it"), LabError("docker took too long")):
        making.unknown = error
        with pytest.raises(type(error), match=str(error)):
            standing.load("mine")
    assert not making.ended
    assert (standing.FOLDER / "mine.json").exists()


def test_a_draft_of_a_note_is_no_lab(making: FakeMaking) -> None:
    stands(making)
    (standing.FOLDER / ".other.new").write_text("half a no")
    assert standing.noted() == ["mine"]


def test_the_second_of_two_that_come_up_at_once_is_refused(making: FakeMaking) -> None:
    """Both saw that the name was free."""
    first = stands(making)
    with pytest.raises(
        UsageError, match="another run brought up a lab called 'mine' meanwhile: give this one"
    ):
        standing.save(making.create(ASKED), replace(ASKED, version="v3.31.0"), name="mine")
    assert standing.find("mine") == first
    changed = standing.save(making.create(ASKED), replace(ASKED, nodes=5), name="mine", again=True)
    assert standing.find("mine") == changed
    assert [file.name for file in standing.FOLDER.iterdir()] == ["mine.json"]


@pytest.mark.parametrize("name", ["", ".x", "a/b", "../x", "x" * 65, "a b", "a\n"])
def test_a_name_that_is_no_files_name_is_refused_before_anything_is_made(name: str) -> None:
    for ask in (standing.find, standing.refuse_second, standing.load):
        with pytest.raises(UsageError, match="a lab's name has 1 to 64 letters"):
            ask(name)


def test_notes_that_only_root_can_read_are_said(making: FakeMaking, monkeypatch: pytest.MonkeyPatch) -> None:
    stands(making)

    def refused(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    assert refusal() == "the labs that stand are root's: run it as root"


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        labs.making("minikube")
    assert str(refused.value) == "there is no lab of kind 'minikube' yet: the labs are netns, kind"
    with pytest.raises(UsageError, match="no lab of kind 'minikube'"):
        labs.create(Asked("minikube", "v3.23.2"), timeline=Timeline(), report=Plain())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_by_a_module_that_can(kind: str) -> None:
    made = labs.making(kind)
    assert dict(made.CANNOT)
    assert all(
        callable(getattr(made, what))
        for what in ("create", "attach", "handle", "made_of", "alive", "end", "reap")
    )


def test_an_id_is_made_of_kind_and_version() -> None:
    assert Asked("kind", "v3.28.6-0.dev", nodes=5).id == "kind-v3.28.6-0.dev"
