"""How an etcd member of the incident's cluster is started: mutual TLS for clients and for peers."""

from __future__ import annotations

from dataclasses import dataclass

CLIENT_PORT, PEER_PORT = 2379, 2380
#: Where a member's own files are.
CERTIFICATES, DATA = "/etc/etcd/pki", "/var/lib/etcd"
#: Milliseconds. All members share a machine with two cores, so an election is over sooner than etcd's default for
#: networks between data centres, and heartbeats are still frequent enough not to lose the leader under load.
HEARTBEAT, ELECTION = 50, 500
#: What etcdctl is asked for the health of all members. A member that turns a client away lets it wait for the seconds
#: that it gives it to answer.
HEALTH_QUESTION = ("endpoint", "health", "--command-timeout=2s")


@dataclass(frozen=True)
class Member:
    """One member of the cluster."""

    name: str
    address: str

    @property
    def client_url(self) -> str:
        """Where clients reach it."""
        return f"https://{self.address}:{CLIENT_PORT}"

    @property
    def peer_url(self) -> str:
        """Where the other members reach it."""
        return f"https://{self.address}:{PEER_PORT}"

    def argv(self, cluster: tuple[Member, ...]) -> list[str]:
        """The argument list that starts it as a member of a new `cluster`. Client certificates are required."""
        options = {
            "name": self.name,
            "data-dir": DATA,
            "listen-client-urls": self.client_url,
            "advertise-client-urls": self.client_url,
            "listen-peer-urls": self.peer_url,
            "initial-advertise-peer-urls": self.peer_url,
            "initial-cluster": ",".join(f"{member.name}={member.peer_url}" for member in cluster),
            "initial-cluster-state": "new",
            "client-cert-auth": "true",
            "trusted-ca-file": f"{CERTIFICATES}/ca.crt",
            "cert-file": f"{CERTIFICATES}/server.crt",
            "key-file": f"{CERTIFICATES}/server.key",
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": f"{CERTIFICATES}/ca.crt",
            "peer-cert-file": f"{CERTIFICATES}/peer.crt",
            "peer-key-file": f"{CERTIFICATES}/peer.key",
            "heartbeat-interval": str(HEARTBEAT),
            "election-timeout": str(ELECTION),
        }
        return ["etcd", *(f"--{name}={value}" for name, value in options.items())]


def endpoints(cluster: tuple[Member, ...]) -> str:
    """The client URLs of all members, as ETCD_ENDPOINTS and calicoctl.cfg have them."""
    return ",".join(member.client_url for member in cluster)
