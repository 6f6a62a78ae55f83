"""A cluster as its API server shows it: facts that watches keep current, and what is asked of it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab.errors import LabError, UsageError
from calicolab.kubernetes import facts
from calicolab.kubernetes.errors import ApiRefused
from calicolab.kubernetes.watched import Watched
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from calicolab.command import CommandResult
    from calicolab.kubernetes.api import Api
    from calicolab.kubernetes.facts import NodeCondition, PodFact, ProbeFailure, Rollout

SYSTEM = "kube-system"
#: How upstream's manifests name and mark calico-node's DaemonSet (manifests/calico-etcd.yaml).
CALICO_NODE = "calico-node"
CALICO_NODE_LABEL = ("k8s-app", "calico-node")
NOT_FOUND = 404
#: Seconds: for a pod of a DaemonSet to be replaced; an image that is there starts within a few.
SUCCESSOR_TIMEOUT = 60.0
#: Seconds for objects to go; a namespace with pods takes its pods' 30 s to end, and then some.
DELETE_TIMEOUT = 90.0


class Cluster:
    """A Kubernetes cluster. Used as a context, or closed by `close`; nothing is asked before the first question.

    Every fact about pods, nodes, DaemonSets and probes comes from a watch: asking again costs no request, so that
    `wait_for(lambda: cluster.calico_pod("node02"), ...)` sees each change within milliseconds.
    """

    def __init__(self, kubeconfig: str, *, folder: Path | None = None) -> None:
        """Use the current context of `kubeconfig`.

        Args:
            kubeconfig: its text; its server is one that can be reached from here.
            folder: where a private folder for keys is made, such as one that ends with the lab even when this
                process is killed; the system's for temporary files when None.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="calicolab-kubernetes-", dir=folder))
        #: The kubeconfig as a file, for programs such as e2e.test; private, and gone when the cluster is closed.
        self.kubeconfig = self._folder / "kubeconfig"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(kubeconfig, encoding="utf-8")
        self._api: Api | None = None
        self._watched: dict[str, Watched] = {}
        self._lock = threading.Lock()

    @property
    def api(self) -> Api:
        """The way to the API server; made, and the client imported, when first asked for."""
        if self._api is None:
            from calicolab.kubernetes.api import Api  # here, as it takes half a second to import

            self._api = Api(self.kubeconfig.read_text(encoding="utf-8"), folder=self._folder)
        return self._api

    # What there is

    def version(self) -> str:
        """Kubernetes' version, such as v1.34.4, as the API server says."""
        return self.api.version()

    def pods(self, namespace: str | None = None) -> tuple[PodFact, ...]:
        """All pods, or those of a namespace, in the order of their names."""
        found = (facts.pod(one) for one in self._watch("v1/Pod"))
        return tuple(
            sorted(
                (pod for pod in found if namespace in (None, pod.namespace)),
                key=lambda pod: (pod.namespace, pod.name),
            )
        )

    def calico_pod(self, node: str) -> PodFact | None:
        """The pod of calico-node on a node: the newest, when one is still ending; None when there is none."""
        label, value = CALICO_NODE_LABEL
        there = [pod for pod in self.pods(SYSTEM) if pod.node == node and pod.labels.get(label) == value]
        return min(there, key=lambda pod: pod.deleted, default=None)

    def unhealthy(self, pod: PodFact) -> ProbeFailure | None:
        """What the last Unhealthy event of this pod said of its readiness probe; None when none did.

        The kubelet says the same again by counting up; past 25 events of one pod it leaves most out
        (client-go tools/record/events_cache.go, v0.34).
        """
        found = (
            facts.probe_failure(one) for one in self._watch("v1/Event", field_selector="reason=Unhealthy")
        )
        mine = [one for one in found if one is not None and one.uid == pod.uid]
        return max(mine, key=lambda one: one.last, default=None)

    def rollout(self, name: str = CALICO_NODE, namespace: str = SYSTEM) -> Rollout:
        """How far a DaemonSet has got.

        Raises:
            LabError: there is no such DaemonSet.
        """
        for found in self._watch("apps/v1/DaemonSet"):
            if (found["metadata"]["namespace"], found["metadata"]["name"]) == (namespace, name):
                return facts.rollout(found)
        raise LabError(f"the cluster has no DaemonSet {namespace}/{name}")

    def node_conditions(self, node: str) -> Mapping[str, NodeCondition]:
        """A Node's conditions by their kind.

        Raises:
            UsageError: there is no such Node.
        """
        return facts.conditions(self._node(node))

    def keeps_pods_off(self, node: str) -> tuple[str, ...]:
        """Why Kubernetes places no ordinary pod on a Node; empty when it does.

        Raises:
            UsageError: there is no such Node.
        """
        return facts.keeps_pods_off(self._node(node))

    def nodes_for_pods(self) -> tuple[str, ...]:
        """The names of the Nodes on which Kubernetes places ordinary pods, sorted."""
        return tuple(
            sorted(
                found["metadata"]["name"]
                for found in self._watch("v1/Node")
                if not facts.keeps_pods_off(found)
            )
        )

    def namespaces(self, *, labelled: str | None = None) -> tuple[str, ...]:
        """The names of all namespaces, or of those that have a label of this name."""
        found = (one["metadata"] for one in self._watch("v1/Namespace"))
        return tuple(
            sorted(one["name"] for one in found if labelled is None or labelled in (one.get("labels") or {}))
        )

    def events(self) -> str:
        """All events as text, oldest first, for a report."""
        found = self.api.list("v1/Event")["items"]

        def when(event: Mapping[str, Any]) -> str:
            stamp = event.get("lastTimestamp") or event.get("eventTime")
            return str(stamp or event["metadata"]["creationTimestamp"])

        return "\n".join(
            f"{when(one)} {one.get('type')} {one['involvedObject'].get('kind')} "
            f"{one['involvedObject'].get('namespace', '')}/{one['involvedObject'].get('name')} "
            f"{one.get('reason')} (x{one.get('count') or 1}): {one.get('message', '').strip()}"
            for one in sorted(found, key=when)
        )

    # What is asked of it

    def apply(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Make these objects, or set these fields of those that there are (server-side apply).

        Raises:
            LabError: the server refused one, which is named; 409 when another program owns one of the fields.
        """
        for one in objects:
            try:
                self.api.apply(one)
            except ApiRefused as error:
                raise LabError(f"{_named(one)} could not be applied: {error}") from error

    def delete(
        self, objects: Iterable[Mapping[str, Any]], *, timeout: float = DELETE_TIMEOUT, wait: bool = True
    ) -> None:
        """Delete these objects, in the reverse of their order, and wait until they are gone.

        Args:
            objects: as they were applied; one that is not there is no error.
            timeout: seconds for each.
            wait: whether to; without it they may go on existing while they end.

        Raises:
            LabError: one is still there.
        """
        gone = [one for one in reversed(tuple(objects)) if self._begin_to_delete(one)]

        def exists(one: Mapping[str, Any]) -> Callable[[], bool]:
            return lambda: self._exists(one)

        for one in gone if wait else ():
            try:
                wait_for(exists(one), until=lambda there: not there, timeout=timeout, interval=0.5)
            except WaitTimeout as error:
                raise LabError(f"{_named(one)} could not be deleted: {error}") from error

    def delete_pod(
        self, name: str, namespace: str = SYSTEM, *, timeout: float = SUCCESSOR_TIMEOUT
    ) -> PodFact:
        """Delete a pod of a DaemonSet and return its successor on the same node once its containers run.

        Args:
            name: the pod's.
            namespace: its namespace.
            timeout: seconds for the successor.

        Raises:
            LabError: there is no such pod, or it had no successor in time.
        """
        old = next((pod for pod in self.pods(namespace) if pod.name == name), None)
        if old is None or not old.owner:
            raise LabError(f"the cluster has no pod {namespace}/{name} that something would make anew")
        self.api.delete("v1/Pod", name, namespace=namespace)

        def successor() -> PodFact | None:
            there = (
                pod
                for pod in self.pods(namespace)
                if pod.node == old.node and pod.owner == old.owner and pod.uid != old.uid
            )
            return next(there, None)

        try:
            new = wait_for(successor, until=lambda pod: pod is not None and pod.started, timeout=timeout)
        except WaitTimeout as error:
            raise LabError(f"{old} was deleted and had no successor that runs: {error}") from error
        if new is None:
            raise LabError(f"{old} was deleted and had no successor")
        return new

    def restart_rollout(self, name: str = CALICO_NODE, namespace: str = SYSTEM) -> None:
        """Have a DaemonSet make all its pods anew, one after the other, as `kubectl rollout restart` does.

        By the same annotation (kubectl pkg/polymorphichelpers/objectrestarter.go, v0.34).
        """
        stamp = {"kubectl.kubernetes.io/restartedAt": datetime.now(UTC).isoformat()}
        change = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
        self.api.merge("apps/v1/DaemonSet", name, change, namespace=namespace)

    def execute(
        self,
        pod: str,
        argv: Sequence[str],
        *,
        namespace: str = SYSTEM,
        container: str | None = None,
        stdin: str | None = None,
        timeout: float = 30,
    ) -> CommandResult:
        """Run a program in a pod's container, whatever its exit code.

        Args:
            pod: its name.
            argv: program and arguments.
            namespace: its namespace.
            container: the pod's only one when None.
            stdin: text for its standard input.
            timeout: seconds.

        Raises:
            LabError: it could not be run, or did not end.
        """
        from calicolab.kubernetes.execute import execute  # here, as it takes half a second to import

        return execute(
            self.api.configuration,
            namespace=namespace,
            pod=pod,
            argv=argv,
            container=container,
            stdin=stdin,
            timeout=timeout,
        )

    def close(self) -> None:
        """End the watches and remove the file."""
        for one in self._watched.values():
            one.close()
        self._watched.clear()
        if self._api is not None:
            self._api.close()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch(self, kind: str, **selectors: str) -> tuple[dict[str, Any], ...]:
        with self._lock:
            if kind not in self._watched:
                from calicolab.kubernetes.api import new_watch  # here, as it takes half a second to import

                self._watched[kind] = Watched(self.api, kind, new_watch=new_watch, **selectors)
            watched = self._watched[kind]
        return watched.objects()

    def _node(self, name: str) -> Mapping[str, Any]:
        nodes = {found["metadata"]["name"]: found for found in self._watch("v1/Node")}
        if name not in nodes:
            raise UsageError(
                f"the cluster has no Node {name}: there are {', '.join(sorted(nodes)) or 'none'}"
            )
        return nodes[name]

    def _begin_to_delete(self, one: Mapping[str, Any]) -> bool:
        kind = f"{one['apiVersion']}/{one['kind']}"
        try:
            self.api.delete(kind, one["metadata"]["name"], namespace=one["metadata"].get("namespace"))
        except ApiRefused as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True

    def _exists(self, one: Mapping[str, Any]) -> bool:
        kind = f"{one['apiVersion']}/{one['kind']}"
        try:
            self.api.get(kind, one["metadata"]["name"], namespace=one["metadata"].get("namespace"))
        except ApiRefused as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True


def _named(one: Mapping[str, Any]) -> str:
    metadata = one["metadata"]
    return f"{one['kind']} {metadata.get('namespace', '')}{'/' * ('namespace' in metadata)}{metadata['name']}"
