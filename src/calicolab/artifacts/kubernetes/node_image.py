"""The image of a kind node: its root, Kubernetes' programs, and what containerd unpacked of the cluster's images."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk, images
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.images import ImageConfig
from calicolab.artifacts.kubernetes import cluster_images, node_root, unpacking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.kubernetes.cluster_images import Programs
    from calicolab.artifacts.progress import Step

#: Changes whenever what is done here does.
RECIPE = "node image 1"
ARCHIVE = "node.tar"
#: Which image has which name: kubeadm and the tests say it, and it is asked once, here.
NAMES = "images.json"
MEGABYTES = 3000
#: systemd's own way to be asked to stop, and its sign that it is in a container (kind's Dockerfile, images/base).
CONFIG = ImageConfig(
    entrypoint=("/usr/local/bin/entrypoint", "/sbin/init"),
    environment={"container": "docker", "PATH": cluster_images.SEARCH_PATH},
    stop_signal="SIGRTMIN+3",
)
#: kind applies what it finds. Without a class of its own it would make one whose provisioner no longer exists.
STORAGE = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations:
    storageclass.kubernetes.io/is-default-class: "true"
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
"""


@dataclass(frozen=True)
class Parts:
    """What a node image is made of: folders of the cache, and the checksum of the recipes behind them."""

    programs: Programs
    crictl: Path
    root: Path
    keys: tuple[str, ...]


class NodeImage:
    """Recipe of the node image of Kubernetes `version`."""

    name = "node-image"

    def __init__(self, *, cache: Path, version: str, parts: Parts) -> None:
        self._cache, self._parts = cache, parts
        self.version = version
        self.title = f"node image of Kubernetes {version}"

    @property
    def key(self) -> str:
        """Checksum of its parts and of what is done with them."""
        recipes = (
            RECIPE,
            images.RECIPE,
            cluster_images.RECIPE,
            unpacking.RECIPE,
            cluster_images.IPTABLES,
            STORAGE,
        )
        return checksum(*recipes, self.version, *self._parts.keys)

    @property
    def image_name(self) -> str:
        """What engines call it: another content has another name."""
        return f"calicolab/node:{self.version}-{self.key[:12]}"

    def needs(self) -> Sequence[disk.Need]:
        """The room for the images' archives, for what is unpacked of them, and for the node's archive."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """Nothing beyond what its parts need."""

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Make the images, have them unpacked, and pack the node."""
        scratch = into.parent / "scratch"
        archives, upper, unpacked = scratch / "archives", scratch / "upper", scratch / "unpacked"
        for folder in (scratch, archives, upper, unpacked):
            folder.mkdir()
        step.stage("making the cluster's images")
        made = cluster_images.make(self._parts.programs, version=self.version, into=archives)
        names = {cluster_images.short_name(image.name): image.name for image in made}
        self._lay_out(upper, pause=names["pause"])
        unpacking.unpack(archives, root=[self._parts.root], upper=upper, scratch=unpacked, step=step)
        step.stage("packing")
        shutil.rmtree(archives)
        archive = into / ARCHIVE
        images.write(archive, name=self.image_name, layers=[self._parts.root, upper], config=CONFIG)
        (into / NAMES).write_text(json.dumps(names, indent=2, sort_keys=True))
        shutil.rmtree(scratch)
        return {"node image": f"{self.image_name} with {', '.join(sorted(names.values()))}"}

    def _lay_out(self, upper: Path, *, pause: str) -> None:
        programs = self._parts.programs.kubernetes
        binaries = upper / "usr" / "bin"
        binaries.mkdir(parents=True)
        for name in ("kubeadm", "kubelet", "kubectl"):
            os.link(programs / name, binaries / name)
        local = upper / "usr" / "local" / "bin"
        local.mkdir(parents=True)
        os.link(self._parts.crictl / "crictl", local / "crictl")
        kind = upper / "kind"
        (kind / "manifests").mkdir(parents=True)
        (kind / "version").write_text(self.version)
        (kind / "manifests" / "default-storage.yaml").write_text(STORAGE)
        settings = Path("etc") / "containerd" / "config.toml"
        (upper / settings).parent.mkdir(parents=True)
        text = (self._parts.root / settings).read_text()
        (upper / settings).write_text(node_root.containerd_settings(text, pause=pause))
