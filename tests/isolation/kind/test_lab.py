"""A run of the suites on a real kind lab leaves nothing however it ends, unless the lab is kept for the next.

Each lab takes a minute: `tox run -e kind` runs these, and `pytest tests/isolation/kind -m kind`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab import engine as engines
from calicolab.evidence.store import read_results
from calicolab.host import processes
from calicolab.labs import standing
from calicolab.labs.kind import ownership
from calicolab.labs.kind.marks import noted
from calicolab.wait import wait_for
from tests.isolation.kind.traces import NOTHING, Traces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.engine import Engine

pytestmark = [pytest.mark.root, pytest.mark.kind]

ROOT = Path(__file__).parents[3]
#: Not the incident's, so that a lab that somebody uses meanwhile is in nobody's way.
SUBNET = "192.168.61.0/24"
LAB = "kind-v3.23.2"
#: Seconds for a lab to come up, and within which nothing of one may be left that its run could not take down.
UP, GONE = 300.0, 30.0

CONFTEST = """
from pathlib import Path

from calicolab.labs import standing

standing.FOLDER = Path("standing/labs").absolute()
pytest_plugins = {plugins}
"""
CHECK = """
import os
import threading
from pathlib import Path

def test_the_mesh_is_full(lab):
    Path("up").write_text(lab.topology.cluster)
    if os.environ.get("WAIT"):
        threading.Event().wait()
    assert lab.mesh().is_full
"""


class Project:
    """A folder with one check, and runs of it."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder, self.engine = folder, engine
        plugins: dict[str, object] = {}
        exec((ROOT / "conftest.py").read_text(encoding="utf-8"), plugins)  # noqa: S102 - our own conftest's list
        (folder / "conftest.py").write_text(CONFTEST.format(plugins=plugins["pytest_plugins"]))
        (folder / "pyproject.toml").write_text(f'[tool.pytest.ini_options]\npythonpath = ["{ROOT}"]\n')
        (folder / "suites").mkdir()
        (folder / "suites/test_mesh.py").write_text(CHECK)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.clusters: set[str] = set()

    @property
    def notes(self) -> Path:
        """Where its standing labs are noted."""
        return self.folder / "standing/labs"

    def start(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a run."""
        argv = [
            "env",
            "--default-signal=INT",
            sys.executable,
            "-m",
            "pytest",
            "suites/",
            "-p",
            "no:cacheprovider",
        ]
        asked = ["--lab", "kind", "--subnet", SUBNET, *options]
        with (self.folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [*argv, *asked],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def run(self, *options: str) -> tuple[int, float]:
        """Run it to its end, and return its exit code and how many seconds it took."""
        started = time.monotonic()
        process = self.start(*options)
        cluster = self.cluster_of(process)
        code = process.wait(timeout=UP)
        self.clusters.update({cluster} - {""})
        return code, time.monotonic() - started

    def cluster_of(self, process: subprocess.Popen[bytes]) -> str:
        """The lab that a run has begun; "" when it ended without one."""
        owner = processes.identity(process.pid)

        def own() -> list[str]:
            return [note.marks.cluster for note in noted() if note.marks.owner == owner]

        found = wait_for(own, until=lambda names: bool(names) or process.poll() is not None, timeout=UP)
        self.clusters.update(found)
        return found[0] if found else ""

    def wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the check runs."""
        wait_for(
            lambda: (self.folder / "up").exists() or process.poll(),
            until=lambda state: state is not False and state is not None,
            timeout=UP,
        )
        assert process.poll() is None, self.output

    @property
    def output(self) -> str:
        """What the last run said."""
        return (self.folder / "output").read_text()

    @property
    def reason(self) -> str:
        """Of the last run's check."""
        return read_results((self.folder / "reports/latest").resolve()).checks[0].reason


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project on the engine that there is; what its runs leave is removed."""
    made = Project(tmp_path, engines.find())
    monkeypatch.setattr(standing, "FOLDER", made.notes)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()
    for cluster in made.clusters:
        ownership.remove(made.engine, cluster)


def test_kill_9_of_a_run_leaves_nothing(project: Project) -> None:
    run = project.start(WAIT="yes")
    cluster = project.cluster_of(run)
    project.wait_until_up(run)
    before = Traces.of(project.engine, cluster)
    assert all(vars(before).values()), f"nothing to be left of: this proves nothing: {before}"
    assert len(before.containers) == 6
    run.kill()
    run.wait()
    wait_for(lambda: Traces.of(project.engine, cluster), until=lambda left: left == NOTHING, timeout=GONE)


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_a_run_that_is_ended_while_kind_is_at_work_leaves_nothing(
    project: Project, ended_by: signal.Signals
) -> None:
    run = project.start()
    cluster = project.cluster_of(run)
    control_plane = f"{cluster}-control-plane"
    wait_for(
        lambda: Traces.of(project.engine, cluster).containers,
        until=lambda names: control_plane in names,
        timeout=UP,
        interval=0.2,
    )
    run.send_signal(ended_by)
    code = run.wait(timeout=GONE)
    assert code == (-9 if ended_by == signal.SIGKILL else pytest.ExitCode.INTERRUPTED)
    wait_for(lambda: Traces.of(project.engine, cluster), until=lambda left: left == NOTHING, timeout=GONE)


def test_a_kept_lab_is_reused_and_refused_when_it_is_another(project: Project) -> None:
    code, first = project.run("--keep-lab")
    assert code == 0, project.output
    (cluster,) = project.clusters
    kept = Traces.of(project.engine, cluster)
    assert (len(kept.containers), len(kept.networks), len(kept.rules)) == (6, 1, 4)
    assert not kept.processes, "its guard was to end"

    code, second = project.run("--reuse-lab")
    assert code == 0, project.output
    assert (project.folder / "up").read_text() == cluster
    assert Traces.of(project.engine, cluster) == kept

    code, _ = project.run("--reuse-lab", "--nodes", "4")
    assert code == 6
    assert (
        f"lab '{LAB}' stands, and is not what is asked for (nodes: 3, but 4 is asked for)" in project.reason
    )
    code, _ = project.run("--keep-lab")
    assert code == 6
    assert f"lab '{LAB}' is up already" in project.reason
    assert Traces.of(project.engine, cluster) == kept

    standing.take_down(standing.find(LAB))
    assert Traces.of(project.engine, cluster) == NOTHING
    assert not project.notes.exists()
    print(f"made in {first:.1f} s, reused in {second:.1f} s")
