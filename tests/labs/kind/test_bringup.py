"""What a kind lab gives its nodes: certificates that only root can read, and images that are the very ones."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from calicolab.artifacts import KindFiles
from calicolab.artifacts.images import Image, ImageConfig, configuration_digest, write
from calicolab.command import CommandResult
from calicolab.engine import Engine
from calicolab.errors import LabError, UsageError
from calicolab.etcd.authority import Authority
from calicolab.labs.kind import bringup, cluster, removal, topology
from calicolab.labs.kind.etcd import EtcdContainers, write_certificates
from calicolab.labs.kind.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ADDRESSES = ("192.168.21.2", "192.168.21.3", "192.168.21.4")
PRIVATE = b"PRIVATE KEY-----"


class FakeDocker(Engine):
    """An engine whose docker is `answer`, a function from its arguments to how it ended."""

    said: list[tuple[str, ...]]
    answer: Callable[[tuple[str, ...]], tuple[int, str]]

    def run_status(self, *arguments: str, timeout: float = 0, stdin: str | None = None) -> CommandResult:
        self.said.append(arguments)
        code, stdout = self.answer(arguments)
        return CommandResult(("docker", *arguments), code, stdout, "", 0.0)

    def run(self, *arguments: str, timeout: float = 0, stdin: str | None = None) -> CommandResult:
        return self.run_status(*arguments, timeout=timeout, stdin=stdin)


def docker(answer: Callable[[tuple[str, ...]], tuple[int, str]]) -> FakeDocker:
    made = FakeDocker(Path("docker"), "unix:///x", private=True, proc=Path("/proc"), network=Path("/net"))
    vars(made).update(said=[], answer=answer)
    return made


def etcd() -> EtcdContainers:
    return EtcdContainers(docker(lambda _: (0, "")), cluster="kind-1", addresses=ADDRESSES)


def files_with(tmp_path: Path, *archives: str) -> KindFiles:
    """Files of a lab whose nodes get these images."""
    images = [Image(name=f"image/{name}", archive=tmp_path / name) for name in archives]
    return KindFiles(
        version="v3.23.2",
        source="gomod",
        calicoctl=tmp_path / "calicoctl",
        kubernetes=cast(
            "Any", SimpleNamespace(kind=tmp_path / "kind", node_image=Image("node:v1", tmp_path))
        ),
        calico=cast("Any", SimpleNamespace()),
        node_images=tuple(images),
        provenance=MappingProxyType({}),
    )


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder: its mode and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_nodes_are_given_certificates_for_kubeadm_and_calico_and_calicoctls_configuration(
    tmp_path: Path,
) -> None:
    authority = Authority()
    bringup.write_folder(tmp_path, etcd=etcd(), authority=authority)
    written = tree(tmp_path)
    assert set(written) == {
        "kubernetes-etcd/ca.crt", "kubernetes-etcd/client.crt", "kubernetes-etcd/client.key", "kubernetes-etcd/ca.key",
        "calico-secrets/etcd-ca", "calico-secrets/etcd-cert", "calico-secrets/etcd-key",
        "calico/calicoctl.cfg",
    }  # fmt: skip
    content = {name: data for name, (_mode, data) in written.items()}
    assert content["kubernetes-etcd/ca.crt"] == content["calico-secrets/etcd-ca"] == authority.certificate
    # One client certificate, as the incident had: Kubernetes' etcd is Calico's.
    assert content["kubernetes-etcd/client.crt"] == content["calico-secrets/etcd-cert"]
    assert content["kubernetes-etcd/client.key"] == content["calico-secrets/etcd-key"]
    config = yaml.safe_load(content["calico/calicoctl.cfg"])
    assert config["spec"]["etcdEndpoints"] == "https://192.168.21.2:2379,https://192.168.21.3:2379,https://192.168.21.4:2379"  # fmt: skip  # noqa: E501 - as calicoctl wants it
    # kind copies this one from one control plane to the next as if etcd were its own.
    assert content["kubernetes-etcd/ca.key"] == b""


def test_only_root_can_read_what_is_written_and_the_authoritys_key_is_nowhere(tmp_path: Path) -> None:
    authority = Authority()
    bringup.write_folder(tmp_path, etcd=etcd(), authority=authority)
    written = tree(tmp_path)
    assert {mode for mode, _data in written.values()} == {0o600}
    keys = {name for name, (_mode, data) in written.items() if PRIVATE in data}
    assert keys == {"kubernetes-etcd/client.key", "calico-secrets/etcd-key"}
    assert authority._authority.private_key_pem.bytes() not in {data for _mode, data in written.values()}


def test_a_member_of_etcd_has_its_own_certificates_and_only_root_can_read_their_keys(tmp_path: Path) -> None:
    authority = Authority()
    members = etcd().members
    for member in members:
        write_certificates(tmp_path / member.name, member, authority)
    written = tree(tmp_path)
    names = {"ca.crt", *(f"{what}.{end}" for what in ("server", "peer", "client") for end in ("crt", "key"))}
    assert set(written) == {f"{member.name}/{name}" for member in members for name in names}
    keys = {name: (mode, data) for name, (mode, data) in written.items() if PRIVATE in data}
    assert set(keys) == {name for name in written if name.endswith(".key")}
    assert {mode for mode, _data in keys.values()} == {0o600}
    assert len({data for _mode, data in keys.values()}) == len(keys), "no two of them share a key"


def test_nodes_have_the_folder_calicoctl_and_every_image_and_write_to_nothing_but_etcds_certificates(
    tmp_path: Path,
) -> None:
    files = files_with(tmp_path, "node.tar", "cni.tar", "controllers.tar", "pod.tar", "more.tar")
    made = bringup.mounts(tmp_path / "lab", files)
    assert [(mount.host, mount.container) for mount in made] == [
        (tmp_path / "lab/kubernetes-etcd", "/etc/kubernetes/pki/etcd"),
        (tmp_path / "lab/calico-secrets", "/calico-secrets"),
        (tmp_path / "lab/calico/calicoctl.cfg", "/etc/calico/calicoctl.cfg"),
        (tmp_path / "calicoctl", "/usr/local/bin/calicoctl"),
        *(
            (image.archive, f"/calicolab/images/{number}.tar")
            for number, image in enumerate(files.node_images)
        ),
    ]
    assert len(files.node_images) == 5
    assert [mount.container for mount in made if not mount.read_only] == ["/etc/kubernetes/pki/etcd"]


@pytest.mark.parametrize(
    ("there", "loaded"), [("the same", False), ("sha256:0123", True), ("", True)], ids=str
)
def test_an_image_is_loaded_unless_the_engine_has_the_very_one(
    tmp_path: Path, there: str, loaded: bool
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    archive = tmp_path / "image.tar"
    write(archive, name="image:v1", layers=[root], config=ImageConfig())
    image = Image(name="image:v1", archive=archive)
    known = f"sha256:{configuration_digest(image)}" if there == "the same" else there
    engine = docker(
        lambda arguments: (0 if known else 1, f"{known}\n") if arguments[0] == "image" else (0, "")
    )
    bringup.load_images(engine, [image])
    assert (("load", "--input", str(archive)) in engine.said) is loaded


@pytest.mark.parametrize(
    ("name", "private", "refused"),
    [
        ("docker.io/kindest/haproxy:v1", False, True),
        ("docker.io/kindest/haproxy:v1", True, False),
        ("calicolab/node:v1", False, False),
        ("calicolab.invalid/etcd:v1", False, False),
    ],
)
def test_an_image_of_the_users_is_not_replaced_in_an_engine_of_theirs(
    tmp_path: Path, name: str, private: bool, refused: bool
) -> None:
    (tmp_path / "root").mkdir()
    image = Image(name=name, archive=tmp_path / "image.tar")
    write(image.archive, name=name, layers=[tmp_path / "root"], config=ImageConfig())
    engine = replace(docker(lambda _: (0, "")), private=private)
    vars(engine).update(said=[], answer=lambda _: (0, "sha256:theirs\n"))
    if refused:
        with pytest.raises(UsageError, match=rf"another image called {name} .* with `docker rmi {name}`"):
            bringup.load_images(engine, [image])
    else:
        bringup.load_images(engine, [image])
    assert (("load", "--input", str(image.archive)) in engine.said) is not refused


@pytest.mark.parametrize(("control_planes", "balanced"), [(1, False), (3, True)])
def test_a_load_balancer_is_loaded_only_for_several_control_planes(
    tmp_path: Path, control_planes: int, balanced: bool
) -> None:
    files = files_with(tmp_path)
    vars(files.calico).update(etcd="etcd", load_balancer="haproxy")
    found = bringup.engine_images(files, topology.plan("kind-1", control_planes=control_planes))
    assert ("haproxy" in cast("list[Any]", found)) is balanced


def test_a_node_that_does_not_run_is_named() -> None:
    engine = docker(lambda _: (0, "192.168.21.11\n\n"))
    with pytest.raises(LabError, match="kind-1-worker has no address, so it does not run"):
        bringup.node_addresses(engine, topology.plan("kind-1", nodes=2), network="kind-1")


def test_node_addresses_are_those_on_the_labs_network() -> None:
    engine = docker(lambda _: (0, "192.168.21.11\n192.168.21.12\n"))
    found = bringup.node_addresses(engine, topology.plan("kind-1", nodes=2), network="kind-1")
    assert found == {"node01": "192.168.21.11", "node02": "192.168.21.12"}
    assert engine.said[0][-2:] == ("kind-1-control-plane", "kind-1-worker")
    assert '"kind-1"' in engine.said[0][2]


class Bringing:
    """A cluster that is created, with kind and the nodes' containers replaced."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files = files_with(tmp_path, "node.tar", "cni.tar", "controllers.tar", "pod.tar")
        self.folder, self.monkeypatch = tmp_path, monkeypatch
        self.runs: dict[str, list[Sequence[str]]] = {}
        self.up = threading.Event()
        monkeypatch.setattr(Machine, "run", lambda machine, argv, **_: self._run(machine, argv))
        monkeypatch.setattr(Machine, "run_status", lambda _machine, argv, **_: self._answers(argv))
        monkeypatch.setattr(cluster, "create", lambda *_args, **_more: self.up.set())

    def _run(self, machine: Machine, argv: Sequence[str]) -> None:
        self.runs.setdefault(machine.name, []).append(argv)

    def _answers(self, argv: Sequence[str]) -> CommandResult:
        return CommandResult(tuple(argv), 0 if self.up.is_set() else 1, "", "no such container", 0.0)

    def create(self) -> None:
        plan = topology.plan("kind-1", nodes=2)
        bringup.create_cluster(
            docker(lambda _: (0, "")),
            plan,
            files=self.files,
            folder=self.folder,
            etcd=etcd(),
            network="kind-1",
        )


@pytest.fixture
def bringing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bringing:
    """A lab's cluster, to be created."""
    return Bringing(tmp_path, monkeypatch)


def test_every_node_gets_its_name_and_then_every_image(bringing: Bringing) -> None:
    bringing.create()
    imports = [
        ["ctr", "--namespace", "k8s.io", "images", "import", f"/calicolab/images/{number}.tar"]
        for number in range(4)
    ]
    assert bringing.runs == {
        "kind-1-control-plane": [["hostname", "node01"], *imports],
        "kind-1-worker": [["hostname", "node02"], *imports],
    }


def test_what_kind_says_is_the_reason_and_no_node_is_waited_for_in_vain(
    bringing: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: Any, **_more: Any) -> None:
        raise LabError("kind could not create the cluster: no such image")

    monkeypatch.setattr(cluster, "create", fails)
    monkeypatch.setattr(bringup, "START_TIMEOUT", 5.0)
    began = time.monotonic()
    with pytest.raises(LabError, match="kind could not create the cluster: no such image"):
        bringing.create()
    assert time.monotonic() - began < bringup.START_TIMEOUT
    assert bringing.runs == {}


def test_ctrl_c_ends_kind_instead_of_waiting_for_it(
    bringing: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, main = threading.Event(), threading.get_ident()

    def works(*_arguments: Any, **_more: Any) -> None:
        ended.wait(0.3)  # until all of it is under way
        signal.pthread_kill(main, signal.SIGINT)
        raise LabError("kind was killed" if ended.wait(20) else "kind had all its time")

    monkeypatch.setattr(cluster, "create", works)
    monkeypatch.setattr(removal, "end_makers", lambda name: ended.set() if name == "kind-1" else None)
    began = time.monotonic()
    # A shell starts what it puts in the background deaf to Ctrl-C, and that is inherited.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            bringing.create()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.is_set()
    assert time.monotonic() - began < 10


def test_a_node_whose_runtime_never_answers_is_named(
    bringing: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "create", lambda *_arguments, **_more: None)
    monkeypatch.setattr(bringup, "START_TIMEOUT", 0.1)
    with pytest.raises(LabError, match="the container runtime of kind-1-control-plane does not answer"):
        bringing.create()


def test_an_image_that_a_node_does_not_take_is_an_error_of_the_lab(
    bringing: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_machine: Machine, argv: Sequence[str], **_more: Any) -> None:
        if argv[0] == "ctr":
            raise LabError("no space left on device")

    monkeypatch.setattr(Machine, "run", refuses)
    with pytest.raises(LabError, match="no space left on device"):
        bringing.create()
