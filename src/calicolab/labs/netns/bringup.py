"""How a namespace lab comes up: machines, cables, fence, etcd, calico-node; each step as parallel as it can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico import configuration
from calicolab.etcd import member as etcd_member
from calicolab.etcd.authority import Authority
from calicolab.labs.netns import namespaces, ownership
from calicolab.labs.netns.container import Container, Image
from calicolab.labs.netns.machine import Machine, boot_argv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calicolab.artifacts import LabFiles
    from calicolab.etcd.member import Member
    from calicolab.labs.netns.topology import MachinePlan, Topology

SWITCH = "switch"
#: What calico-node shares with its machine: the hostPath volumes of calico-etcd.yaml that a lab has a use for.
SHARED_WITH_CALICO = (
    "/run/calico",
    "/var/lib/calico",
    "/var/log/calico",
    "/run/xtables.lock",
    configuration.SECRETS,
)


def boot_switch(files: LabFiles, *, marks: Mapping[str, str], dies_with_us: bool) -> Machine:
    """Start the lab's first machine: it holds the switch, and all other processes of the lab end with it."""
    directory = f"{ownership.mount_point()}/{SWITCH}"
    script = boot_argv(name=SWITCH, directory=directory, layers=(files.debian,))
    argv = namespaces.new_lab(script, dies_with_us=dies_with_us)
    init = namespaces.boot("the lab", argv, marks=marks).init()
    return Machine(name=SWITCH, directory=directory, init=init, marks=marks)


def adopt_machine(
    name: str, processes: Mapping[str, namespaces.Init], *, marks: Mapping[str, str]
) -> Machine:
    """A machine that somebody else started, by its first process."""
    return Machine(
        name=name, directory=f"{ownership.mount_point()}/{name}", init=processes[name], marks=marks
    )


def boot_machines(topology: Topology, files: LabFiles, *, switch: Machine) -> dict[str, Machine]:
    """Start the machines of `topology`, all at once."""
    lab = Path(switch.directory).parent
    booting = {}
    for plan in topology.machines:
        directory = f"{lab}/{plan.name}"
        script = boot_argv(name=plan.name, directory=directory, layers=(files.machine, files.debian))
        argv = namespaces.new_machine(switch.init, script)
        booting[plan.name] = namespaces.boot(f"machine {plan.name}", argv, marks=switch.marks)
    return {
        name: Machine(name=name, directory=f"{lab}/{name}", init=boot.init(), marks=switch.marks)
        for name, boot in booting.items()
    }


def members(topology: Topology) -> tuple[Member, ...]:
    """The etcd members of `topology`."""
    return tuple(
        etcd_member.Member(name=f"etcd{number}", address=plan.address)
        for number, plan in enumerate(topology.etcd, start=1)
    )


def configure(topology: Topology, machines: Mapping[str, Machine]) -> None:
    """Write what the incident's machines have: certificates, calicoctl.cfg, /calico-secrets, the CNI conflist."""
    authority = Authority()
    client = authority.issue("calico", common_name="calico")
    datastore = configuration.Datastore(etcd_member.endpoints(members(topology)))
    for plan in topology.machines:
        machine = machines[plan.name]
        machine.write("/run/xtables.lock", b"", mode=0o600)
        machine.write(configuration.CA_FILE, authority.certificate)
        machine.write(configuration.CERTIFICATE_FILE, client.certificate)
        machine.write(configuration.KEY_FILE, client.key, mode=0o600)
        machine.write(configuration.CALICOCTL_CONFIG, configuration.calicoctl_config(datastore).encode())
        if plan.runs_calico:
            conflist = configuration.cni_conflist(datastore, node=plan.name)
            machine.write(configuration.CNI_CONFIG, conflist.encode(), mode=0o600)
        if plan.runs_etcd:
            machine.write(f"{etcd_member.CERTIFICATES}/ca.crt", authority.certificate)
            for purpose in ("server", "peer"):
                issued = authority.issue(plan.address, common_name=f"{plan.name} {purpose}")
                machine.write(f"{etcd_member.CERTIFICATES}/{purpose}.crt", issued.certificate)
                machine.write(f"{etcd_member.CERTIFICATES}/{purpose}.key", issued.key, mode=0o600)


def etcd_containers(topology: Topology, files: LabFiles, machines: Mapping[str, Machine]) -> list[Container]:
    """The etcd members as containers, not yet started."""
    cluster = members(topology)
    for plan in topology.etcd:
        machines[plan.name].write(f"{etcd_member.DATA}/.keep", b"")
    return [
        Container(
            machine=machines[plan.name],
            name="etcd",
            image=Image(layers=(files.machine, files.debian), shared=("/etc/etcd", etcd_member.DATA)),
            argv=tuple(one.argv(cluster)),
        )
        for plan, one in zip(topology.etcd, cluster, strict=True)
    ]


def calico_container(
    plan: MachinePlan, *, files: LabFiles, topology: Topology, machine: Machine
) -> Container:
    """calico-node's container on one machine, not yet started: upstream's own start_runit and services."""
    datastore = configuration.Datastore(etcd_member.endpoints(members(topology)))
    return Container(
        machine=machine,
        name="calico-node",
        image=Image(layers=(files.container, files.debian), shared=SHARED_WITH_CALICO),
        argv=("start_runit",),
        environment=configuration.container_environment(datastore, node=plan.name),
    )
