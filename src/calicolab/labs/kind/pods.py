"""Test pods on the kind lab: one on each node, made by Kubernetes; the program in them comes in a ConfigMap."""

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
    from collections.abc import Mapping, Sequence

    from calicolab.connectivity.pods import Pod, Reach, Traffic
    from calicolab.kubernetes.cluster import Cluster
    from calicolab.kubernetes.facts import PodFact
    from calicolab.labs.kind.machine import Machine

NAMESPACE = "calicolab-pods"
FOLDER = "/usr/local/lib/calicolab"
PROGRAM = f"{FOLDER}/pod_program.py"
#: Seconds for kubelet, runtime and CNI plugin to start one pod a node.
START_TIMEOUT = 90.0


@dataclass
class KindPod:
    """A pod of the cluster on the node `node`."""

    name: str
    node: str
    address: str
    machine: Machine
    container: str

    def reach(
        self, targets: Sequence[Pod], *, traffic: Sequence[Traffic] = ALL_TRAFFIC, timeout: float = 2.0
    ) -> tuple[Reach, ...]:
        """Ask every target's server, once for each kind of traffic and all at the same time."""
        asked = questions(targets, traffic=traffic, timeout=timeout)
        argv = ["crictl", "exec", "--interactive", self.container, "python3", PROGRAM, "ask"]
        # All at once: the slowest is its own time-out, and the rest is for starting Python on a busy machine.
        done = self.machine.run(argv, stdin=json.dumps(asked), timeout=timeout + 30)
        return answers(self.name, json.loads(done.stdout))

    def run_python(self, source: str, *arguments: str, timeout: float) -> str:
        """Run a program in Python in the pod and return what it printed; it must end with 0."""
        argv = ["crictl", "exec", "--interactive", self.container, "python3", "-", *arguments]
        return self.machine.run(argv, stdin=source, timeout=timeout).stdout


def create(kubernetes: Cluster, machines: Mapping[str, Machine], *, image: str) -> list[KindPod]:
    """Make a pod on each of `machines`, by the nodes' names, and wait until they serve.

    Raises:
        LabError: they do not.
    """
    kubernetes.apply(objects(list(machines), image=image))
    try:
        made = wait_for(
            lambda: kubernetes.pods(NAMESPACE),
            until=lambda found: len(found) == len(machines) and all(pod.ready for pod in found),
            timeout=START_TIMEOUT,
        )
    except WaitTimeout as error:
        raise LabError(f"the test pods do not serve: {error}") from error
    return [from_fact(pod, machines[pod.node]) for pod in made]


def objects(nodes: Sequence[str], *, image: str) -> list[dict[str, Any]]:
    """A namespace, the program, and a pod for each of `nodes`."""
    program = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "program", "namespace": NAMESPACE},
        "data": {Path(PROGRAM).name: Path(pod_program.__file__).read_text()},
    }
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return [namespace, program, *(_pod(node, image=image) for node in nodes)]


def _pod(node: str, *, image: str) -> dict[str, Any]:
    name = f"pod-{node}"
    server = {
        "name": "server",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python3", PROGRAM, "serve", name],
        "volumeMounts": [{"name": "program", "mountPath": FOLDER, "readOnly": True}],
        "readinessProbe": {"tcpSocket": {"port": pod_program.PORT}, "periodSeconds": 1},
        # Without it the kernel gives it what all others leave, and on a busy machine it answers after seconds.
        "resources": {"requests": {"cpu": "200m"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            # Not by way of the scheduler: there is to be one on each node, on the control plane as well.
            "nodeName": node,
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [server],
            "volumes": [{"name": "program", "configMap": {"name": "program"}}],
        },
    }


def from_fact(pod: PodFact, machine: Machine) -> KindPod:
    """The pod that the API server shows, to be worked with."""
    container = pod.container_id.partition("://")[2]
    return KindPod(name=pod.name, node=pod.node, address=pod.address, machine=machine, container=container)
