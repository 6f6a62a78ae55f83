"""The two commands and CI's, with stand-ins for the programs that they start: what they ask for, and what they say."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from calicolab.command import CommandResult, run_status

TREE = Path(__file__).resolve().parent.parent
#: Programs of the machine that the scripts use as they are.
REAL = (
    *(
        "sh",
        "bash",
        "env",
        "cat",
        "cp",
        "rm",
        "mkdir",
        "mktemp",
        "dirname",
        "readlink",
        "sha256sum",
        "grep",
        "tr",
    ),
    *("flock", "test", "ln", "uname", "head", "sed"),
)
#: A stand-in notes how it was called, and does what follows.
NOTE = '#!/bin/sh\necho "${0##*/} $*" >>"$CALLS"\n'
#: What `python3 -m venv .venv` comes to here: the stand-ins in $VENV.
MAKES_VENV = """
case "$*" in *.venv)
    mkdir -p .venv/bin
    cp "$VENV"/* .venv/bin
    echo "# $PWD/.venv/bin/python" >>.venv/bin/pip ;;
esac
"""


@dataclass
class Machine:
    """A checkout on a machine whose every program is a stand-in."""

    folder: Path
    root: bool = True

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def calls(self) -> list[str]:
        """How the stand-ins were called since this was last asked."""
        log = self.folder / "calls"
        said = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return said

    def has(self, program: str, does: str = "", *, where: str = "bin") -> None:
        """Put a stand-in there."""
        path = self.folder / where / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(NOTE + does)
        path.chmod(0o755)

    def lacks(self, program: str) -> None:
        """Take a program away."""
        (self.folder / "bin" / program).unlink()

    def run(self, *argv: str, script: str = "run") -> CommandResult:
        self.has("id", f"echo {0 if self.root else 1000}\n")
        environment = {
            "PATH": str(self.folder / "bin"),
            "CALLS": str(self.folder / "calls"),
            "VENV": str(self.folder / "venv"),
            "PYTHON": "python3",
        }
        return run_status([str(self.checkout / script), *argv], timeout=30, env=environment, cwd=self.folder)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One on which nothing is missing but .venv."""
    machine = Machine(tmp_path)
    for name in ("run", ".ci/run", "pyproject.toml", "requirements/base.txt", "requirements/dev.txt"):
        (machine.checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TREE / name, machine.checkout / name)
    (machine.checkout / "reports").mkdir()
    (tmp_path / "bin").mkdir()
    for program in REAL:
        (tmp_path / "bin" / program).symlink_to(shutil.which(program) or f"/no/{program}")
    machine.has("python3", MAKES_VENV)
    for program in ("mmdebstrap", "ip", "iptables-save", "chromium", "chromedriver", "apt-get"):
        machine.has(program)
    for program in ("pip", "calicolab", "tox"):
        machine.has(program, where="venv")
    machine.has("pytest", "ln -sfn run-1 reports/latest\nexit ${PYTEST_EXIT:-0}\n", where="venv")
    (tmp_path / "venv" / "python").symlink_to(Path(sys.executable).resolve())
    return machine


def test_founding_builds_then_runs_and_ends_with_the_report(machine: Machine) -> None:
    result = machine.run("founding", "-k", "two words")
    assert result.succeeded, result
    assert result.stdout.splitlines()[-1] == f"run: report: {machine.checkout}/reports/latest/report.html"
    calls = machine.calls
    assert calls[-2:] == [
        "calicolab build v3.23.2",
        "pytest suites/founding --calico v3.23.2 -k two words",
    ]
    assert "pip install --require-hashes --requirement requirements/base.txt" in calls
    assert not any(call.startswith("apt-get") for call in calls)


@pytest.mark.parametrize(
    ("options", "versions"),
    [
        (["--calico", "v3.31.0"], "v3.31.0"),
        (["--calico=v3.31.0", "-x", "--calico", "v3.23.2"], "v3.31.0 v3.23.2"),
        (["--calico", "v3.31.0,v3.23.2"], "v3.31.0 v3.23.2"),
    ],
)
def test_what_is_built_is_what_is_run(machine: Machine, options: list[str], versions: str) -> None:
    assert machine.run("founding", *options).succeeded
    assert machine.calls[-2:] == [
        f"calicolab build {versions}",
        f"pytest suites/founding {' '.join(options)}",
    ]


def test_the_second_time_nothing_is_installed(machine: Machine) -> None:
    machine.run("founding")
    assert machine.calls
    machine.run("founding")
    assert machine.calls == [
        "id -u",
        "calicolab build v3.23.2",
        "pytest suites/founding --calico v3.23.2",
    ]


def test_a_changed_lock_is_installed(machine: Machine) -> None:
    machine.run("founding")
    with (machine.checkout / "requirements/base.txt").open("a") as lock:
        lock.write("# newer\n")
    assert machine.calls
    machine.run("founding")
    calls = machine.calls
    assert "pip install --require-hashes --requirement requirements/base.txt" in calls
    assert not any("venv --clear" in call for call in calls), "what is there is kept"


def test_a_venv_that_was_moved_is_made_anew(machine: Machine) -> None:
    machine.run("founding")
    machine.checkout.rename(machine.folder / "elsewhere")
    (machine.folder / "elsewhere").rename(machine.folder / "checkout2")
    shutil.copytree(machine.folder / "checkout2", machine.checkout, symlinks=True)
    (machine.checkout / ".venv/bin/pip").write_text("#!/where/it/was/.venv/bin/python\n")
    (machine.checkout / ".venv/installed").write_text("base of another folder\n")
    assert machine.calls
    assert machine.run("founding").succeeded
    assert "python3 -m venv --clear .venv" in machine.calls


def test_what_tests_need_holds_what_founding_needs(machine: Machine) -> None:
    machine.run("test")
    assert machine.calls
    machine.run("founding")
    assert not any("install" in call for call in machine.calls)


def test_test_runs_every_job_and_passes_options_on(machine: Machine) -> None:
    assert machine.run("test", "-k", "wait").succeeded
    assert machine.calls[-1] == "tox run -- -k wait"


def test_the_night_is_a_job_of_its_own(machine: Machine) -> None:
    assert machine.run("nightly", "netns", "--shard", "2/4").succeeded
    assert machine.calls[-1] == "tox run -e nightly -- netns --shard 2/4"


def test_uv_gets_the_index_and_the_certificates_of_pip(machine: Machine) -> None:
    settings = ":env:.cert='/ca.crt'\nglobal.cert='/other.crt'\nglobal.index-url='here'\nglobal.no-cert='x'"
    machine.has("pip", f'case "$*" in "config list") echo "{settings}" ;; esac\n', where="venv")
    machine.has("tox", 'echo "$UV_DEFAULT_INDEX $SSL_CERT_FILE"\n', where="venv")
    assert machine.run("test").stdout.splitlines()[-1] == "here /ca.crt"


@pytest.mark.parametrize("code", [1, 6])
def test_the_verdict_is_the_exit_code(machine: Machine, code: int) -> None:
    machine.has("pytest", f"ln -sfn run-1 reports/latest\nexit {code}\n", where="venv")
    result = machine.run("founding")
    assert result.returncode == code
    assert result.stdout.endswith("reports/latest/report.html\n")


def test_without_a_new_report_none_is_named(machine: Machine) -> None:
    machine.has("pytest", "exit 4\n", where="venv")
    (machine.checkout / "reports/latest").symlink_to("run-0")
    result = machine.run("founding")
    assert result.returncode == 4
    assert "report" not in result.stdout


def test_a_build_that_fails_ends_it(machine: Machine) -> None:
    machine.has("calicolab", "exit 6\n", where="venv")
    assert machine.run("founding").returncode == 6
    assert not any(call.startswith("pytest") for call in machine.calls)


def test_a_missing_debian_package_is_installed_once_and_said(machine: Machine) -> None:
    machine.lacks("mmdebstrap")
    machine.lacks("chromium")
    machine.has(
        "apt-get", f'case "$*" in *install*) cp "$VENV/tox" "{machine.folder}/bin/${{4##*/}}" ;; esac\n'
    )
    result = machine.run("test")
    assert result.succeeded, result
    assert [call for call in machine.calls if call.startswith("apt-get")] == [
        "apt-get update",
        "apt-get install --yes --no-install-recommends mmdebstrap",
        "apt-get install --yes --no-install-recommends chromium",
    ]
    assert "run: installing Debian's mmdebstrap" in result.stdout


def refused(result: CommandResult) -> str:
    """The one sentence that a refusal is."""
    assert result.returncode == 4
    (sentence,) = result.stderr.splitlines()
    return sentence


def test_not_root(machine: Machine) -> None:
    machine.root = False
    assert refused(machine.run("founding")).endswith("which takes root: run this as root")
    assert not (machine.checkout / ".venv").exists()


def test_not_linux(machine: Machine) -> None:
    machine.lacks("uname")
    machine.has("uname", "echo Darwin\n")
    assert "and this is Darwin" in refused(machine.run("founding"))


def test_python_too_old(machine: Machine) -> None:
    machine.has("python3", 'case "$1" in -c) exit 1 ;; --version) echo Python 3.9.2 ;; esac\n')
    assert "Python 3.11 or newer is needed, and here is Python 3.9.2" in refused(machine.run("founding"))


def test_no_python(machine: Machine) -> None:
    machine.lacks("python3")
    assert "Python 3.11 or newer is needed, and here is no python3" in refused(machine.run("founding"))


def test_no_debian(machine: Machine) -> None:
    machine.lacks("mmdebstrap")
    machine.lacks("apt-get")
    assert refused(machine.run("founding")).startswith("run: mmdebstrap is missing, and without apt-get")


def test_an_installation_that_fails_shows_why(machine: Machine) -> None:
    machine.lacks("mmdebstrap")
    machine.has("apt-get", "echo E: no mirror >&2\nexit 100\n")
    result = machine.run("founding")
    assert result.returncode == 4
    assert result.stderr.splitlines()[0] == "E: no mirror"
    assert result.stderr.splitlines()[1].startswith("run: 'apt-get update' failed, as said above")


def test_an_unknown_command_shows_the_known_ones(machine: Machine) -> None:
    result = machine.run("everything")
    assert result.returncode == 4
    assert "./run founding" in result.stderr
    assert machine.run("--help").stdout == result.stderr


@dataclass(frozen=True)
class Results:
    """What a pytest run counted."""

    tests: int
    failures: int = 0
    errors: int = 0
    skipped: int = 0

    @property
    def junit(self) -> str:
        counts = " ".join(f'{name}="{count}"' for name, count in asdict(self).items())
        return f"<testsuites><testsuite {counts} /></testsuites>"


def jobs_leave(machine: Machine, *, unit: Results | None, netns: Results | None, code: int = 0) -> None:
    """Have the test command leave these results, and end with `code`."""
    does = "mkdir -p .tox/junit\n"
    other = None if unit is None else Results(1)
    others = [(name, other) for name in ("autodetection", "remediation", "upgrade", "incident")]
    for name, results in (("unit", unit), ("netns", netns), *others):
        does += f"echo '{results.junit}' >.tox/junit/{name}.xml\n" if results is not None else ""
    machine.has("tox", f"{does}exit {code}\n", where="venv")


@pytest.mark.parametrize(
    ("unit", "netns", "code", "closing", "red"),
    [
        pytest.param(Results(10), Results(5), 0, "19 passed, 0 failed", False, id="green"),
        pytest.param(
            Results(10, skipped=2), Results(5), 0, "17 passed, 0 failed, 2 skipped", False, id="skips"
        ),
        pytest.param(Results(10, failures=1), Results(5, errors=2), 1, "16 passed, 3 failed", True, id="red"),
        pytest.param(Results(10), Results(5), 1, "19 passed, 0 failed", True, id="lint is red"),
        pytest.param(Results(10, errors=1), Results(5), 0, "18 passed, 1 failed", True, id="red, tox is not"),
        pytest.param(Results(10), Results(0), 0, "14 passed, 1 failed", True, id="no check"),
        pytest.param(
            Results(10), Results(3, skipped=3), 0, "14 passed, 1 failed, 3 skipped", True, id="all skipped"
        ),
        pytest.param(Results(10), None, 0, "14 passed, 1 failed", True, id="one missing"),
        pytest.param(None, None, 0, "0 passed, 6 failed", True, id="all missing"),
    ],
)
def test_ci_closes_with_the_sum(
    machine: Machine, unit: Results | None, netns: Results | None, code: int, closing: str, *, red: bool
) -> None:
    jobs_leave(machine, unit=unit, netns=netns, code=code)
    result = machine.run(script=".ci/run")
    assert result.stdout.splitlines()[-1] == closing, result
    assert result.succeeded is not red


def test_ci_does_not_count_what_an_earlier_run_left(machine: Machine) -> None:
    jobs_leave(machine, unit=Results(1), netns=Results(1))
    assert machine.run(script=".ci/run").succeeded
    machine.has("tox", "exit 0\n", where="venv")
    shutil.copy(machine.folder / "venv/tox", machine.checkout / ".venv/bin/tox")
    assert machine.run(script=".ci/run").stdout.splitlines()[-1] == "0 passed, 6 failed"


def test_ci_keeps_a_refusal(machine: Machine) -> None:
    machine.root = False
    assert "takes root" in refused(machine.run(script=".ci/run"))


def test_the_scripts_can_be_run() -> None:
    assert all(os.access(TREE / name, os.X_OK) for name in ("run", ".ci/run"))
