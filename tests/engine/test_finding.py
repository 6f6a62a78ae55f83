"""Which engine is used, and which are refused, each in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calicolab.artifacts.progress import Plain
from calicolab.command import run_status
from calicolab.engine import find, finding, private, probe
from calicolab.engine.client import Engine
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from calicolab.engine.place import Place

FIT: dict[str, Any] = {
    "SecurityOptions": ["name=seccomp,profile=builtin"],
    "KernelVersion": os.uname().release,
}
#: A program that finds an engine and says which, or why not.
FIND = """
from calicolab.engine import find
from calicolab.errors import UsageError
try:
    engine = find()
except UsageError as error:
    print(error)
else:
    print(engine.private, engine.host, engine.run("ps").succeeded, (engine.proc / "1/comm").read_text().strip())
"""


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any engine, and root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(private, "running", lambda: None)
    monkeypatch.setattr(finding, "DEFAULT_SOCKET", tmp_path / "docker.sock")
    monkeypatch.delenv("DOCKER_HOST", raising=False)


def refusal() -> str:
    """What `find` says."""
    with pytest.raises(UsageError) as refused:
        find()
    said = str(refused.value)
    assert "\n" not in said
    return said


@pytest.mark.usefixtures("_alone")
def test_no_engine_is_said_with_both_ways_out() -> None:
    said = refusal()
    assert "no Docker engine was found: DOCKER_HOST is not set and nobody listens" in said
    assert "start your own, or `calicolab docker up`" in said


@pytest.mark.usefixtures("_alone")
def test_the_private_one_is_used_when_it_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Engine(Path("docker"), "unix:///own", private=True, proc=Path("/proc"), network=Path("/net"))
    monkeypatch.setattr(private, "running", lambda: own)
    assert find() is own
    monkeypatch.setenv("DOCKER_HOST", "unix:///own")
    assert find() is own
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    assert "remote" in refusal()


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("host", ["tcp://192.0.2.1:2375", "ssh://somebody@192.0.2.1"])
def test_a_remote_one_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert f"the Docker engine at {host} is remote" in refusal()


@pytest.mark.usefixtures("_alone")
def test_one_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "stale.sock"))
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/stale.sock")
    assert f"no Docker engine answers at unix://{tmp_path}/stale.sock: start it" in refusal()


@pytest.mark.usefixtures("_alone")
def test_an_engine_without_a_client_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        assert "no docker client: install docker-cli" in refusal()


@pytest.mark.usefixtures("_alone")
def test_an_engine_on_a_machine_without_iptables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "iptables" else program)
    assert "install iptables" in refusal()


@pytest.mark.usefixtures("_alone")
def test_it_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "needs root" in refusal()


@pytest.mark.parametrize(
    ("facts", "network", "said"),
    [
        ({**FIT, "SecurityOptions": ["name=seccomp", "name=rootless"]}, True, "is rootless"),
        ({**FIT, "KernelVersion": "5.15.49-linuxkit"}, True, "another machine, or in a virtual one"),
        (FIT, False, "in another network namespace"),
    ],
)
def test_one_that_cannot_be_fenced_in_is_refused(facts: dict[str, Any], network: bool, said: str) -> None:
    finding.refuse_unfit(FIT, host="unix:///x", network=True)
    with pytest.raises(
        UsageError, match=rf"unix:///x .*{said}.*or unset DOCKER_HOST and run `calicolab docker up`"
    ):
        finding.refuse_unfit(facts, host="unix:///x", network=network)


def test_one_that_refuses_privileged_containers_is_refused(tmp_path: Path) -> None:
    """With what Debian 12's Docker said on a machine whose root lacks CAP_SYS_RESOURCE."""
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\n[ "$1" != run ] || { echo "docker: Error response from daemon: failed to create shim task: '
        "OCI runtime create failed: runc create failed: unable to start container process: unable to apply caps: "
        'operation not permitted: unknown." >&2; exit 126; }\n'
    )
    docker.chmod(0o755)
    engine = Engine(docker, "unix:///x", private=False, proc=Path("/proc"), network=Path("/net"))
    with pytest.raises(
        UsageError, match=r"does not start privileged containers.*unable to apply caps.*allow them"
    ):
        probe.prove_privileged(engine, report=Plain())


@pytest.mark.root
def test_an_engine_in_our_own_network_namespace_is_taken(engine: Engine) -> None:
    """The tests' engine, asked for from inside its network namespace, is like any machine's own."""
    argv = engine.network_argv([sys.executable, "-c", FIND])
    said = run_status(argv, timeout=120, env=engine.environment())
    assert said.stdout == f"False {engine.host} True sh\n", said


@pytest.mark.root
def test_an_engine_in_another_network_namespace_is_refused(engine: Engine) -> None:
    said = run_status([sys.executable, "-c", FIND], timeout=120, env=engine.environment())
    assert f"the Docker engine at {engine.host} is in another network namespace" in said.stdout, said


@pytest.mark.root
def test_an_engine_that_may_not_mount_is_refused(engine: Engine, place: Place) -> None:
    """The probe fails where the engine grants less than asked for: here its containers are not privileged."""
    weak = probe.image(engine, report=Plain())
    said = engine.run_status("run", "--rm", "--network=none", weak, *probe._MOUNTS)
    assert not said.succeeded
    assert "permi" in said.stderr
    assert place.running() is not None
