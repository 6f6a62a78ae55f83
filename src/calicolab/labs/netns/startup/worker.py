"""One machine on which `calico-node -startup` runs again and again, each time on another layout."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab import command
from calicolab.calico import bird_paths, configuration
from calicolab.calico.autodetection import startup_log
from calicolab.errors import UsageError
from calicolab.etcd import member as etcd_member
from calicolab.etcd.gateway import Credentials, Gateway
from calicolab.etcd.member import Member
from calicolab.labs.netns.container import Container, Image
from calicolab.labs.netns.etcd import EtcdCluster
from calicolab.labs.netns.startup import api_server
from calicolab.labs.netns.startup.api_server import ApiServer
from calicolab.labs.netns.startup.links import Links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.artifacts import LabFiles
    from calicolab.calico.autodetection import Decision, Settings, Stored
    from calicolab.calico.autodetection.case import Case
    from calicolab.etcd.authority import Authority
    from calicolab.labs.netns.machine import Machine

ADDRESS = "127.0.0.1"
#: Seconds for one start. It retries nothing.
START_TIMEOUT = 60.0
#: Where libcalico-go keeps Nodes in etcd, and what calico-node makes for each node beside.
NODES = "/calico/resources/v3/projectcalico.org/nodes/"
FELIX_OF_NODES = "/calico/resources/v3/projectcalico.org/felixconfigurations/node."
#: What calico-node shares with its machine.
_SHARED = ("/run/calico", "/var/lib/calico", configuration.SECRETS)


class Worker:
    """A machine with an etcd of one member and calico-node's container, in which nothing runs by itself.

    `answer` is for one thread at a time.
    """

    def __init__(
        self,
        machine: Machine,
        files: LabFiles,
        *,
        authority: Authority,
        parking: int,
        kubernetes: Path | None = None,
    ) -> None:
        self._machine = machine
        self._files = files
        self._authority = authority
        self._parking = parking
        self._kubernetes = kubernetes
        self._api: ApiServer | None = None
        self._cases = 0
        self._open = ExitStack()

    def start(self) -> None:
        """Start its etcd, and open what `answer` works with.

        Raises:
            LabError: a part did not start.
        """
        machine, files = self._machine, self._files
        self._write_certificates()
        member = Member(name="etcd", address=ADDRESS)
        with Links(machine.init.network, parking=self._parking) as links:
            links.loopback_up()
        # What is stored outlives nothing: it need not be on the disk before it is answered.
        argv = (*member.argv((member,)), "--unsafe-no-fsync")
        image = Image(layers=(files.machine, files.debian), shared=("/etc/etcd", etcd_member.DATA))
        etcd = EtcdCluster([Container(machine=machine, name="etcd", image=image, argv=argv)], [member])
        etcd.start()
        if self._kubernetes is not None:
            api = ApiServer(machine, files, programs=self._kubernetes, authority=self._authority)
            api.start()
            self._api = api
        shared = _SHARED if self._api is None else (*_SHARED, api_server.SECRETS)
        self._container = Container(
            machine=machine,
            name="calico-node",
            image=Image(layers=(files.container, files.debian), shared=shared),
            argv=("sleep", "infinity"),
            environment={
                **configuration.container_environment(
                    configuration.Datastore(etcd.endpoints), node=machine.name
                ),
                "CALICO_DISABLE_FILE_LOGGING": "true",
            },
        )
        self._container.start()

    def open(self) -> None:
        """Open its connections; to be called by the thread that asks for answers."""
        root, network = Path(self._machine.init.root), self._machine.init.network
        files = (configuration.CA_FILE, configuration.CERTIFICATE_FILE, configuration.KEY_FILE)
        credentials = Credentials(*(bird_paths.inside(root, file) for file in files))
        self._links = self._open.enter_context(Links(network, parking=self._parking))
        self._etcd = self._open.enter_context(
            Gateway(ADDRESS, etcd_member.CLIENT_PORT, namespace=network, credentials=credentials)
        )

    def close(self) -> None:
        """Close its connections; the processes end with the rig."""
        if self._api is not None:
            self._api.close()
        self._open.close()

    def answer(self, case: Case) -> Decision:
        """What the real program does in this case. The node has a name that none had before.

        Raises:
            UsageError: the case cannot be built here.
            LabError: the machine broke.
        """
        asks_kubernetes = case.settings.kubernetes or case.settings.kubernetes_internal_ip is not None
        if asks_kubernetes and self._api is None:
            raise UsageError(
                "the real program has no Kubernetes to ask here: leave out kubernetes and kubernetes_internal_ip"
            )
        self._cases += 1
        node = f"node-{self._cases}-under-test"
        self._links.clear()
        self._links.build(case.layout)
        self._store(node, case.stored)
        environment = dict(_environment(node, case.settings))
        if self._api is not None and asks_kubernetes:
            self._api.put_node(node, internal_ip=case.settings.kubernetes_internal_ip)
            environment |= api_server.ENVIRONMENT
        started = command.run_status(
            self._container.inside(["calico-node", "-startup"], environment=environment),
            timeout=START_TIMEOUT,
        )
        if self._api is not None and asks_kubernetes:
            self._api.delete_node(node)
        return startup_log.read(
            started.stdout + started.stderr,
            exit_code=started.returncode,
            before=case.stored.address or "",
            after=self._stored_address(node),
        )

    def _store(self, node: str, stored: Stored) -> None:
        self._etcd.delete_prefix(NODES)
        self._etcd.delete_prefix(FELIX_OF_NODES)
        nodes = {name: _resource(name, _spec(address)) for name, address in stored.others.items()}
        if stored.address or stored.exists or stored.interfaces:
            spec = _spec(stored.address or "")
            if stored.interfaces:
                spec["interfaces"] = [
                    {"name": one.name, **({"addresses": list(one.addresses)} if one.addresses else {})}
                    for one in stored.interfaces
                ]
            nodes[node] = _resource(node, spec)
        if nodes:
            self._etcd.put({f"{NODES}{name}": json.dumps(resource) for name, resource in nodes.items()})

    def _stored_address(self, node: str) -> str:
        found = self._etcd.get(f"{NODES}{node}")
        address: str = (json.loads(found)["spec"].get("bgp") or {}).get("ipv4Address", "") if found else ""
        return address

    def _write_certificates(self) -> None:
        client = self._authority.issue("calico", common_name="calico")
        member = self._authority.issue(ADDRESS, common_name=self._machine.name)
        folder = etcd_member.CERTIFICATES
        for path, content, mode in (
            (configuration.CA_FILE, self._authority.certificate, 0o644),
            (configuration.CERTIFICATE_FILE, client.certificate, 0o644),
            (configuration.KEY_FILE, client.key, 0o600),
            (f"{folder}/ca.crt", self._authority.certificate, 0o644),
            *((f"{folder}/{purpose}.crt", member.certificate, 0o644) for purpose in ("server", "peer")),
            *((f"{folder}/{purpose}.key", member.key, 0o600) for purpose in ("server", "peer")),
            (f"{etcd_member.DATA}/.keep", b"", 0o644),
        ):
            self._machine.write(path, content, mode=mode)


def _environment(node: str, settings: Settings) -> Mapping[str, str]:
    """Settings that are not set are empty: calico-node does not tell the two apart (os.Getenv)."""
    return {
        "NODENAME": node,
        "IP": settings.ip or "",
        "IP_AUTODETECTION_METHOD": settings.method or "",
        "CALICO_NETWORKING_BACKEND": settings.backend,
        "DISABLE_NODE_IP_CHECK": "" if settings.node_ip_check else "true",
    }


def _spec(address: str) -> dict[str, Any]:
    return {"bgp": {"ipv4Address": address}} if address else {}


def _resource(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {
        "name": name,
        "uid": _UID,
        "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {"kind": "Node", "apiVersion": "projectcalico.org/v3", "metadata": metadata, "spec": spec}


#: Any will do: the resource lives for one start.
_UID = "5f0c2f9e-8a0e-4c1f-9d0a-6f2b7a3c1d10"
