from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.errors import ArtifactError
from calicolab.wait import wait_for

#: Writes its own number to the file, then sleeps: as a child of a shell, so that there is a group to kill.
SLEEPER = 'echo $$ > "$0"; echo started; sleep 60 & wait'


def alive(file: Path) -> bool:
    if not file.exists() or not (text := file.read_text().strip()):
        return False
    try:
        return "\nState:\tZ" not in Path(f"/proc/{text}/status").read_text()
    except FileNotFoundError:
        return False


def test_lines_are_handed_over_from_both_streams() -> None:
    lines: list[str] = []
    follow(["sh", "-c", "echo one; echo two >&2"], timeout=10, on_line=lines.append)
    assert lines == ["one", "two"]


def test_a_failure_quotes_the_last_lines() -> None:
    with pytest.raises(ProgramFailed, match=r"(?s)ended with 3.*last words") as raised:
        follow(["sh", "-c", "seq 1000; echo last words; exit 3"], timeout=10)
    assert "\n5\n" not in raised.value.said


def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(ArtifactError, match="no-such-program"):
        follow(["no-such-program"], timeout=10)


def test_a_late_program_is_killed_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"did not end within 0\.5 s"):
        follow(["sh", "-c", SLEEPER, str(tmp_path / "pid")], timeout=0.5)
    assert not alive(tmp_path / "pid")


def test_an_error_on_the_way_kills_it(tmp_path: Path) -> None:
    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        follow(["sh", "-c", SLEEPER, str(tmp_path / "pid")], timeout=120, on_line=interrupt)
    assert not alive(tmp_path / "pid")
    assert time.monotonic() - started < 30, "it was waited for, not killed"


def test_it_ends_when_we_are_killed(tmp_path: Path) -> None:
    script = (
        "from calicolab.artifacts.stream import follow\n"
        f"follow(['sh', '-c', {SLEEPER!r}, {str(tmp_path / 'pid')!r}], timeout=60)\n"
    )
    ours = subprocess.Popen([sys.executable, "-c", script])
    wait_for(lambda: alive(tmp_path / "pid"), until=bool, timeout=10)
    ours.send_signal(signal.SIGKILL)
    ours.wait(timeout=10)
    wait_for(lambda: alive(tmp_path / "pid"), until=lambda living: not living, timeout=10)
