"""Test pods that Kubernetes makes: the objects to apply, and a pod that is worked with over the API server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab.connectivity import pod_program
from calicolab.connectivity.pods import ALL_TRAFFIC, answers, questions
from calicolab.errors import LabError
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calicolab.connectivity.pods import Pod, Reach, Traffic
    from calicolab.kubernetes.cluster import Cluster
    from calicolab.kubernetes.facts import PodFact

FOLDER = "/usr/local/lib/calicolab"
PROGRAM = f"{FOLDER}/pod_program.py"
CONFIG_MAP = "program"
#: Seconds for kubelet, runtime and CNI plugin to start the pods.
START_TIMEOUT = 90.0


@dataclass
class ClusterPod:
    """A pod of a cluster, asked over its API server."""

    name: str
    node: str
    address: str
    namespace: str
    cluster: Cluster

    def reach(
        self, targets: Sequence[Pod], *, traffic: Sequence[Traffic] = ALL_TRAFFIC, timeout: float = 2.0
    ) -> tuple[Reach, ...]:
        """Ask every target's server, once for each kind of traffic and all at the same time.

        Raises:
            LabError: the program could not be run in the pod.
        """
        asked = questions(targets, traffic=traffic, timeout=timeout)
        # All at once: the slowest is its own time-out, and the rest is for starting Python on a busy machine.
        done = self.cluster.execute(
            self.name,
            ["python3", PROGRAM, "ask"],
            namespace=self.namespace,
            stdin=json.dumps(asked),
            timeout=timeout + 30,
        )
        if not done.succeeded:
            raise LabError(f"pod {self.name} could not ask: {done}")
        return answers(self.name, json.loads(done.stdout))

    def run_python(self, source: str, *arguments: str, timeout: float) -> str:
        """Run a program in Python in the pod and return what it printed; it must end with 0.

        Raises:
            LabError: it ended otherwise, or not in time.
        """
        argv = ["python3", "-", *arguments]
        done = self.cluster.execute(self.name, argv, namespace=self.namespace, stdin=source, timeout=timeout)
        if not done.succeeded:
            raise LabError(f"pod {self.name} could not run its program: {done}")
        return done.stdout


def namespace(name: str, *, labels: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """A namespace with the program that its pods run."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels or {})}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG_MAP, "namespace": name},
            "data": {Path(PROGRAM).name: Path(pod_program.__file__).read_text(encoding="utf-8")},
        },
    ]


def pod(
    name: str, *, namespace: str, node: str, image: str, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A pod that serves, on this node whatever the scheduler would say: on the control plane as well."""
    server = {
        "name": "server",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", PROGRAM, "serve", name],
        "volumeMounts": [{"name": CONFIG_MAP, "mountPath": FOLDER, "readOnly": True}],
        # The kubelet asks from the pod's own node, which no policy keeps out (felix, "allow host to its workloads").
        "readinessProbe": {"tcpSocket": {"port": pod_program.PORT}, "periodSeconds": 1},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels or {})},
        "spec": {
            "nodeName": node,
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [server],
            "volumes": [{"name": CONFIG_MAP, "configMap": {"name": CONFIG_MAP}}],
        },
    }


def serving(cluster: Cluster, namespaces: Collection[str], *, count: int) -> tuple[ClusterPod, ...]:
    """The pods of these namespaces, once there are `count` and all are Ready.

    Raises:
        LabError: they do not get so far.
    """

    def there() -> tuple[PodFact, ...]:
        return tuple(pod for pod in cluster.pods() if pod.namespace in namespaces)

    try:
        found = wait_for(
            there,
            until=lambda pods: len(pods) == count and all(pod.ready and pod.address for pod in pods),
            timeout=START_TIMEOUT,
        )
    except WaitTimeout as error:
        raise LabError(f"the test pods do not serve: {error}") from error
    return tuple(ClusterPod(one.name, one.node, one.address, one.namespace, cluster) for one in found)
