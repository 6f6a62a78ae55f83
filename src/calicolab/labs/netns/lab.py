"""The namespace lab: real calico-node, BIRD, CNI plugin and TLS etcd on network namespaces, without Kubernetes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING

from calicolab.errors import CalicolabError, LabError, UsageError
from calicolab.evidence.model import EtcdRecord, LabRecord
from calicolab.faults.ledger import FaultLedger
from calicolab.labs.asked import SUBNET
from calicolab.labs.netns import (
    bringup,
    fence,
    namespaces,
    network,
    ownership,
    pods,
    preflight,
    topology,
    upgrade,
)
from calicolab.labs.netns.calico_node import NetnsCalicoNode
from calicolab.labs.netns.container import Image
from calicolab.labs.netns.etcd import EtcdCluster
from calicolab.labs.netns.node import NetnsNode
from calicolab.labs.shared import LabOfNodes
from calicolab.wait import POLL_INTERVAL, WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.artifacts import LabFiles
    from calicolab.calico.upgrade import Upgraded
    from calicolab.connectivity.e2e import Programs
    from calicolab.evidence.timeline import Timeline
    from calicolab.kubernetes.cluster import Cluster
    from calicolab.labs.netns.machine import Machine
    from calicolab.labs.netns.namespaces import Init

#: Seconds from the start of calico-node to a full mesh: BIRD dials after 2 s, and retries after 5 s at first.
MESH_TIMEOUT = 60.0
#: Seconds a node more may take, as all of them share the machine's cores.
MESH_TIMEOUT_PER_NODE = 4.0
#: Seconds between two looks at a mesh while a lab comes up, for each ordered pair: 1 s with 50 nodes.
POLL_INTERVAL_PER_PAIR = 0.0004
NO_KUBERNETES = "the namespace lab has no Kubernetes: the same programs run without it; ask for --lab kind"
#: What this lab cannot do that others can, and why; shown in the report.
CANNOT = MappingProxyType({"kubernetes": NO_KUBERNETES})


class NetnsLab(LabOfNodes["NetnsNode"]):
    """A lab with `nodes` nodes on the Calico version that `files` holds.

    Args:
        files: the programs, built and verified.
        nodes: how many nodes.
        subnet: the machines' network.
        timeline: where events are noted.
        dies_with_us: whether the kernel ends the lab when this process ends; `calicolab up` leaves it standing.
        files_of: gives the programs of another version, for an upgrade.
    """

    kind = "netns"
    cannot: Mapping[str, str] = CANNOT

    def __init__(
        self,
        files: LabFiles,
        *,
        timeline: Timeline,
        nodes: int = topology.NODES_DEFAULT,
        subnet: str = SUBNET,
        dies_with_us: bool = True,
        files_of: Callable[[str], LabFiles] = upgrade.files_of,
    ) -> None:
        self.topology = topology.plan(nodes=nodes, subnet=subnet)
        self.id = f"netns-{files.version}"
        self.calico_version = files.version
        self.timeline = timeline
        self.faults = FaultLedger(self)
        self.marks = ownership.new_marks(self.id, standing=not dies_with_us)
        self.files = files
        self._files_of = files_of
        #: Of each version that it is or was upgraded to, and its own.
        self._fetched = {files.version: files}
        self._dies_with_us = dies_with_us
        self._switch: Machine | None = None
        self._machines: dict[str, Machine] = {}
        self._nodes: list[NetnsNode] = []
        self._etcd: EtcdCluster | None = None
        self._pods: list[pods.NetnsPod] = []
        #: Why making them ended half way; their namespaces are in the way of further ones.
        self._half_made = ""

    # --- up and down -------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Bring it up to a full mesh; what was begun is taken down again when that fails.

        Raises:
            UsageError: this machine cannot carry it, or the subnet is its own.
            LabError: a part did not come up.
        """
        if self._switch is not None:
            raise UsageError(f"lab {self.id} is up already: take it down first")
        preflight.check(self.topology)
        self._note("lab-starting")
        try:
            self._build()
            self._wait_until_healthy()
        except BaseException:
            self.down()
            raise
        self._note("mesh-full")

    def _build(self) -> None:
        self._switch = bringup.boot_switch(self.files, marks=self.marks, dies_with_us=self._dies_with_us)
        preflight.check_kernel(self._switch)
        self._machines = bringup.boot_machines(self.topology, self.files, switch=self._switch)
        inits = {name: machine.init for name, machine in self._machines.items()}
        network.build(self.topology, switch=self._switch.init, machines=inits)
        fence.raise_(self._switch)
        bringup.configure(self.topology, self._machines)
        self._etcd = EtcdCluster(
            bringup.etcd_containers(self.topology, self.files, self._machines),
            bringup.members(self.topology),
        )
        self._etcd.start()
        self._note("etcd-healthy")
        self._nodes = [self._new_node(plan) for plan in self.topology.nodes]
        booting = [(node, node.calico.container.booting()) for node in self._nodes]
        for node, boot in booting:
            node.calico.container.init = boot.init()
        self._note("calico-node-started", detail="on every node")

    def processes(self) -> dict[str, Init]:
        """The first process of the switch, of each machine and of each container, by name."""
        containers = [node.calico.container for node in self._nodes] + list(self.etcd.containers)
        return {
            bringup.SWITCH: self.switch.init,
            **{name: machine.init for name, machine in self._machines.items()},
            **{
                f"{container.machine.name}/{container.name}": container.init
                for container in containers
                if container.init is not None
            },
        }

    def adopt(self, *, marks: Mapping[str, str], processes: Mapping[str, Init]) -> None:
        """Take over a lab that stands already, by its marks and `processes()` of whoever brought it up."""
        self.marks = dict(marks)
        self._switch = bringup.adopt_machine(bringup.SWITCH, processes, marks=self.marks)
        self._machines = {
            plan.name: bringup.adopt_machine(plan.name, processes, marks=self.marks)
            for plan in self.topology.machines
        }
        containers = bringup.etcd_containers(self.topology, self.files, self._machines)
        self._etcd = EtcdCluster(containers, bringup.members(self.topology))
        self._nodes = [self._new_node(plan) for plan in self.topology.nodes]
        for container in (*containers, *(node.calico.container for node in self._nodes)):
            container.init = processes.get(f"{container.machine.name}/{container.name}")

    def _new_node(self, plan: topology.MachinePlan) -> NetnsNode:
        machine = self._machines[plan.name]
        # One that was adopted may have been upgraded by whoever had it before.
        version = upgrade.version_of(machine) or self.calico_version
        self.fetch(version)
        files = self._fetched[version]
        container = bringup.calico_container(plan, files=files, topology=self.topology, machine=machine)
        calico = NetnsCalicoNode(
            container, version=version, note=lambda event, detail: self._note(event, plan.name, detail)
        )
        return NetnsNode(name=plan.name, address=plan.address, machine=machine, calico=calico)

    def _wait_until_healthy(self) -> None:
        """Wait for a full mesh and for every Felix: a mesh of BIRDs says nothing about the pods' side.

        Raises:
            LabError: one of them did not come.
        """
        timeout = MESH_TIMEOUT + MESH_TIMEOUT_PER_NODE * len(self._nodes)
        try:
            # Reading grows with the square of the nodes, and shares the cores with what is waited for.
            interval = max(POLL_INTERVAL, len(self._nodes) ** 2 * POLL_INTERVAL_PER_PAIR)
            wait_for(self.mesh, until=lambda mesh: mesh.is_full, timeout=timeout, interval=interval)

            def felix(node: NetnsNode) -> None:
                wait_for(node.calico.felix_readiness, until=lambda felix: felix.ready, timeout=timeout)

            with ThreadPoolExecutor(max_workers=4) as pool:
                list(pool.map(felix, self._nodes))
        except WaitTimeout as error:
            said = "\n".join(f"{node.name}: {node.calico.container.last_words()}" for node in self._nodes[:3])
            raise LabError(f"the lab did not become healthy: {error}\n{said}") from error

    def down(self) -> None:
        """End it and all that is in it; nothing is left. A lab that is not up is no error."""
        if self._switch is None:
            return
        switch, self._switch = self._switch, None
        for node in self._nodes:
            node.calico.close()
        # Takes everything else of the lab with it.
        switch.init.kill()
        namespaces.wait_for_ended(self.marks)
        self._machines, self._nodes, self._pods, self._etcd = {}, [], [], None
        self._half_made = ""
        self._note("lab-down")

    def leave(self) -> None:
        """Let go of it, and leave it up."""
        for node in self._nodes:
            node.calico.close()

    # --- what it is made of ------------------------------------------------------------------------------------

    @property
    def kubernetes(self) -> Cluster:
        """There is none.

        Raises:
            UsageError: always.
        """
        raise UsageError(NO_KUBERNETES)

    @property
    def e2e(self) -> Programs:
        """There is none.

        Raises:
            UsageError: always.
        """
        raise UsageError(NO_KUBERNETES)

    @property
    def pod_image(self) -> str:
        """There is none.

        Raises:
            UsageError: always.
        """
        raise UsageError(NO_KUBERNETES)

    @property
    def etcd(self) -> EtcdCluster:
        """The datastore."""
        if self._etcd is None:
            raise LabError(f"lab {self.id} is not up")
        return self._etcd

    @property
    def switch(self) -> Machine:
        """The machine in the middle: every cable ends there, and nothing leads further."""
        if self._switch is None:
            raise LabError(f"lab {self.id} is not up")
        return self._switch

    @property
    def pods(self) -> Sequence[pods.NetnsPod]:
        """One test pod on each node; made when first asked for."""
        if not self._pods:
            image = Image(layers=(self.files.machine, self.files.debian), shared=pods.shared())

            def create(node: NetnsNode) -> pods.NetnsPod:
                return pods.create(node.machine, name=f"pod-{node.name}", image=image)

            self._refuse_half_made()
            # The first pod alone: two first pods at once both make the network's profile, and Calico's plugin fails
            # one of them ("resource already exists: Profile(k8s-pod-network)"); a kubelet would try again.
            first, *others = self._nodes
            try:
                made = [create(first)]
                with ThreadPoolExecutor(max_workers=4) as pool:
                    self._pods = made + list(pool.map(create, others))
            except CalicolabError as error:
                self._half_made = str(error)
                raise
            self._note("pods-serving", detail=", ".join(f"{pod.name} {pod.address}" for pod in self._pods))
        return tuple(self._pods)

    def _refuse_half_made(self) -> None:
        if self._half_made:
            raise LabError(f"lab {self.id} has pods that were not made whole: {self._half_made}")

    def describe(self) -> LabRecord:
        """What it is made of, for the report."""
        provenance = self.files.provenance
        return LabRecord(
            id=self.id,
            kind="netns",
            nodes=len(self.topology.nodes),
            calico=self.calico_version,
            kubernetes=None,
            etcd=EtcdRecord(version=provenance["etcd"], members=topology.ETCD_MEMBERS, tls=True),
            source="gomod",
            bird=provenance["bird"],
            cannot=dict(self.cannot),
            provenance=dict(provenance),
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
        self._refuse_half_made()
        upgrade.refuse_upgraded(self.id, self._machines.values())
        fence.prove(self.switch)
        # Before a node starts again: a Node that changes meanwhile is an update conflict, and calico-node ends.
        self._restore_addresses(prefix_length=self.topology.subnet.prefixlen)
        for node in self._nodes:
            node.calico.reset()
        self._wait_until_healthy()
        self._note("lab-healed")

    def fetch(self, version: str) -> None:
        """Have the programs of another version at hand, built and verified."""
        if version not in self._fetched:
            self._fetched[version] = self._files_of(version)

    def upgrade(self, version: str, *, node: str | None = None) -> Upgraded:
        """Go to another version of Calico with the same etcd, node by node; see `Lab.upgrade`."""
        self.fetch(version)
        files = self._fetched[version]
        nodes = [self.node(node)] if node is not None else self._nodes
        return upgrade.roll(nodes, files, timeline=self.timeline, lab=self.id)

    def evidence(self) -> Mapping[str, Callable[[], str]]:
        """Nothing beside each node's own state."""
        return {}
