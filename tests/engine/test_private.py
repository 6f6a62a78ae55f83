"""The private engine changes nothing of this machine, and leaves nothing but its images."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute

from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.docker_programs import DockerPrograms
from calicolab.artifacts.progress import Plain
from calicolab.command import run
from calicolab.engine import Engine, launch, private, probe
from calicolab.engine import place as places
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from calicolab.engine.place import Place

pytestmark = pytest.mark.root

NODE = ("--privileged", "--cgroupns=private")


@dataclass(frozen=True)
class Machine:
    """What of this machine an engine usually changes."""

    forwarding: str
    rules: str
    legacy: tuple[str, ...]
    links: tuple[str, ...]
    addresses: tuple[str, ...]
    mounts: tuple[str, ...]
    kernel: tuple[str, ...]

    @classmethod
    def now(cls) -> Machine:
        """Look. Other labs may come and go meanwhile: they live in namespaces, and are not seen here."""
        cache = Cache(default_root())
        programs = cache.obtain([DockerPrograms(cache.root)], report=Plain())[0].files
        settings = {**os.environ, **launch.settings(programs)}
        rules = run([str(programs / "bin/iptables-save")], timeout=10, env=settings).stdout
        rules += run([str(programs / "bin/ip6tables-save")], timeout=10, env=settings).stdout
        with IPRoute() as link:
            links = tuple(sorted(item.get_attr("IFLA_IFNAME") for item in link.get_links()))
            addresses = tuple(sorted(str(item.get_attr("IFA_ADDRESS")) for item in link.get_addr()))
        return cls(
            forwarding=Path("/proc/sys/net/ipv4/ip_forward").read_text()
            + Path("/proc/sys/net/ipv4/conf/all/forwarding").read_text(),
            rules="\n".join(line for line in rules.splitlines() if not line.startswith("#")),
            legacy=tuple(
                file.read_text() for file in Path("/proc/net").glob("ip*_tables_names") if file.exists()
            ),
            links=links,
            addresses=addresses,
            mounts=tuple(Path("/proc/self/mountinfo").read_text().splitlines()),
            kernel=tuple(Path(name).read_text() for name in launch.KERNEL if Path(name).exists()),
        )


def processes_of(place: Place) -> list[int]:
    """The processes that carry the engine's mark."""
    mark = f"{launch.MARK}={place.name}-".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_nothing_of_the_machine_is_changed(place: Place) -> None:
    before = Machine.now()
    engine = private.up(Plain(), place=place)
    image = probe.image(engine, report=Plain())
    publish = ("--publish", "127.0.0.1::80")
    engine.run("run", "--detach", "--name", "one", *NODE, *publish, image, "busybox", "sleep", "600")
    assert processes_of(place)
    assert "docker0" in run(engine.network_argv(["ip", "link"]), timeout=10).stdout, "nothing to compare with"
    assert Machine.now() == before
    assert private.down(place=place)
    assert Machine.now() == before
    assert not processes_of(place)
    assert not place._cgroups()
    assert not place.folder.exists()
    assert not private.down(place=place)


def test_what_a_node_set_for_the_whole_machine_is_set_back(engine: Engine, place: Place) -> None:
    setting = Path("/proc/sys/kernel/keys/root_maxkeys")
    before = setting.read_text()
    image = probe.image(engine, report=Plain())
    raised = f"echo {int(before) + 1} > {setting}"
    engine.run("run", "--rm", *NODE, image, "busybox", "sh", "-c", raised)
    assert setting.read_text() != before, "containers cannot do that: this proves nothing"
    private.down(place=place)
    assert setting.read_text() == before


def test_a_node_of_a_cluster_starts_in_it(engine: Engine) -> None:
    image = probe.image(engine, report=Plain())
    engine.run("run", "--detach", "--name", "node", *NODE, image, "busybox", "sleep", "600")
    # Its own view of the cgroups begins where it is.
    assert "docker" not in engine.run("exec", "node", "busybox", "cat", "/proc/self/cgroup").stdout
    engine.run("exec", "node", "busybox", "sh", "-c", "busybox mkdir /t && busybox mount -t tmpfs tmpfs /t")
    assert (engine.proc / str(engine.process("node")) / "cmdline").read_bytes() == b"busybox\0sleep\x00600\0"
    engine.run("rm", "--force", "node")


def test_its_containers_are_reached_from_here(engine: Engine) -> None:
    image = probe.image(engine, report=Plain())
    engine.run("run", "--detach", "--name", "server", image, "busybox", "httpd", "-f", "-p", "80")
    form = "--format={{.NetworkSettings.Networks.bridge.IPAddress}}"
    address = engine.run("inspect", form, "server").stdout.strip()

    def answer() -> bytes:
        try:
            with engine.connect(address, 80, timeout=5) as connection:
                connection.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
                return connection.recv(12)
        except ConnectionRefusedError:
            return b""

    assert wait_for(answer, until=bool, timeout=10) == b"HTTP/1.1 404"
    # This thread is where it was.
    with pytest.raises(OSError), socket.socket() as here:  # noqa: PT011 - no route, or refused: this machine's business
        here.bind((address, 0))
    engine.run("rm", "--force", "server")


def test_up_again_is_the_same_one(engine: Engine, place: Place) -> None:
    assert private.up(Plain(), place=place) == engine


def test_kill_9_leaves_its_data_alone_and_the_next_one_starts_clean(engine: Engine, place: Place) -> None:
    image = probe.image(engine, report=Plain())
    engine.run("network", "create", "left")
    notes = place.data / "notes"
    notes.mkdir()
    runs = ("--detach", "--restart=always", f"--volume={notes}:/notes", *NODE, image)
    # As a node's kubelet does: cgroups of its own below its container's.
    nested = (
        "for top in /sys/fs/cgroup /sys/fs/cgroup/*; do busybox mkdir -p $top/pods/one 2> /dev/null; done"
    )
    says = f"{nested}; echo started >> /notes/starts; exec busybox sleep 600"
    engine.run("run", *runs, "busybox", "sh", "-c", says)
    wait_for((notes / "starts").exists, until=bool, timeout=10)
    before = processes_of(place)
    note = place.running()
    assert note is not None
    assert len(before) > 2
    os.kill(int(note.init.partition(":")[0]), signal.SIGKILL)
    wait_for(lambda: processes_of(place), until=lambda left: not left, timeout=10)
    assert private.running(place) is None
    assert place.socket.exists(), "nothing was left to be cleaned: this proves nothing"
    assert any(folder.parts[-2:] == ("pods", "one") for folder in place._cgroups())
    again = private.up(Plain(), place=place)
    assert again.run("ps", "--all", "--quiet").stdout == ""
    assert (notes / "starts").read_text() == "started\n", "the next engine started what the last one had left"
    assert "left" not in again.run("network", "ls").stdout
    assert again.run_status("image", "inspect", image).succeeded, "its images were to stay"


def test_one_that_does_not_answer_is_ended_and_started_anew(engine: Engine, place: Place) -> None:
    note = place.running()
    assert note is not None
    dockerd = next(pid for pid in processes_of(place) if Path(f"/proc/{pid}/comm").read_text() == "dockerd\n")
    place.socket.rename(place.socket.with_suffix(".away"))
    again = private.up(Plain(), place=place)
    assert not Path(f"/proc/{dockerd}").exists()
    assert place.running() != note
    assert again.run("ps").succeeded
    del engine


def test_no_process_is_left_to_its_init(engine: Engine, place: Place) -> None:
    image = probe.image(engine, report=Plain())
    for _ in range(3):
        engine.run("run", "--rm", image, "busybox", "true")
    note = place.running()
    assert note is not None
    children = Path(f"/proc/{note.init.partition(':')[0]}/task/{note.init.partition(':')[0]}/children")

    def zombies() -> list[str]:
        return [
            pid
            for pid in children.read_text().split()
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        ]

    wait_for(zombies, until=lambda found: not found, timeout=5)


def test_a_harness_that_dies_before_it_says_go_leaves_nothing(place: Place) -> None:
    """The first process waits for a line; the end of whoever would write it is the end of it."""
    private.down(place=place)
    place.prepare()
    cache = Cache(default_root())
    programs = cache.files(DockerPrograms(cache.root))
    waiting, _ = launch.boot(place, programs)
    assert processes_of(place)
    waiting.close()
    wait_for(lambda: processes_of(place), until=lambda left: not left, timeout=10)
    place.clean()
    assert not (places.RUN / place.name).exists()
