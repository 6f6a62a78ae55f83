"""How a kind lab comes up: etcd, kind, images and Calico, side by side as far as one does not need the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import images as images_in
from calicolab.calico import configuration
from calicolab.errors import LabError, UsageError
from calicolab.labs.kind import cluster, removal
from calicolab.labs.kind.machine import Machine
from calicolab.wait import WaitTimeout, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.artifacts import KindFiles
    from calicolab.artifacts.images import Image
    from calicolab.engine import Engine
    from calicolab.etcd.authority import Authority
    from calicolab.labs.kind.etcd import EtcdContainers
    from calicolab.labs.kind.topology import Topology

#: Where a node finds what the lab gives it.
IMAGES = "/calicolab/images"
CALICOCTL = "/usr/local/bin/calicoctl"
#: What the names of images begin with that nobody else has.
OURS = ("calicolab/", "calicolab.invalid/")
#: Seconds for Docker to unpack an image, for a node's container to start, and for its runtime to answer and unpack.
LOAD_TIMEOUT, START_TIMEOUT, IMPORT_TIMEOUT = 300.0, 120.0, 300.0


def engine_images(files: KindFiles, plan: Topology) -> list[Image]:
    """What the engine itself runs of a lab: a load balancer only for several control planes."""
    images = [files.kubernetes.node_image, files.calico.etcd]
    return [*images, files.calico.load_balancer] if len(plan.control_planes) > 1 else images


def load_images(engine: Engine, images: Sequence[Image]) -> None:
    """See that the engine has `images`, the very ones: a name alone may be an older build's.

    Raises:
        UsageError: a machine's own engine has another image under a name that is not ours.
    """
    for image in images:
        found = engine.run_status("image", "inspect", "--format={{.Id}}", image.name, timeout=30)
        there, wanted = found.stdout.strip(), f"sha256:{images_in.configuration_digest(image)}"
        if found.succeeded and there == wanted:
            continue
        if found.succeeded and not engine.private and not image.name.startswith(OURS):
            raise UsageError(
                f"the Docker engine at {engine.host} has another image called {image.name} ({there}) than the lab's, "
                f"which is not replaced: remove that name with `docker rmi {image.name}`, or have "
                "`calicolab docker up` start an engine of the lab's own, with DOCKER_HOST unset"
            )
        engine.run("load", "--input", str(image.archive), timeout=LOAD_TIMEOUT)


def write_folder(folder: Path, *, etcd: EtcdContainers, authority: Authority) -> None:
    """Write what the nodes are given: certificates as kubeadm, Calico and people want them, and calicoctl.cfg."""
    client = authority.issue("calico", common_name="calico")
    files = {
        "kubernetes-etcd": {
            cluster.ETCD_CA: authority.certificate,
            cluster.ETCD_CERTIFICATE: client.certificate,
            cluster.ETCD_KEY: client.key,
            cluster.ETCD_CA_KEY: b"",
        },
        "calico-secrets": {
            Path(configuration.CA_FILE).name: authority.certificate,
            Path(configuration.CERTIFICATE_FILE).name: client.certificate,
            Path(configuration.KEY_FILE).name: client.key,
        },
        "calico": {
            Path(configuration.CALICOCTL_CONFIG).name: configuration.calicoctl_config(
                configuration.Datastore(etcd.endpoints)
            ).encode(),
        },
    }
    for name, contents in files.items():
        (folder / name).mkdir(parents=True)
        for file, data in contents.items():
            path = folder / name / file
            path.touch(mode=0o600)
            path.write_bytes(data)


def mounts(folder: Path, files: KindFiles) -> list[cluster.Mount]:
    """What every node has of this machine: the lab's folder, calicoctl, and the images to be imported."""
    return [
        # kind writes into it, from one control plane to the next.
        cluster.Mount(folder / "kubernetes-etcd", cluster.ETCD_CERTIFICATES, read_only=False),
        cluster.Mount(folder / "calico-secrets", configuration.SECRETS),
        cluster.Mount(
            folder / "calico" / Path(configuration.CALICOCTL_CONFIG).name, configuration.CALICOCTL_CONFIG
        ),
        cluster.Mount(files.calicoctl, CALICOCTL),
        *(
            cluster.Mount(image.archive, f"{IMAGES}/{number}.tar")
            for number, image in enumerate(files.node_images)
        ),
    ]


def create_cluster(
    engine: Engine,
    plan: Topology,
    *,
    files: KindFiles,
    folder: Path,
    etcd: EtcdContainers,
    network: str,
) -> None:
    """Create the kind cluster, and import what its nodes need while kubeadm works.

    Raises:
        LabError: kind could not create it, or a node could not import an image.
    """
    config = cluster.configuration(
        plan,
        image=files.kubernetes.node_image.name,
        etcd_endpoints=[member.client_url for member in etcd.members],
        mounts=mounts(folder, files),
    )
    with ThreadPoolExecutor(max_workers=len(plan.nodes) + 1) as pool:
        created = pool.submit(
            cluster.create,
            engine,
            program=files.kubernetes.kind,
            config=config,
            network=network,
            kubeconfig=folder / "kubeconfig",
        )

        def given_up() -> bool:
            return created.done() and created.exception() is not None

        try:
            importing = [
                pool.submit(_prepare, node.name, Machine(node.container, engine), files.node_images, given_up)
                for node in plan.nodes
            ]
            # What kind says is the reason; an import that waits for a node in vain gives up with it.
            created.result()
            for one in importing:
                one.result()
        except BaseException:
            # Ctrl-C is not kind's, and the pool would wait for all that it has begun.
            removal.end_makers(plan.cluster)
            raise


def _prepare(name: str, machine: Machine, images: Sequence[Image], given_up: Callable[[], bool]) -> None:
    """Give a node its name, and import `images` into it, as soon as its container runtime answers.

    Upstream's manifest for etcd leaves calico-node to ask for the host's name (calico node/pkg/lifecycle/utils,
    DetermineNodeName), and kind calls hosts after its containers.
    """

    def answers() -> bool:
        return machine.run_status(["crictl", "version"]).succeeded

    try:
        wait_for(answers, until=lambda yes: yes or given_up(), timeout=START_TIMEOUT, interval=0.3)
    except WaitTimeout as error:
        raise LabError(f"the container runtime of {machine.name} does not answer: {error}") from error
    if not given_up():
        machine.run(["hostname", name])
    for number, _image in enumerate(images):
        if given_up():
            return
        argv = ["ctr", "--namespace", "k8s.io", "images", "import", f"{IMAGES}/{number}.tar"]
        machine.run(argv, timeout=IMPORT_TIMEOUT)


def node_addresses(engine: Engine, plan: Topology, *, network: str) -> Mapping[str, str]:
    """The address of every node's container on the lab's network, by the node's name.

    Raises:
        LabError: one does not run.
    """
    form = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
    said = engine.run(
        "inspect", "--format", form, *(node.container for node in plan.nodes), timeout=30
    ).stdout
    found = dict(zip(plan.nodes, said.splitlines(), strict=True))
    without = [node.container for node, address in found.items() if not address.strip()]
    if without:
        raise LabError(f"{' and '.join(without)} has no address, so it does not run: `docker start` may help")
    return {node.name: address.strip() for node, address in found.items()}
