"""The lab's etcd: three members over mutual TLS, each in a container on its machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico import configuration
from calicolab.errors import LabError
from calicolab.etcd import member as etcd_member
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.command import CommandResult
    from calicolab.etcd.member import Member
    from calicolab.labs.netns.container import Container

#: Seconds for three members to find each other and elect a leader.
HEALTHY_TIMEOUT = 30.0
#: How /proc/net/tcp writes the state of a listening socket (proc(5), include/net/tcp_states.h).
_LISTEN = "0A"


class EtcdCluster:
    """The members and their containers, in the same order."""

    def __init__(self, containers: Sequence[Container], members: Sequence[Member]) -> None:
        self.containers = tuple(containers)
        self.members = tuple(members)

    @property
    def endpoints(self) -> str:
        """The client URLs of all members, joined by commas."""
        return etcd_member.endpoints(self.members)

    def start(self) -> None:
        """Start all members and wait until every one of them serves.

        Raises:
            LabError: they do not.
        """
        booting = [(container, container.booting()) for container in self.containers]
        for container, boot in booting:
            container.init = boot.init()
        try:
            # etcdctl lets a member that is not there yet have all its time; a member listens once it can serve.
            wait_for(self._listening, until=bool, timeout=HEALTHY_TIMEOUT)
            wait_for(self.health, until=lambda health: health.succeeded, timeout=HEALTHY_TIMEOUT)
        except WaitTimeout as error:
            said = "\n".join(container.last_words() for container in self.containers)
            raise LabError(f"etcd does not serve: {error}\n{said}") from error

    def _listening(self) -> bool:
        """Whether every member has opened its port for clients. No process is started."""
        wanted = f":{etcd_member.CLIENT_PORT:04X}"
        tables = [Path(f"/proc/{container.running.pid}/net/tcp").read_text() for container in self.containers]
        return all(
            any(
                fields[1].endswith(wanted) and fields[3] == _LISTEN
                for fields in map(str.split, table.splitlines()[1:])
            )
            for table in tables
        )

    def health(self, *, with_certificate: bool = True) -> CommandResult:
        """What `etcdctl endpoint health` says of every member; it succeeds when all are healthy.

        Args:
            with_certificate: whether it shows Calico's own client certificate, or none.
        """
        return self.etcdctl(etcd_member.HEALTH_QUESTION, with_certificate=with_certificate)

    def etcdctl(self, argv: Sequence[str], *, with_certificate: bool = True) -> CommandResult:
        """How etcdctl ended with these arguments, beside those that say where etcd is and who asks."""
        certificate = [f"--cert={configuration.CERTIFICATE_FILE}", f"--key={configuration.KEY_FILE}"]
        mine = certificate if with_certificate else []
        where = [f"--endpoints={self.endpoints}", f"--cacert={configuration.CA_FILE}", *mine]
        return self.containers[0].machine.run_status(["etcdctl", *where, *argv], timeout=10)
