"""The kind lab: the same Calico on real Kubernetes, installed from its own manifest, with the same external etcd."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.artifacts import CalicoFiles
from calicolab.calico import configuration, manifest
from calicolab.calico.mesh import Mesh
from calicolab.connectivity.e2e import Programs
from calicolab.errors import CalicolabError, LabError
from calicolab.etcd.authority import Authority
from calicolab.faults.ledger import FaultLedger
from calicolab.kubernetes import kubeconfig
from calicolab.kubernetes.cluster import SYSTEM, Cluster
from calicolab.kubernetes.forwarder import ADDRESS, Forwarder
from calicolab.labs.asked import NODES, SUBNET
from calicolab.labs.kind import (
    bringup,
    fence,
    logs,
    network,
    ownership,
    pods,
    preflight,
    record,
    topology,
    upgrade,
)
from calicolab.labs.kind.calico_node import KindCalicoNode
from calicolab.labs.kind.etcd import EtcdContainers
from calicolab.labs.kind.machine import Machine
from calicolab.labs.kind.marks import new_marks
from calicolab.labs.kind.node import KindNode
from calicolab.labs.shared import LabOfNodes
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.artifacts import KindFiles
    from calicolab.calico.manifest import Overlaid
    from calicolab.calico.upgrade import Upgraded
    from calicolab.engine import Engine
    from calicolab.evidence.model import LabRecord
    from calicolab.evidence.timeline import Timeline
    from calicolab.labs.kind.marks import Marks

#: Seconds from the manifest to a full mesh: the pods' init containers, then BIRD.
MESH_TIMEOUT = 240.0
#: Seconds for all pods of kube-system to be Ready then: CoreDNS waits for Calico to wire it.
SYSTEM_TIMEOUT = 180.0
#: What this lab cannot do that others can, and why; shown in the report.
CANNOT = MappingProxyType(
    {
        "settings of one node": "a DaemonSet has the same environment for all nodes",
        "session times to the millisecond": "upstream's manifest has BIRD's log in the container's, without its times",
    }
)


class KindLab(LabOfNodes["KindNode"]):
    """A kind cluster with Calico of the version that `files` holds.

    Args:
        files: the programs and images, built and verified.
        engine: the Docker engine that runs it.
        timeline: where events are noted.
        nodes: how many nodes, control planes among them.
        control_planes: how many of them run an API server; three have a load balancer before them.
        subnet: the nodes' network.
        files_of: gives the images of another version, for an upgrade; from where `files` are when None.

    A guard removes it when this process is killed, until `leave` was called.
    """

    kind = "kind"
    cannot: Mapping[str, str] = CANNOT

    def __init__(
        self,
        files: KindFiles,
        *,
        engine: Engine,
        timeline: Timeline,
        nodes: int = NODES,
        control_planes: int = 1,
        subnet: str = SUBNET,
        files_of: Callable[[str], CalicoFiles] | None = None,
    ) -> None:
        self.id = f"kind-{files.version}"
        self.calico_version = files.version
        self.timeline = timeline
        self.faults = FaultLedger(self)
        self.marks = new_marks(self.id, standing=False)
        self.topology = topology.plan(
            self.marks.cluster, nodes=nodes, control_planes=control_planes, subnet=subnet
        )
        self.files = files
        self._files_of = files_of
        #: Of each other version whose images the nodes have.
        self._fetched: dict[str, CalicoFiles] = {}
        self.engine = engine
        #: What was changed of upstream's manifest; None before it was applied.
        self.overlaid: Overlaid | None = None
        self._open = ExitStack()
        self._guarded: ownership.Guarded | None = None
        self._network: network.Network | None = None
        self._nodes: list[KindNode] = []
        self._etcd: EtcdContainers | None = None
        self._kubernetes: Cluster | None = None
        self._pods: list[pods.KindPod] = []

    # --- up and down -------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Bring it up to a full mesh and every pod of the system Ready.

        Raises:
            UsageError: what the user must change first; nothing was made.
            LabError: it did not come up; `logs` of the error tell why, and nothing is left of it.
        """
        self._note("lab-starting")
        try:
            self._build()
            self._wait_until_healthy()
        except BaseException as error:
            try:
                if isinstance(error, LabError):
                    error.logs.update(logs.gathered(self.evidence()))
            finally:
                self._down_after(error)
            raise
        self._note("mesh-full")

    def _down_after(self, error: BaseException) -> None:
        """Take down what did not come up; what goes wrong with that is told with the error, never instead of it."""
        try:
            self.down()
        except CalicolabError as second:
            error.add_note(f"and it could not be taken down: {second}")

    def _build(self) -> None:
        files, engine, plan = self.files, self.engine, self.topology
        self._guarded = self._open.enter_context(ownership.guarded(engine, self.marks))
        preflight.check(plan)
        self._network = network.create(
            engine, name=plan.cluster, subnet=str(plan.subnet), labels=self.marks.labels
        )
        fence.raise_(engine, self._network, mark=plan.cluster)
        bringup.load_images(engine, bringup.engine_images(files, plan))
        self._note("images-loaded")
        authority = Authority()
        folder = self.marks.folder
        self._etcd = EtcdContainers(engine, cluster=plan.cluster, addresses=plan.etcd_addresses)
        self._etcd.start(
            image=files.etcd.name,
            network=self._network.name,
            labels=self.marks.labels,
            certificates=folder / "etcd",
            authority=authority,
        )
        bringup.write_folder(folder, etcd=self._etcd, authority=authority)
        # Nothing else is waited for if a field of it is not where it was.
        self.overlaid = self._overlay(files.calico.manifest)
        self._etcd.wait_until_healthy()
        self._note("etcd-healthy")
        bringup.create_cluster(
            engine, plan, files=files, folder=folder, etcd=self._etcd, network=self._network.name
        )
        self._note("kubernetes-up")
        self._connect()
        self.kubernetes.apply(self.overlaid.objects)
        self._note("calico-applied")

    def _connect(self) -> None:
        """Open the way to the API server, and know the nodes."""
        text = (self.marks.folder / "kubeconfig").read_text()
        address, port = kubeconfig.server(text)
        forwarder = self._open.enter_context(Forwarder(self.engine.connect, address, port))
        reachable = kubeconfig.through(text, ADDRESS, forwarder.port)
        self._kubernetes = self._open.enter_context(Cluster(reachable, folder=self.marks.folder))
        found = bringup.node_addresses(self.engine, self.topology, network=self._running_network.name)
        self._nodes = [
            self._new_node(plan.name, found[plan.name], Machine(plan.container, self.engine))
            for plan in self.topology.nodes
        ]

    def _new_node(self, name: str, address: str, machine: Machine) -> KindNode:
        calico = KindCalicoNode(
            machine,
            node=name,
            # One that was adopted may have been upgraded by whoever had it before.
            version=upgrade.version_of(machine) or self.calico_version,
            kubernetes=self.kubernetes,
            note=lambda event, detail: self._note(event, name, detail),
        )
        self._open.callback(calico.close)
        return KindNode(name=name, address=address, machine=machine, calico=calico)

    def _overlay(self, upstream: Path) -> Overlaid:
        """Upstream's manifest, of whatever version, with what the lab sets in it."""
        secrets = self.marks.folder / "calico-secrets"
        ca, certificate, key = (
            (secrets / Path(name).name).read_text()
            for name in (configuration.CA_FILE, configuration.CERTIFICATE_FILE, configuration.KEY_FILE)
        )
        settings = manifest.Settings(
            etcd_endpoints=self.etcd.endpoints,
            etcd_ca=ca,
            etcd_certificate=certificate,
            etcd_key=key,
            pod_cidr=configuration.POD_CIDR,
            veth_mtu=configuration.VETH_MTU,
            without_cgo=self.files.without_cgo,
        )
        return manifest.overlay(upstream.read_text(), settings)

    def _wait_until_healthy(self) -> None:
        """Wait for a full mesh, for the DaemonSet, and for every pod of the system.

        Raises:
            LabError: one of them did not come.
        """
        kubernetes = self.kubernetes
        try:
            wait_for(
                self._mesh_if_asked,
                until=lambda mesh: mesh is not None and mesh.is_full,
                timeout=MESH_TIMEOUT,
            )
            self._note("mesh-established")
            wait_for(kubernetes.rollout, until=lambda rollout: rollout.complete, timeout=SYSTEM_TIMEOUT)
            wait_for(
                lambda: tuple(pod for pod in kubernetes.pods(SYSTEM) if not pod.ready),
                until=lambda unready: not unready,
                timeout=SYSTEM_TIMEOUT,
            )
        except WaitTimeout as error:
            raise LabError(f"the lab did not become healthy: {error}") from error

    def _mesh_if_asked(self) -> Mesh | None:
        """The mesh; None as long as a BIRD does not answer."""
        try:
            return self.mesh()
        except LabError:
            return None

    def adopt(self, marks: Marks) -> None:
        """Take over a lab that stands already, by its marks; a LabError or OSError when it cannot be reached."""
        self.marks = marks
        self.topology = topology.plan(
            marks.cluster,
            nodes=len(self.topology.nodes),
            control_planes=len(self.topology.control_planes),
            subnet=str(self.topology.subnet),
        )
        self._guarded = ownership.guarded(self.engine, marks)
        self._network = network.Network(
            name=marks.cluster,
            bridge=network.bridge_name(marks.cluster),
            subnet=str(self.topology.subnet),
            gateway=str(self.topology.subnet[1]),
        )
        self._etcd = EtcdContainers(
            self.engine, cluster=marks.cluster, addresses=self.topology.etcd_addresses
        )
        try:
            self._connect()
            self.overlaid = self._overlay(self.files.calico.manifest)
        except BaseException:
            self._let_go()
            raise

    def leave(self) -> None:
        """Let go of it, and leave it up: neither this process's end nor a later run's reaper removes it."""
        if self._guarded is not None:
            self.marks = self._guarded.keep()
        self._let_go()

    def down(self) -> None:
        """End it and all that is in it; nothing is left. A lab that is not up is no error."""
        if self._guarded is None:
            return
        self._open.close()
        # One that was adopted was not entered, and its guard's way out is not taken by the stack.
        ownership.remove(self.engine, self.marks.cluster)
        self._forget()
        self._note("lab-down")

    def _let_go(self) -> None:
        self._open.close()
        self._forget()

    def _forget(self) -> None:
        self._nodes, self._pods, self._guarded = [], [], None
        self._etcd, self._kubernetes, self._network = None, None, None

    # --- what it is made of ------------------------------------------------------------------------------------

    @property
    def etcd(self) -> EtcdContainers:
        """The datastore, Calico's and Kubernetes'."""
        if self._etcd is None:
            raise LabError(f"lab {self.id} is not up")
        return self._etcd

    @property
    def kubernetes(self) -> Cluster:
        """Kubernetes' own view of it."""
        if self._kubernetes is None:
            raise LabError(f"lab {self.id} is not up")
        return self._kubernetes

    @property
    def e2e(self) -> Programs:
        """Kubernetes' own tests, of the cluster's version."""
        files = self.files.kubernetes
        return Programs(test=files.e2e, ginkgo=files.ginkgo, kubectl=files.kubectl)

    @property
    def pod_image(self) -> str:
        """The image of the test pods."""
        return self.files.pod.name

    @property
    def _running_network(self) -> network.Network:
        if self._network is None:
            raise LabError(f"lab {self.id} is not up")
        return self._network

    @property
    def pods(self) -> Sequence[pods.KindPod]:
        """One test pod on each node; made when first asked for."""
        if not self._pods:
            machines = {node.name: node.machine for node in self._nodes}
            self._pods = pods.create(self.kubernetes, machines, image=self.files.pod.name)
            self._note("pods-serving", detail=", ".join(f"{pod.name} {pod.address}" for pod in self._pods))
        return tuple(self._pods)

    def describe(self) -> LabRecord:
        """What it is made of, for the report."""
        return record.of(
            self.id,
            files=self.files,
            topology=self.topology,
            cannot=self.cannot,
            changes=self.overlaid.changes if self.overlaid is not None else (),
        )

    # --- what is observed, and what is done to it --------------------------------------------------------------

    def heal(self) -> None:
        """Undo every fault that is left, put every node back as it was made, and prove a full mesh.

        Raises:
            LabError: that did not succeed, it was upgraded, or has faults of another run in it; the lab must be
                thrown away.
        """
        self.faults.heal_all()
        self.faults.refuse_others()
        upgrade.refuse_upgraded(self.id, self._nodes)
        fence.prove(self.engine, self._running_network, mark=self.topology.cluster)
        for node in self._nodes:
            node.calico.reset()
        self._restore_addresses(prefix_length=self.topology.subnet.prefixlen)
        self._wait_until_healthy()
        self._note("lab-healed")

    def fetch(self, version: str) -> None:
        """Have the images of another version in every node."""
        own = self.files
        if version == own.version:
            self._fetched[version] = CalicoFiles(version, calicoctl=own.calicoctl, calico=own.calico)
        elif version not in self._fetched:
            files = (self._files_of or upgrade.files_from(own.source))(version)
            upgrade.import_images(self._nodes, files)
            self._fetched[version] = files

    def upgrade(self, version: str, *, node: str | None = None) -> Upgraded:
        """Go to another version of Calico with the same etcd, as a DaemonSet's rollout; see `Lab.upgrade`."""
        if node is not None:
            self.node(node)
        self.fetch(version)
        files = self._fetched[version]
        overlaid = self._overlay(files.calico.manifest)
        rolling = upgrade.Rolling(self._nodes, self.kubernetes, timeline=self.timeline, lab=self.id)
        return rolling.to(files, overlaid.objects, node=node)

    def evidence(self) -> Mapping[str, Callable[[], str]]:
        """What a failure on Kubernetes is looked into with: events, and each node's kubelet and container runtime."""
        machines = {plan.name: Machine(plan.container, self.engine) for plan in self.topology.nodes}
        return logs.parts(machines, kubernetes=self._kubernetes, etcd=self._etcd)
