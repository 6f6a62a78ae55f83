from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import calico_image_archives as archives
from calicolab.artifacts.calico_image_programs import CHECK_STATUS, CONTROLLERS, INSTALL, WRAPPER, programs_in
from calicolab.artifacts.support_images import load_balancer_name
from calicolab.calico.versions import lookup
from calicolab.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

CMD = "github.com/projectcalico/calico/"


@pytest.fixture
def binaries(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "binaries"
    folder.mkdir()
    programs = {}
    for package in (CONTROLLERS, CHECK_STATUS, INSTALL, WRAPPER):
        program = folder / package.rpartition("/")[2]
        program.write_text(package)
        program.chmod(0o755)
        programs[package] = program
    return programs


@pytest.fixture
def plugins(tmp_path: Path) -> list[Path]:
    machine, more = tmp_path / "machine" / archives.PLUGINS, tmp_path / "more" / archives.PLUGINS
    for folder, names in ((machine, ("calico", "cnitool", "portmap")), (more, ("host-local",))):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(name)
    (machine / "calico-ipam").symlink_to("calico")
    return [tmp_path / "machine", tmp_path / "more"]


def read(archive: Path, tmp_path: Path) -> tuple[dict[str, tarfile.TarInfo], dict[str, object]]:
    """The members of the only layer, and the config."""
    with tarfile.open(archive) as tar:
        held = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr] # all are files
    (described,) = json.loads(held["manifest.json"])
    (layer,) = described["Layers"]
    (tmp_path / "layer.tar").write_bytes(held[layer])
    with tarfile.open(tmp_path / "layer.tar") as tar:
        return {member.name: member for member in tar}, json.loads(held[described["Config"]])["config"]


def test_programs_are_those_that_the_version_has(tmp_path: Path) -> None:
    assert programs_in(tmp_path) == (CONTROLLERS, CHECK_STATUS)
    (tmp_path / INSTALL.removeprefix(CMD)).mkdir(parents=True)
    assert programs_in(tmp_path) == (CONTROLLERS, CHECK_STATUS, INSTALL)


def test_the_cni_image_holds_plugins_and_installer_but_no_tool_of_a_lab(
    tmp_path: Path, binaries: dict[str, Path], plugins: list[Path]
) -> None:
    archives._write_cni(tmp_path, "x/cni:v1", folder=tmp_path / "cni", plugins=plugins, programs=binaries)
    members, config = read(tmp_path / "cni.tar", tmp_path)
    names = {name.removeprefix("opt/cni/bin/") for name in members if name.startswith("opt/cni/bin/")}
    assert names == {"calico", "calico-ipam", "install", "portmap", "host-local"}
    assert members["opt/cni/bin/install"].isreg()
    assert config["Cmd"] == ["/opt/cni/bin/install"]


def test_an_old_plugin_is_its_own_installer(
    tmp_path: Path, binaries: dict[str, Path], plugins: list[Path]
) -> None:
    del binaries[INSTALL]
    archives._write_cni(tmp_path, "x/cni:v1", folder=tmp_path / "cni", plugins=plugins, programs=binaries)
    members, _config = read(tmp_path / "cni.tar", tmp_path)
    assert members["opt/cni/bin/install"].linkname == "calico"
    assert (plugins[0] / archives.PLUGINS / "cnitool").exists(), "the machine's own folder stays as it is"


@pytest.mark.root
@pytest.mark.parametrize("wrapped", [True, False])
def test_the_controllers_run_as_a_number_that_may_write_their_state(
    tmp_path: Path, binaries: dict[str, Path], wrapped: bool
) -> None:
    if not wrapped:
        del binaries[WRAPPER]
    archives._write_controllers(tmp_path, "x/c:v1", folder=tmp_path / "controllers", programs=binaries)
    members, config = read(tmp_path / "kube-controllers.tar", tmp_path)
    assert config["User"] == "999"
    assert members["status/status.json"].uid == 999
    assert members["usr/bin/check-status"].mode == 0o755
    entry = ["/usr/bin/wrapper", "/usr/bin/kube-controllers"]
    assert config["Entrypoint"] == (entry if wrapped else entry[1:])


def test_a_manifest_that_asks_for_other_images_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "calico-etcd.yaml"
    manifest.write_text(
        "".join(f"image: a/{name}:v1\n" for name in ("node", "cni", "kube-controllers", "flexvol"))
    )
    parts = archives.Parts(debian=tmp_path, container=tmp_path, plugins=(), manifest=manifest)
    recipe = archives.CalicoImageArchives(lookup("v3.23.2"), cache=tmp_path, parts=parts, parts_key="x")
    with pytest.raises(UsageError, match="a/flexvol:v1"):
        recipe._names()


def test_the_load_balancers_name_is_read_from_kinds_source() -> None:
    source = 'package loadbalancer\n\nconst Image = "example.org/haproxy:v1"\n\nconst ConfigPath = "/x"\n'
    assert load_balancer_name(source) == "example.org/haproxy:v1"
    with pytest.raises(ArtifactError, match="no `const Image`"):
        load_balancer_name("package loadbalancer\n")
