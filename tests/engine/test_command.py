"""`calicolab docker`, as a user meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calicolab import cli
from calicolab.engine import place as places

if TYPE_CHECKING:
    from calicolab.engine.place import Place

pytestmark = pytest.mark.root


@pytest.fixture(autouse=True)
def _ours(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """The command is about the tests' engine, not about one that somebody uses."""
    monkeypatch.setattr(places, "default", lambda: place)


def test_up_status_and_down(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["docker", "up"]) == 0
    said = capsys.readouterr().out
    assert "the private engine is up after" in said
    assert f"export DOCKER_HOST=unix://{place.socket}" in said
    assert cli.main(["docker", "status"]) == 0
    assert "containers that run: none" in capsys.readouterr().out
    assert cli.main(["docker", "down"]) == 0
    assert capsys.readouterr().out == "the private engine is down\n"
    assert "Processing signal" in place.log.read_text(), "it was killed before it could stop in order"
    assert cli.main(["docker", "down"]) == 0
    assert capsys.readouterr().out == "no private engine was up\n"
    assert cli.main(["docker", "status"]) == 1
    assert "`calicolab docker up` starts one" in capsys.readouterr().out
