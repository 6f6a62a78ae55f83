"""The lab's etcd: three members over mutual TLS, each in a container on the cluster's network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from calicolab.errors import LabError
from calicolab.etcd import member as etcd_member
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.command import CommandResult
    from calicolab.engine import Engine
    from calicolab.etcd.authority import Authority
    from calicolab.etcd.member import Member

#: Seconds for three members to find each other and elect a leader.
HEALTHY_TIMEOUT = 60.0
CLIENT = "client"


class EtcdContainers:
    """The members and their containers, in the same order."""

    def __init__(self, engine: Engine, *, cluster: str, addresses: Sequence[str]) -> None:
        self._engine = engine
        self.members = tuple(
            etcd_member.Member(name=f"etcd{number}", address=address)
            for number, address in enumerate(addresses, start=1)
        )
        self.containers = tuple(f"{cluster}-{member.name}" for member in self.members)

    @property
    def endpoints(self) -> str:
        """The client URLs of all members, joined by commas."""
        return etcd_member.endpoints(self.members)

    def start(
        self, *, image: str, network: str, labels: Mapping[str, str], certificates: Path, authority: Authority
    ) -> None:
        """Start all members, without waiting for them. `certificates` is a folder of the lab's own."""
        for member in self.members:
            write_certificates(certificates / member.name, member, authority)

        def run(pair: tuple[Member, str]) -> None:
            member, container = pair
            program, *options = member.argv(self.members)
            self._engine.run(
                *("run", "--detach", "--name", container, "--hostname", container),
                *(word for name, value in labels.items() for word in ("--label", f"{name}={value}")),
                *("--network", network, "--ip", member.address),
                *("--volume", f"{certificates / member.name}:{etcd_member.CERTIFICATES}:ro"),
                # A lab ends with its containers, and so may its data: memory is the quicker disk.
                *("--tmpfs", etcd_member.DATA, "--entrypoint", program, image, *options),
                timeout=60,
            )

        with ThreadPoolExecutor() as pool:
            list(pool.map(run, zip(self.members, self.containers, strict=True)))

    def wait_until_healthy(self) -> None:
        """Wait until every member serves.

        Raises:
            LabError: they do not.
        """
        try:
            wait_for(
                self.health, until=lambda health: health.succeeded, timeout=HEALTHY_TIMEOUT, interval=0.2
            )
        except WaitTimeout as error:
            said = "\n".join(self.logs(container) for container in self.containers)
            raise LabError(f"etcd does not serve: {error}\n{said}") from error

    def health(self, *, with_certificate: bool = True) -> CommandResult:
        """What `etcdctl endpoint health` says of every member; it succeeds when all are healthy.

        Args:
            with_certificate: whether it shows Calico's own client certificate, or none.
        """
        return self.etcdctl(etcd_member.HEALTH_QUESTION, with_certificate=with_certificate)

    def etcdctl(self, argv: Sequence[str], *, with_certificate: bool = True) -> CommandResult:
        """How etcdctl ended with these arguments, beside those that say where etcd is and who asks."""
        folder = etcd_member.CERTIFICATES
        mine = [f"--cert={folder}/{CLIENT}.crt", f"--key={folder}/{CLIENT}.key"] if with_certificate else []
        where = [f"--endpoints={self.endpoints}", f"--cacert={folder}/ca.crt", *mine]
        return self._engine.run_status("exec", self.containers[0], "etcdctl", *where, *argv, timeout=20)

    @property
    def by_member(self) -> dict[str, str]:
        """Each member's container, by the member's name."""
        return {
            member.name: container for member, container in zip(self.members, self.containers, strict=True)
        }

    def logs(self, container: str, *, lines: int = 20) -> str:
        """The end of what a member has said, also of one that has ended."""
        said = self._engine.run_status("logs", "--tail", str(lines), container, timeout=20)
        return f"{container}: {said.stdout}{said.stderr}"


def write_certificates(folder: Path, member: Member, authority: Authority) -> None:
    """A member's own certificates, and a client's for etcdctl beside it."""
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(authority.certificate)
    for purpose in ("server", "peer", CLIENT):
        identities = () if purpose == CLIENT else (member.address,)
        issued = authority.issue(*(identities or ("calico",)), common_name=f"{member.name} {purpose}")
        (folder / f"{purpose}.crt").write_bytes(issued.certificate)
        key = folder / f"{purpose}.key"
        key.touch(mode=0o600)
        key.write_bytes(issued.key)
