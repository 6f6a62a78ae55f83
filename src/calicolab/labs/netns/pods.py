"""Test pods on the namespace lab: wired by the real CNI plugin and calico-ipam, as a container runtime would do it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico import configuration
from calicolab.connectivity import pod_program
from calicolab.connectivity.pods import ALL_TRAFFIC, answers, questions
from calicolab.errors import LabError
from calicolab.labs.netns.container import Container, Image
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.connectivity.pods import Pod, Reach, Traffic
    from calicolab.labs.netns.machine import Machine

#: cnitool, CNI's own runner of conflists, and the plugins.
CNI_FOLDER = "/opt/cni/bin"
PROGRAM = "/usr/local/lib/pod_program.py"
#: Seconds for the plugin chain: an address from IPAM over etcd, a veth, a route.
CNI_TIMEOUT = 60.0
SERVING_TIMEOUT = 15.0


@dataclass
class NetnsPod:
    """A pod: a network namespace on a machine, and a server in it."""

    name: str
    node: str
    address: str
    machine: Machine
    server: Container

    def reach(
        self, targets: Sequence[Pod], *, traffic: Sequence[Traffic] = ALL_TRAFFIC, timeout: float = 2.0
    ) -> tuple[Reach, ...]:
        """Ask every target's server, once for each kind of traffic and all at the same time."""
        asked = questions(targets, traffic=traffic, timeout=timeout)
        argv = ["ip", "netns", "exec", self.name, "python3", PROGRAM, "ask"]
        # All at once: the slowest is its own time-out, and the rest is for starting Python on a busy machine.
        done = self.machine.run(argv, stdin=json.dumps(asked), timeout=timeout + 30)
        return answers(self.name, json.loads(done.stdout))

    def run_python(self, source: str, *arguments: str, timeout: float) -> str:
        """Run a program in Python in the pod and return what it printed; it must end with 0."""
        argv = ["ip", "netns", "exec", self.name, "python3", "-", *arguments]
        return self.machine.run(argv, stdin=source, timeout=timeout).stdout


def create(machine: Machine, *, name: str, image: Image) -> NetnsPod:
    """Make a pod on `machine` and wait until its server listens.

    Raises:
        LabError: the plugin chain failed, or the server did not come up.
    """
    machine.write(PROGRAM, Path(pod_program.__file__).read_bytes())
    machine.run(["ip", "netns", "add", name])
    machine.run(["ip", "-netns", name, "link", "set", "lo", "up"])
    added = machine.run(_cnitool("add", name), timeout=CNI_TIMEOUT)
    address = json.loads(added.stdout)["ips"][0]["address"].partition("/")[0]
    server = Container(
        machine=machine,
        name=f"pod-{name}",
        image=image,
        argv=("ip", "netns", "exec", name, "python3", PROGRAM, "serve", name),
    )
    server.start()
    try:
        wait_for(server.last_words, until=lambda said: "serving" in said, timeout=SERVING_TIMEOUT)
    except WaitTimeout as error:
        raise LabError(f"pod {name} on {machine.name} does not serve: {error}") from error
    return NetnsPod(name=name, node=machine.name, address=address, machine=machine, server=server)


def _cnitool(action: str, pod: str) -> list[str]:
    return [
        *("/usr/bin/env", f"CNI_PATH={CNI_FOLDER}", f"NETCONFPATH={configuration.CNI_CONFIG_FOLDER}"),
        *(f"{CNI_FOLDER}/cnitool", action, configuration.CNI_NETWORK, f"/run/netns/{pod}"),
    ]


def shared() -> tuple[str, ...]:
    """What a pod's server shares with its machine: the named network namespaces and its program."""
    return ("/run/netns", PROGRAM)
