"""`calicolab docker during`: a command with an engine, a private one for as long as it takes where there is none."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab import cli
from calicolab.commands import docker
from calicolab.engine import Engine, private
from calicolab.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

NONE = "no Docker engine was found: DOCKER_HOST is not set and nobody listens"


@dataclass
class Engines:
    """What there is of engines, and what was done with the private one; each command notes itself there too."""

    unusable: str | None
    log: Path
    fails: list[str] = field(default_factory=list)

    def find(self) -> Engine:
        if self.unusable is not None:
            raise UsageError(self.unusable)
        return Engine(Path("docker"), "unix:///x", private=False, proc=Path("/proc"), network=Path("/net"))

    def note(self, what: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{what}\n")
        if what in self.fails:
            raise LabError(f"{what} failed")

    @property
    def noted(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def command(self, code: str = "") -> list[str]:
        """A command that notes itself and then does `code`."""
        program = f"import os, signal, sys; open({str(self.log)!r}, 'a').write('command\\n'); {code}"
        return [sys.executable, "-c", program]


@pytest.fixture(autouse=True)
def _hears_ctrl_c() -> Iterator[None]:
    """A shell starts what it puts in the background deaf to Ctrl-C, and that is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engines:
    """A machine without an engine."""
    made = Engines(NONE, tmp_path / "log")
    monkeypatch.setattr(docker, "find", made.find)
    monkeypatch.setattr(private, "up", lambda _report: made.note("up"))
    monkeypatch.setattr(private, "down", lambda: made.note("down"))
    return made


def during(*argv: str) -> int:
    return cli.main(["docker", "during", *argv])


def test_without_an_engine_a_private_one_is_up_for_as_long_as_the_command_takes(
    engines: Engines, capfd: pytest.CaptureFixture[str]
) -> None:
    assert during(*engines.command("print('said')")) == 0
    assert engines.noted == ["up", "command", "down"]
    assert capfd.readouterr().out == f"{NONE}: a private engine it is\nsaid\n"


def test_an_engine_of_use_is_left_as_it_is(engines: Engines) -> None:
    engines.unusable = None
    assert during(*engines.command()) == 0
    assert engines.noted == ["command"]


@pytest.mark.parametrize("unusable", [None, NONE])
def test_the_commands_exit_code_is_its_own(engines: Engines, unusable: str | None) -> None:
    engines.unusable = unusable
    assert during(*engines.command("sys.exit(6)")) == 6
    assert engines.noted[-1] == ("command" if unusable is None else "down")


def test_a_command_that_is_killed_is_told_as_a_shell_does(engines: Engines) -> None:
    assert during(*engines.command("os.kill(os.getpid(), signal.SIGTERM)")) == 128 + 15
    assert engines.noted[-1] == "down"


def test_options_are_the_commands(engines: Engines) -> None:
    """Such as pytest's own --help."""
    argv = engines.command(
        "print(sys.argv[1:]); sys.exit(sys.argv[1:] != ['--help', '-k', 'a b', '--', 'x'])"
    )
    assert during(*argv, "--help", "-k", "a b", "--", "x") == 0


def test_a_command_that_is_not_there_is_said_and_no_engine_is_started(
    engines: Engines, capsys: pytest.CaptureFixture[str]
) -> None:
    assert during("no-such-program") == 2
    assert capsys.readouterr().err == (
        "calicolab: there is no program no-such-program: name one that is in PATH, or its path\n"
    )
    assert engines.noted == []


def test_without_a_command_nothing_is_started(engines: Engines, capsys: pytest.CaptureFixture[str]) -> None:
    assert during() == 2
    assert "name the command to run, as in: calicolab docker during pytest" in capsys.readouterr().err
    assert engines.noted == []


def test_an_engine_that_does_not_come_up_is_said_and_nothing_is_run(
    engines: Engines, capsys: pytest.CaptureFixture[str]
) -> None:
    engines.fails = ["up"]
    assert during(*engines.command()) == 6
    assert engines.noted == ["up"]
    assert "calicolab: up failed" in capsys.readouterr().err


def test_ctrl_c_is_the_commands_and_the_engine_waits_for_it(engines: Engines) -> None:
    """A terminal sends it to both; a lab is taken down in order before its engine ends."""
    takes_down = f"open({str(engines.log)!r}, 'a').write('lab down\\n')"
    interrupted = (
        f"os.kill(os.getppid(), signal.SIGINT); import time; time.sleep(0.5); {takes_down}; sys.exit(2)"
    )
    assert during(*engines.command(interrupted)) == 2
    assert engines.noted == ["up", "command", "lab down", "down"]


def test_a_request_to_end_is_passed_on(engines: Engines) -> None:
    ends = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    asks = "os.kill(os.getppid(), signal.SIGTERM); signal.alarm(20); signal.pause()"
    assert during(*engines.command(f"{ends}; {asks}")) == 7
    assert engines.noted == ["up", "command", "down"]
