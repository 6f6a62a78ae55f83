"""A kube-apiserver on the machine that is asked: calico-node reads the Kubernetes Node's InternalIP there.

It is the real program with the machine's etcd behind it; no kubelet and no controller runs.
"""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab.calico import bird_paths, configuration
from calicolab.errors import LabError
from calicolab.host.network_namespace import entered
from calicolab.labs.netns.container import Container, Image
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from calicolab.artifacts import LabFiles
    from calicolab.etcd.authority import Authority
    from calicolab.labs.netns.machine import Machine

ADDRESS, PORT = "127.0.0.1", 6443
#: Seconds for it to answer; on a busy machine it takes a while.
READY_TIMEOUT, ANSWER_TIMEOUT = 180.0, 30.0
#: Where a pod finds its service account (Kubernetes' client-go, rest.InClusterConfig).
SECRETS = "/run/secrets"
ACCOUNT = f"{SECRETS}/kubernetes.io/serviceaccount"
_FOLDER = "/etc/kubernetes"
_TOKEN = "calico-node-of-one-start"  # noqa: S105 - of a server that nobody else reaches
#: Calico's own settings by which client-go finds the API (the kubelet sets them).
ENVIRONMENT = {"KUBERNETES_SERVICE_HOST": ADDRESS, "KUBERNETES_SERVICE_PORT": str(PORT)}


class ApiServer:
    """The API server of one machine; `programs` is the folder that holds the program. For one thread at a time."""

    def __init__(self, machine: Machine, files: LabFiles, *, programs: Path, authority: Authority) -> None:
        self._machine = machine
        self._write(authority)
        self._container = Container(
            machine=machine,
            name="kube-apiserver",
            image=Image(
                layers=(programs, files.machine, files.debian), shared=(_FOLDER, configuration.SECRETS)
            ),
            argv=("/kube-apiserver", *_options()),
        )
        self._connection: http.client.HTTPSConnection | None = None

    def start(self) -> None:
        """Start it, and wait until it serves.

        Raises:
            LabError: it does not.
        """
        self._container.start()
        try:
            wait_for(self._ready, until=bool, timeout=READY_TIMEOUT)
        except WaitTimeout as error:
            raise LabError(
                f"kube-apiserver does not serve: {error}; {self._container.last_words()}"
            ) from error
        finally:
            self.close()  # whoever asks next may be another thread

    def close(self) -> None:
        """Close the connection to it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def put_node(self, name: str, *, internal_ip: str | None) -> None:
        """Have a Kubernetes Node of this name, whose kubelet has noted this address.

        Raises:
            LabError: the API refuses it.
        """
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        self._ask("POST", "/api/v1/nodes", node)
        addresses = [{"type": "Hostname", "address": name}]
        if internal_ip is not None:
            addresses.insert(0, {"type": "InternalIP", "address": internal_ip})
        self._ask("PUT", f"/api/v1/nodes/{name}/status", {**node, "status": {"addresses": addresses}})

    def delete_node(self, name: str) -> None:
        """Delete it again."""
        self._ask("DELETE", f"/api/v1/nodes/{name}", None)

    def _ready(self) -> bool:
        try:
            self._ask("GET", "/readyz", None)
        except LabError:
            return False
        return True

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        try:
            connection = self._connection or self._connect()
            headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            with closing(connection.getresponse()) as response:
                said = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LabError(f"kube-apiserver did not answer {method} {path}: {error}") from error
        if response.status >= http.client.BAD_REQUEST:
            raise LabError(f"kube-apiserver answered {method} {path} with {response.status}: {said[:500]}")

    def _connect(self) -> http.client.HTTPSConnection:
        root = Path(self._machine.init.root)
        context = ssl.create_default_context(cafile=str(bird_paths.inside(root, configuration.CA_FILE)))
        connection = http.client.HTTPSConnection(ADDRESS, PORT, timeout=ANSWER_TIMEOUT, context=context)
        with entered(self._machine.init.network):
            connection.connect()
        self._connection = connection
        return connection

    def _write(self, authority: Authority) -> None:
        server = authority.issue(ADDRESS, common_name="kube-apiserver")
        for path, content in (
            (f"{_FOLDER}/server.crt", server.certificate),
            (f"{_FOLDER}/server.key", server.key),
            (f"{_FOLDER}/tokens.csv", f"{_TOKEN},calico-node,1,system:masters\n".encode()),
            (f"{ACCOUNT}/token", _TOKEN.encode()),
            (f"{ACCOUNT}/ca.crt", authority.certificate),
        ):
            self._machine.write(path, content, mode=0o600)


def _options() -> list[str]:
    options = {
        "etcd-servers": f"https://{ADDRESS}:2379",
        "etcd-cafile": configuration.CA_FILE,
        "etcd-certfile": configuration.CERTIFICATE_FILE,
        "etcd-keyfile": configuration.KEY_FILE,
        "bind-address": ADDRESS,
        "secure-port": str(PORT),
        # It is told to nobody: nothing asks for the service `kubernetes` here.
        "advertise-address": "192.0.2.1",
        "endpoint-reconciler-type": "none",
        "service-cluster-ip-range": "198.51.100.0/24",
        "tls-cert-file": f"{_FOLDER}/server.crt",
        "tls-private-key-file": f"{_FOLDER}/server.key",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": f"{_FOLDER}/server.crt",
        "service-account-signing-key-file": f"{_FOLDER}/server.key",
        "token-auth-file": f"{_FOLDER}/tokens.csv",
        "authorization-mode": "RBAC",
        "anonymous-auth": "false",
    }
    return [f"--{name}={value}" for name, value in options.items()]
