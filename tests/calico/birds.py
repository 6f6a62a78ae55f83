"""Real BIRDs in network namespaces of their own, for the tests that must not believe a recording.

Every namespace is named birdtest-<our pid>-..., so that two runs do not meet and only our own are removed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab import command

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

#: What Calico's own template says of every peer (bird.cfg.template, v3.23.2), but for the route filters.
TEMPLATE = """
  debug {{ states }};
  description "Connection to BGP peer";
  local as {local_as};
  multihop;
  gateway recursive;
  import all;
  export where source = RTS_STATIC;
  add paths on;
  graceful restart;
  connect delay time 2;
  connect retry time 5;
  error wait time 5,30;
"""


@dataclass(frozen=True)
class Peer:
    """One `protocol bgp` of a configuration; `name` is Calico's Mesh_... when left empty."""

    address: str
    passive: bool = False
    as_number: int = 64512
    name: str = ""
    extra: str = ""

    def text(self, *, source: str) -> str:
        """The protocol in BIRD's language."""
        name = self.name or f"Mesh_{self.address.replace('.', '_')}"
        passive = "passive on;" if self.passive else ""
        return (
            f"protocol bgp {name} from bgp_template {{ neighbor {self.address} as {self.as_number}; "
            f"source address {source}; {passive} {self.extra} }}\n"
        )


@dataclass
class Bird:
    """One BIRD on one namespace: its files are in `folder`, its log is written by runit's svlogd as Calico's is."""

    namespace: str
    address: str
    folder: Path
    programs: Path
    local_as: int = 64512
    process: subprocess.Popen[bytes] | None = None
    logger: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        return self.folder / "bird.ctl"

    @property
    def log(self) -> Path:
        return self.folder / "log" / "current"

    def configure(
        self,
        peers: Sequence[Peer],
        *,
        routes: Sequence[str] = (),
        more_routes: Sequence[str] = (),
        head: str = "",
    ) -> None:
        """Write its configuration; BIRD reads it when it starts or is told to.

        Args:
            peers: its BGP protocols.
            routes: prefixes of pods that it has itself.
            more_routes: routes in BIRD's own words.
            head: what stands before all else.
        """
        static = "".join(
            f"  route {route};\n" for route in (*(f"{it} blackhole" for it in routes), *more_routes)
        )
        self.folder.joinpath("bird.cfg").write_text(
            f"{head}\nrouter id {self.address};\n"
            "protocol device { debug { states }; scan time 2; }\n"
            'protocol direct { debug { states }; interface "*"; }\n'
            f"protocol static {{\n{static}}}\n"
            f"template bgp bgp_template {{{TEMPLATE.format(local_as=self.local_as)}}}\n"
            + "".join(peer.text(source=self.address) for peer in peers)
        )

    def start(self, *, environment: dict[str, str] | None = None, graceful: bool = True) -> None:
        """Start it as Calico's run script does: -R -d, its output into svlogd -ttt."""
        self.log.parent.mkdir(exist_ok=True)
        if self.logger is None:
            reader, self._writer = os.pipe()
            self.logger = subprocess.Popen(
                [str(self.programs / "usr/bin/svlogd"), "-ttt", str(self.log.parent)],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            os.close(reader)
        argv = ["ip", "netns", "exec", self.namespace, str(self.programs / "usr/sbin/bird")]
        argv += [*(["-R"] if graceful else []), "-s", str(self.socket), "-d"]
        argv += ["-c", str(self.folder / "bird.cfg")]
        self.process = subprocess.Popen(
            argv,
            stdout=self._writer,
            stderr=self._writer,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: `ip netns exec` becomes the program it runs, so the pid is BIRD's own."""
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait for its end; its log stays open for the next start."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(timeout=10)
            self.process = None

    def close(self) -> None:
        """End it and its logger."""
        self.end()
        if self.logger is not None:
            os.close(self._writer)
            self.logger.wait(timeout=10)
            self.logger = None


@dataclass
class Birds:
    """`count` machines on one switch, 192.168.21.11 onwards, each with a BIRD that is not started yet."""

    folder: Path
    programs: Path
    count: int = 3
    tag: str = field(default_factory=lambda: f"birdtest-{os.getpid()}")
    nodes: list[Bird] = field(default_factory=list)

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _build(self) -> None:
        switch = f"{self.tag}-switch"
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "br0", "type", "bridge")
        _ip("-n", switch, "address", "add", "192.168.21.1/24", "dev", "br0")
        # The incident's address: with nobody listening there, whoever dials it is refused.
        _ip("-n", switch, "address", "add", "172.18.0.1/32", "dev", "lo")
        _ip("-n", switch, "link", "set", "lo", "up")
        _ip("-n", switch, "link", "set", "br0", "up")
        for index in range(self.count):
            namespace, address = f"{self.tag}-{index + 1}", f"192.168.21.{11 + index}"
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
            peer = ("peer", "name", "eth0", "netns", namespace)
            _ip("-n", switch, "link", "add", f"v{index}", "type", "veth", *peer)
            _ip("-n", switch, "link", "set", f"v{index}", "master", "br0", "up")
            _ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", namespace, "link", "set", "eth0", "up")
            _ip("-n", namespace, "route", "add", "default", "via", "192.168.21.1")
            folder = self.folder / f"node{index + 1:02d}"
            folder.mkdir(parents=True)
            self.nodes.append(Bird(namespace, address, folder, self.programs))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.close()
        for index in range(self.count):
            command.run_status(["ip", "netns", "del", f"{self.tag}-{index + 1}"], timeout=10)
        command.run_status(["ip", "netns", "del", f"{self.tag}-switch"], timeout=10)

    def mesh(self) -> None:
        """Give every node Calico's one-directional mesh: the greater address, as a string, dials."""
        for node in self.nodes:
            others = [other for other in self.nodes if other is not node]
            node.configure(
                [Peer(other.address, passive=other.address > node.address) for other in others],
                routes=[f"10.244.{node.address.rsplit('.', 1)[1]}.0/26"],
            )
            node.start()


def _ip(*arguments: str) -> None:
    command.run(["ip", *arguments], timeout=10)


def debian_programs(folder: Path) -> Path:
    """A folder with BIRD and runit as Debian ships them, unpacked and not installed.

    $BIRDTEST_PROGRAMS names one that is there already; otherwise apt fetches the packages.
    """
    given = os.environ.get("BIRDTEST_PROGRAMS")
    if given:
        return Path(given)
    if shutil.which("apt-get") is None:
        message = (
            "these tests need Debian's apt-get, or BIRDTEST_PROGRAMS with usr/sbin/bird and usr/bin/svlogd"
        )
        raise RuntimeError(message)
    # Unsandboxed: apt's own user may not write into the test's folder.
    command.run(
        ["apt-get", "-o", "APT::Sandbox::User=root", "download", "bird", "runit"], timeout=120, cwd=folder
    )
    for package in folder.glob("*.deb"):
        command.run(["dpkg", "-x", str(package), str(folder)], timeout=30)
    return folder
