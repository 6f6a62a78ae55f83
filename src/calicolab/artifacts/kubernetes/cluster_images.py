"""The images that a cluster and its conformance tests ask for, from our own programs, under the names they ask for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from calicolab.artifacts import images
from calicolab.artifacts.images import Image, ImageConfig
from calicolab.command import run
from calicolab.errors import ArtifactError

#: Changes whenever what is done here does.
RECIPE = "cluster images 1"
TIMEOUT = 120.0
#: The part of a name that the tests' own images share.
TEST_IMAGES = "e2e-test-images"
#: Where a program without a path is looked for, as the static pods' commands have none.
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Chooses the kind of iptables that the node's kubelet left its mark in, once, and runs it; Debian's links lead to it.
#: It stands for kubernetes-sigs/iptables-wrappers of kube-proxy's own image.
IPTABLES = """\
#!/bin/sh
mode=legacy
if [ "$(/usr/sbin/iptables-nft-save -t mangle 2>/dev/null | grep -c KUBE-IPTABLES-HINT)" -gt 0 ]; then mode=nft; fi
for name in iptables ip6tables; do
    for tool in "$name" "$name-save" "$name-restore"; do
        ln -sf "/usr/sbin/$name-$mode${tool#"$name"}" "/etc/alternatives/$tool"
    done
done
exec "/usr/sbin/xtables-$mode-multi" "${0##*/}" "$@"
"""
_TOOLS = tuple(
    f"{name}{suffix}" for name in ("iptables", "ip6tables") for suffix in ("", "-save", "-restore")
)


@dataclass(frozen=True)
class Content:
    """What an image holds.

    Attributes:
        files: path in the image, and the file or folder that comes there; a program is executable.
        debian: whether it stands on the Debian root.
        config: what its containers do.
        texts: path in the image, and an executable script's text.
        links: path in the image, and where that link leads.
        folders: paths of empty folders.
    """

    files: Mapping[str, Path]
    debian: bool = False
    config: ImageConfig = field(default_factory=ImageConfig)
    texts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Programs:
    """Folders of the cache that images are made from."""

    kubernetes: Path
    e2e: Path
    coredns: Path
    pause: Path
    debian: Path


def list_needed(programs: Programs, *, version: str) -> dict[str, str]:
    """The images that kubeadm starts a cluster of `version` from, and that the tests run; by short name.

    etcd is not among them: the lab's is outside of the cluster.
    """
    asked = [
        str(programs.kubernetes / "kubeadm"),
        "config",
        "images",
        "list",
        "--kubernetes-version",
        version,
    ]
    listed = run(asked, timeout=TIMEOUT).stdout.split()
    tests = run([str(programs.e2e / "e2e.test"), "--list-images"], timeout=TIMEOUT).stdout.split()
    # Another agnhost is listed too, which is only there to be refused.
    tests = [reference for reference in tests if f"/{TEST_IMAGES}/" in reference]
    made = contents(programs)
    names = {name: reference for reference in (*tests, *listed) if (name := short_name(reference)) in made}
    if missing := made.keys() - names.keys():
        raise ArtifactError(
            f"neither kubeadm nor e2e.test of Kubernetes {version} asks for {', '.join(sorted(missing))}: "
            "their images have other names in this version"
        )
    return names


def short_name(reference: str) -> str:
    """The last part of an image's name, without its tag."""
    return reference.rpartition("/")[2].partition(":")[0]


def contents(programs: Programs) -> dict[str, Content]:
    """What each image holds, by its short name."""
    kubernetes = programs.kubernetes
    searched = {"PATH": SEARCH_PATH}

    def control_plane(name: str) -> Content:
        program = f"usr/local/bin/{name}"
        config = ImageConfig(entrypoint=(f"/{program}",), environment=searched)
        return Content(files={program: kubernetes / name}, config=config, folders=("tmp",))

    return {
        **{
            name: control_plane(name)
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        },
        "kube-proxy": Content(
            files={"usr/local/bin/kube-proxy": kubernetes / "kube-proxy"},
            debian=True,
            config=ImageConfig(entrypoint=("/usr/local/bin/kube-proxy",), environment=searched),
            texts={"usr/sbin/iptables-wrapper": IPTABLES},
            links={f"etc/alternatives/{tool}": "/usr/sbin/iptables-wrapper" for tool in _TOOLS},
        ),
        # Not as a user of its own: that takes a file capability to listen on port 53, and layers carry none.
        "coredns": Content(
            files={"coredns": programs.coredns / "coredns"}, config=ImageConfig(entrypoint=("/coredns",))
        ),
        "pause": Content(
            files={"pause": programs.pause / "pause"},
            config=ImageConfig(entrypoint=("/pause",), user="65535:65535"),
        ),
        "agnhost": Content(
            files={
                "agnhost": kubernetes / "agnhost",
                "localhost.crt": kubernetes / "porter" / "localhost.crt",
                "localhost.key": kubernetes / "porter" / "localhost.key",
            },
            debian=True,
            config=ImageConfig(entrypoint=("/agnhost",), command=("pause",), environment=searched),
            links={"agnhost-2": "agnhost"},
            folders=("uploads",),
        ),
        "jessie-dnsutils": Content(files={}, debian=True, config=ImageConfig(environment=searched)),
    }


def make(programs: Programs, *, version: str, into: Path) -> tuple[Image, ...]:
    """Write an archive of each image into the folder `into`."""
    debian = images.pack(programs.debian, into / "debian.layer")
    made = []
    for name, reference in list_needed(programs, version=version).items():
        content = contents(programs)[name]
        folder = into / name
        lay_out(content, folder)
        layers: list[Path | images.Layer] = [debian] if content.debian else []
        if any(folder.iterdir()):
            layers.append(folder)
        archive = into / f"{name}.tar"
        made.append(images.write(archive, name=reference, layers=layers, config=content.config))
    return tuple(made)


def lay_out(content: Content, folder: Path) -> None:
    """Make the top layer of an image in the new folder `folder`."""
    folder.mkdir()
    for place, source in content.files.items():
        to = folder / place
        to.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, to)
    for place, text in content.texts.items():
        to = folder / place
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)
        to.chmod(0o755)
    for place, target in content.links.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).symlink_to(target)
    for place in content.folders:
        (folder / place).mkdir(parents=True)
        (folder / place).chmod(0o1777)
