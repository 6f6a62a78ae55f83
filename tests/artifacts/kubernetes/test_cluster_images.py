from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from calicolab.artifacts.kubernetes import cluster_images
from calicolab.artifacts.kubernetes.cluster_images import Content, Programs
from calicolab.errors import ArtifactError

KUBEADM = [
    *(f"a.example/{name}:v9" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
    *("a.example/kube-proxy:v9", "a.example/coredns/coredns:v8", "a.example/pause:3", "a.example/etcd:7"),
]
TESTS = [
    "a.example/refused/agnhost:2.6",
    "a.example/e2e-test-images/agnhost:2.56",
    "a.example/e2e-test-images/jessie-dnsutils:1.7",
    "a.example/e2e-test-images/busybox:1",
]


def make_programs(folder: Path, *, kubeadm: list[str], tests: list[str]) -> Programs:
    """Programs that print `kubeadm` and `tests` when they are asked for images, and files for the rest."""
    folders = {name: folder / name for name in ("kubernetes", "e2e", "coredns", "pause", "debian")}
    for path in folders.values():
        path.mkdir()
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "agnhost")
    for path in [
        *(folders["kubernetes"] / name for name in names),
        *(folders["kubernetes"] / "porter" / name for name in ("localhost.crt", "localhost.key")),
        folders["coredns"] / "coredns",
        folders["pause"] / "pause",
        folders["debian"] / "os-release",
    ]:
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.name)
    for path, lines in ((folders["kubernetes"] / "kubeadm", kubeadm), (folders["e2e"] / "e2e.test", tests)):
        path.write_text("#!/bin/sh\ncat <<END\n" + "\n".join(lines) + "\nEND\n")
        path.chmod(0o755)
    return Programs(**folders)


def test_images_have_the_names_that_programs_ask_for(tmp_path: Path) -> None:
    programs = make_programs(tmp_path, kubeadm=KUBEADM, tests=TESTS)
    names = cluster_images.list_needed(programs, version="v9")
    assert names["coredns"] == "a.example/coredns/coredns:v8"
    assert names["agnhost"] == "a.example/e2e-test-images/agnhost:2.56"
    assert names["pause"] == "a.example/pause:3"
    assert "etcd" not in names
    assert "busybox" not in names


def test_an_image_that_nobody_asks_for_is_named(tmp_path: Path) -> None:
    programs = make_programs(tmp_path, kubeadm=KUBEADM[1:], tests=TESTS)
    with pytest.raises(ArtifactError, match="asks for kube-apiserver: their images have other names"):
        cluster_images.list_needed(programs, version="v9")


def test_each_archive_holds_its_program(tmp_path: Path) -> None:
    programs = make_programs(tmp_path, kubeadm=KUBEADM, tests=TESTS)
    into = tmp_path / "images"
    into.mkdir()
    made = cluster_images.make(programs, version="v9", into=into)
    assert sorted(image.name for image in made) == sorted([*KUBEADM[:-1], *TESTS[1:3]])
    layers = {image.name: layers_of(image.archive) for image in made}
    assert layers["a.example/pause:3"] == [["pause"]]
    assert layers["a.example/kube-apiserver:v9"][0][-1] == "usr/local/bin/kube-apiserver"
    assert layers["a.example/e2e-test-images/jessie-dnsutils:1.7"] == [["os-release"]]
    debian, proxy = layers["a.example/kube-proxy:v9"]
    assert debian == ["os-release"]
    assert "etc/alternatives/ip6tables-restore" in proxy


def layers_of(archive: Path) -> list[list[str]]:
    """The names in each layer of the image in `archive`."""
    with tarfile.open(archive) as image:
        (described,) = json.load(image.extractfile("manifest.json") or pytest.fail("no manifest"))
        found = []
        for layer in described["Layers"]:
            with tarfile.open(fileobj=image.extractfile(layer)) as files:
                found.append(files.getnames())
    return found


def test_a_layer_has_its_folders_links_and_scripts(tmp_path: Path) -> None:
    content = Content(files={}, texts={"bin/x": "#!/bin/sh\n"}, links={"bin/y": "x"}, folders=("tmp",))
    cluster_images.lay_out(content, tmp_path / "layer")
    assert (tmp_path / "layer" / "bin" / "x").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "layer" / "bin" / "y").readlink() == Path("x")
    assert (tmp_path / "layer" / "tmp").stat().st_mode & 0o7777 == 0o1777


@pytest.mark.parametrize(
    ("rules", "chosen"),
    [(":KUBE-IPTABLES-HINT - [0:0]", "nft"), (":PREROUTING ACCEPT [0:0]", "legacy")],
)
@pytest.mark.parametrize("called", ["iptables", "ip6tables-restore"])
def test_iptables_follows_the_kubelet(tmp_path: Path, rules: str, chosen: str, called: str) -> None:
    programs, alternatives = tmp_path / "sbin", tmp_path / "alternatives"
    programs.mkdir()
    alternatives.mkdir()
    for name, text in {
        "iptables-nft-save": f"echo '{rules}'",
        "xtables-nft-multi": 'echo nft "$@"',
        "xtables-legacy-multi": 'echo legacy "$@"',
        "wrapper": cluster_images.IPTABLES.replace("/usr/sbin", str(programs)).replace(
            "/etc/alternatives", str(alternatives)
        ),
    }.items():
        (programs / name).write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    (programs / called).symlink_to("wrapper")
    said = subprocess.run([programs / called, "-L"], capture_output=True, text=True, check=True).stdout
    assert said == f"{chosen} {called} -L\n"
    assert (alternatives / "iptables-save").readlink() == programs / f"iptables-{chosen}-save"
    assert (alternatives / "ip6tables").readlink() == programs / f"ip6tables-{chosen}"
