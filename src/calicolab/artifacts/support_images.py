"""The images beside Calico's and Kubernetes': etcd, the pods that talk to each other, and kind's load balancer."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk, images
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.debian import PrivateApt, package_version, unpack
from calicolab.artifacts.debian_root import SUITE
from calicolab.artifacts.images import ImageConfig
from calicolab.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts.progress import Step

#: Names of our own; the domain is one that nobody can ever have (RFC 2606), so they are never pulled.
ETCD_NAME, POD_NAME = "calicolab.invalid/etcd:3.5", "calicolab.invalid/pod:bookworm"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ETCD_PROGRAMS = ("usr/bin/etcd", "usr/bin/etcdctl")
#: haproxy and those of its libraries that the root does not have.
LOAD_BALANCER_PACKAGES = ("haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")
LOAD_BALANCER_TAKEN = ("usr/sbin", "usr/lib/x86_64-linux-gnu")
#: Where kind writes the real configuration before it has haproxy read it again (pkg/cluster/internal/loadbalancer and
#: create/actions/loadbalancer of kind v0.30). Until then one must be there that haproxy starts with.
LOAD_BALANCER_FILE = "usr/local/etc/haproxy/haproxy.cfg"
LOAD_BALANCER_CONFIGURATION = """\
defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend control-plane
  bind *:6443
  default_backend kube-apiservers
backend kube-apiservers
"""
#: kind's configuration wants 100000 connections. Where the engine grants fewer files than that takes, HAProxy 2.6 would
#: not start; 2.2, which kind's own image has, says so and goes on (global section, strict-limits).
LIMITS_FILE = "usr/local/etc/haproxy/limits.cfg"
LIMITS = """\
global
  no strict-limits
"""
_IMAGE_CONSTANT = re.compile(r'^const Image = "(?P<name>[^"]+)"$', re.MULTILINE)
MEGABYTES = 1200


def load_balancer_name(source: str) -> str:
    """The image that kind asks for, in the Go source `source` (pkg/cluster/internal/loadbalancer/const.go).

    Raises:
        ArtifactError: it is not said there.
    """
    match = _IMAGE_CONSTANT.search(source)
    if match is None:
        raise ArtifactError(
            "kind's source does not say what its load balancer's image is called: no `const Image`"
        )
    return match["name"]


class SupportImages:
    """Recipe of etcd.tar, pod.tar and load-balancer.tar; `parts_key` stands for the other entries.

    Args:
        cache: the cache's root.
        debian: the root file system, which all of them stand on.
        machine: the folder that etcd's programs are taken from.
        load_balancer_source: kind's source with the load balancer's name.
        parts_key: checksum of the keys of the entries that these are in.
    """

    name = "support-images"
    version = SUITE
    title = "images of etcd, pods and load balancer"

    def __init__(
        self, *, cache: Path, debian: Path, machine: Path, load_balancer_source: Path, parts_key: str
    ) -> None:
        self._cache, self._debian, self._machine = cache, debian, machine
        self._load_balancer_source, self._parts_key = load_balancer_source, parts_key
        self._apt = PrivateApt(cache / "apt" / SUITE, suite=SUITE)

    @property
    def key(self) -> str:
        """Checksum of what they are made of, and how."""
        return checksum(
            "support images 1",
            images.RECIPE,
            self._parts_key,
            ETCD_NAME,
            POD_NAME,
            *ETCD_PROGRAMS,
            *LOAD_BALANCER_PACKAGES,
            *LOAD_BALANCER_TAKEN,
            LOAD_BALANCER_FILE,
            LOAD_BALANCER_CONFIGURATION,
            LIMITS_FILE,
            LIMITS,
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for three archives with a root file system each."""
        return (disk.Need(self._cache, MEGABYTES, self.title),)

    def check(self) -> None:
        """See that we may read all of the root file system, and that the mirror answers."""
        if os.geteuid() != 0:
            raise UsageError(
                f"the {self.title} are not in the cache, and only root can make them: run this as root"
            )
        self._apt.update()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Lay the images out and pack them; the root file system under them is packed once."""
        work = into.parent / "work"
        work.mkdir()
        name = load_balancer_name(self._load_balancer_source.read_text())
        haproxy = self._unpack_load_balancer(work / "load-balancer", step)
        step.stage("packing")
        root = images.pack(self._debian, work / "root.tar")
        for program in ETCD_PROGRAMS:
            (work / "etcd" / program).parent.mkdir(parents=True, exist_ok=True)
            os.link(self._machine / program, work / "etcd" / program)
        environment = {"PATH": PATH}
        images.write(
            into / "etcd.tar",
            name=ETCD_NAME,
            layers=[root, work / "etcd"],
            config=ImageConfig(entrypoint=("/usr/bin/etcd",), environment=environment),
        )
        images.write(
            into / "pod.tar",
            name=POD_NAME,
            layers=[root],
            config=ImageConfig(command=("sleep", "infinity"), environment=environment),
        )
        images.write(
            into / "load-balancer.tar",
            name=name,
            layers=[root, work / "load-balancer"],
            # -W -db: a master process in the foreground, which reads its configuration again on SIGHUP.
            config=ImageConfig(
                entrypoint=("haproxy", "-W", "-db", "-f", f"/{LIMITS_FILE}", "-f", f"/{LOAD_BALANCER_FILE}"),
                environment=environment,
                stop_signal="SIGUSR1",
            ),
        )
        shutil.rmtree(work)
        return {"haproxy": haproxy}

    def _unpack_load_balancer(self, layer: Path, step: Step) -> str:
        """Put haproxy and its libraries into the folder `layer`; return which version it is."""
        step.stage("fetching packages")
        archives = self._apt.download(LOAD_BALANCER_PACKAGES, on_line=lambda _line: None)
        unpacked = layer.with_name("unpacked")
        for archive in archives:
            unpack(archive, unpacked)
        for taken in LOAD_BALANCER_TAKEN:
            shutil.copytree(unpacked / taken, layer / taken, symlinks=True)
        for file, text in ((LOAD_BALANCER_FILE, LOAD_BALANCER_CONFIGURATION), (LIMITS_FILE, LIMITS)):
            (layer / file).parent.mkdir(parents=True, exist_ok=True)
            (layer / file).write_text(text)
        return f"debian {package_version(archives[0])}"
