"""Programs are run as argument lists, with a time-out that leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calicolab.command import TAIL, CommandFailed, CommandResult, CommandTimedOut, run, run_status
from calicolab.errors import LabError
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Starts a child that sleeps, writes the child's number into the file named by its argument, and waits for it.
PARENT = """
import pathlib, subprocess, sys
child = subprocess.Popen(["sleep", "60"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
child.wait()
"""
#: The same, but leaves the child behind.
ABANDONER = PARENT.replace("child.wait()", "")


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-c", program, *arguments]


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has waited for yet has."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - no Path for a file of the kernel's
            return stat.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (
        FileNotFoundError,
        ProcessLookupError,
    ):  # it ended before the file was opened, or before it was read
        return True


def test_all_that_a_program_said_is_kept_apart() -> None:
    result = run_status(["sh", "-c", "echo out; echo error >&2; exit 3"], timeout=10)
    assert (result.stdout, result.stderr, result.returncode) == ("out\n", "error\n", 3)
    assert not result.succeeded
    assert 0 < result.seconds < 10


def test_a_program_that_must_succeed_and_does() -> None:
    assert run(["true"], timeout=10).succeeded


def test_a_program_that_must_succeed_and_does_not() -> None:
    with pytest.raises(CommandFailed, match=r"^`sh -c 'echo no >&2; exit 3'` ended with 3: no$") as failed:
        run(["sh", "-c", "echo no >&2; exit 3"], timeout=10)
    assert failed.value.result.returncode == 3


@pytest.fixture
def our_input_has_text(tmp_path: Path) -> Iterator[None]:
    """Whoever inherits our standard input reads text that is not theirs."""
    kept = os.dup(0)
    (tmp_path / "input").write_text("ours\n")
    with (tmp_path / "input").open() as text:
        os.dup2(text.fileno(), 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


@pytest.mark.usefixtures("our_input_has_text")
def test_it_reads_nothing_unless_given_something() -> None:
    assert run(["cat"], timeout=10).stdout == ""
    assert run(["cat"], timeout=10, stdin="words\n").stdout == "words\n"


def test_input_that_is_not_read_is_no_error() -> None:
    assert run(["true"], timeout=10, stdin="x" * 1_000_000).succeeded


def test_the_environment_is_the_whole_one() -> None:
    assert run(["/usr/bin/env"], timeout=10, env={"ONLY": "this"}).stdout == "ONLY=this\n"
    assert "PATH=" in run(["/usr/bin/env"], timeout=10).stdout


def test_the_working_directory_is_the_given_one(tmp_path: Path) -> None:
    assert run(["pwd", "-P"], timeout=10, cwd=tmp_path).stdout.strip() == str(tmp_path.resolve())


def test_a_program_that_is_not_there_is_an_error_of_the_lab() -> None:
    with pytest.raises(LabError, match=r"`no-such-program -x` could not be started: .*No such file"):
        run_status(["no-such-program", "-x"], timeout=10)


def test_output_that_is_not_text_does_no_harm() -> None:
    assert run(["printf", r"\377\376ok"], timeout=10).stdout.endswith("ok")


def test_a_null_byte_is_an_error_of_the_lab() -> None:
    with pytest.raises(LabError, match="null byte"):
        run_status(["echo", "a\0b"], timeout=10)


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=0)))
def test_no_argument_is_ever_read_by_a_shell(words: list[str]) -> None:
    shown = run(["printf", r"%s\0", "", *words], timeout=10).stdout
    # Text mode folds the ends of lines, as it would for any program's output.
    expected = [word.replace("\r\n", "\n").replace("\r", "\n") for word in ["", *words]]
    assert shown == "".join(f"{word}\0" for word in expected)


def test_a_time_out_says_what_had_been_said() -> None:
    with pytest.raises(CommandTimedOut, match=r"did not end within 0\.3 s; it had said: half way"):
        run_status(["sh", "-c", "echo half way; sleep 60"], timeout=0.3)


def test_a_time_out_ends_what_the_program_had_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    with pytest.raises(CommandTimedOut):
        run_status(python(PARENT, str(noted)), timeout=2)
    child = int(noted.read_text())
    wait_for(lambda: gone(child), until=bool, timeout=5)


def test_a_child_left_behind_is_named_as_the_cause(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    with pytest.raises(
        CommandTimedOut, match="ended with 0, but left behind a child that held its output open"
    ):
        run_status(python(ABANDONER, str(noted)), timeout=2)
    child = int(noted.read_text())
    wait_for(lambda: gone(child), until=bool, timeout=5)


def test_ctrl_c_ends_what_the_program_had_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"

    def interrupt() -> None:
        wait_for(lambda: noted.exists() and noted.read_text() != "", until=bool, timeout=10)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=interrupt)
    # A shell starts what it puts in the background deaf to Ctrl-C, and that is inherited.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_status(python(PARENT, str(noted)), timeout=30)
    finally:
        presser.join()
        signal.signal(signal.SIGINT, inherited)
    child = int(noted.read_text())
    wait_for(lambda: gone(child), until=bool, timeout=5)


def result(*, stdout: str = "", stderr: str = "") -> CommandResult:
    return CommandResult(("prog", "two words"), 1, stdout, stderr, 0.1)


@pytest.mark.parametrize(
    ("ended", "shown"),
    [
        (result(), "`prog 'two words'` ended with 1: (it said nothing)"),
        (result(stdout="out"), "`prog 'two words'` ended with 1: out"),
        (result(stdout="out", stderr="error\n"), "`prog 'two words'` ended with 1: error"),
        (result(stderr="x" * TAIL), f"`prog 'two words'` ended with 1: {'x' * TAIL}"),
        (result(stderr="y" + "x" * TAIL), f"`prog 'two words'` ended with 1: ... {'x' * TAIL}"),
    ],
)
def test_how_a_result_is_shown(ended: CommandResult, shown: str) -> None:
    assert str(ended) == shown
