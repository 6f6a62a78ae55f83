"""A lab that does not come up says why before it is taken away, and leaves nothing whatever stopped it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn, cast

import pytest

from calicolab.command import CommandTimedOut
from calicolab.engine import Engine
from calicolab.errors import LabError, UsageError
from calicolab.evidence.timeline import Timeline
from calicolab.labs.kind import logs, ownership
from calicolab.labs.kind.lab import KindLab
from calicolab.labs.kind.marks import Marks

if TYPE_CHECKING:
    from calicolab import artifacts

ENGINE = Engine(Path("docker"), "unix:///x", private=True, proc=Path("/proc"), network=Path("/net"))


class Lab(KindLab):
    """A lab that does not come up, as `why` says; `did` is what was done then."""

    def __init__(self, why: BaseException) -> None:
        files = cast("artifacts.KindFiles", SimpleNamespace(version="v3.23.2"))
        super().__init__(files, engine=ENGINE, timeline=Timeline())
        self.why, self.did = why, list[str]()

    def _build(self) -> None:
        raise self.why

    def down(self) -> None:
        self.did.append("down")


def collect(lab: Lab, monkeypatch: pytest.MonkeyPatch, *, stopped_by: BaseException | None = None) -> None:
    """Have the lab's logs be gathered, or the gathering be stopped."""

    def gathered(found: object) -> dict[str, str]:
        assert found
        lab.did.append("gathered")
        if stopped_by is not None:
            raise stopped_by
        return {"node01-kubelet.txt": "it said why"}

    monkeypatch.setattr(logs, "gathered", gathered)


def test_logs_are_gathered_before_it_is_taken_down(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(LabError("kind could not create the cluster"))
    collect(lab, monkeypatch)
    with pytest.raises(LabError, match="kind could not create the cluster") as failed:
        lab.up()
    assert lab.did == ["gathered", "down"]
    assert failed.value.logs == {"node01-kubelet.txt": "it said why"}


def test_every_node_and_runtime_is_among_them() -> None:
    gathers = Lab(LabError("x")).evidence()
    assert {f"node0{number}-{unit}.txt" for number in (1, 2, 3) for unit in ("kubelet", "containerd")} < set(
        gathers
    )


@pytest.mark.parametrize("why", [KeyboardInterrupt(), UsageError("the subnet overlaps"), OSError(28, "full")])
def test_whatever_else_stops_it_nothing_is_left(why: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(why)
    collect(lab, monkeypatch)
    with pytest.raises(type(why)):
        lab.up()
    assert lab.did == ["down"]


def test_what_cannot_be_taken_down_hides_neither_why_nor_the_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(LabError("kind could not create the cluster"))
    collect(lab, monkeypatch)

    def stuck() -> NoReturn:
        raise CommandTimedOut("docker ps did not end within 60 s")

    monkeypatch.setattr(lab, "down", stuck)
    with pytest.raises(LabError, match="kind could not create the cluster") as failed:
        lab.up()
    assert failed.value.logs == {"node01-kubelet.txt": "it said why"}
    assert failed.value.__notes__ == ["and it could not be taken down: docker ps did not end within 60 s"]


def test_ctrl_c_while_logs_are_gathered_leaves_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(LabError("kind could not create the cluster"))
    collect(lab, monkeypatch, stopped_by=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        lab.up()
    assert lab.did == ["gathered", "down"]


def test_a_cluster_of_the_same_name_is_refused_and_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_arguments: object) -> NoReturn:
        pytest.fail("it was touched")

    monkeypatch.setattr(ownership, "reap", lambda _engine: [])
    monkeypatch.setattr(ownership, "left", lambda _engine, name: name == "theirs")
    monkeypatch.setattr(ownership, "remove", touched)
    monkeypatch.setattr(Marks, "save", touched)
    said = r"a kind cluster called theirs already, .* does not touch: .* `kind delete cluster --name theirs`"
    with pytest.raises(UsageError, match=said), ownership.guarded(ENGINE, Marks("theirs", "1:1")):
        pytest.fail("it was entered")
