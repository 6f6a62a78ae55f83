from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from calicolab.artifacts import images
from calicolab.artifacts.images import ImageConfig
from calicolab.errors import ArtifactError

NAME = "example.org/some/pod:v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "folder")


def make_folder(folder: Path) -> Path:
    (folder / "usr" / "bin").mkdir(parents=True)
    (folder / "usr" / "bin" / "program").write_bytes(b"\x7fELF")
    (folder / "usr" / "bin" / "program").chmod(0o4755)
    (folder / "usr" / "bin" / ("long" * 50)).write_text("a name of more than 100 bytes")
    (folder / "bin").symlink_to("usr/bin")
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    return folder


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr] # all are files


def layer_members(archive: Path, tmp_path: Path, *, number: int = 0) -> dict[str, tarfile.TarInfo]:
    held = contents(archive)
    (described,) = json.loads(held["manifest.json"])
    (tmp_path / "layer.tar").write_bytes(held[described["Layers"][number]])
    with tarfile.open(tmp_path / "layer.tar") as tar:
        return {member.name: member for member in tar}


def test_the_archive_names_the_image_its_config_and_its_layers(tmp_path: Path, folder: Path) -> None:
    image = images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=ImageConfig())
    assert image == images.Image(name=NAME, archive=tmp_path / "image.tar")
    held = contents(image.archive)
    (described,) = json.loads(held["manifest.json"])
    assert described["RepoTags"] == [NAME]
    assert described["Config"] == hashlib.sha256(held[described["Config"]]).hexdigest() + ".json"
    digests = [hashlib.sha256(held[name]).hexdigest() for name in described["Layers"]]
    config = json.loads(held[described["Config"]])
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]}
    assert config["os"] == "linux"


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    other = make_folder(tmp_path / "other")
    # Made at another time, listed in another order.
    os.utime(other / "usr" / "bin" / "program", ns=(1, 500 * images.SECOND + 1))
    first, second = (
        images.write(tmp_path / f"{made.name}.tar", name=NAME, layers=[made], config=ImageConfig())
        for made in (folder, other)
    )
    assert first.archive.read_bytes() == second.archive.read_bytes()


def test_the_time_that_a_package_gave_stays(tmp_path: Path, folder: Path) -> None:
    os.utime(folder / "usr" / "bin" / "program", (1_800_000_000, 1_800_000_000))
    image = images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=ImageConfig())
    members = layer_members(image.archive, tmp_path)
    assert members["usr/bin/program"].mtime == 1_800_000_000
    assert members["tmp"].mtime == images.MADE


def test_files_keep_their_modes_and_links_their_targets(tmp_path: Path, folder: Path) -> None:
    image = images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=ImageConfig())
    members = layer_members(image.archive, tmp_path)
    assert set(members) == {"bin", "tmp", "usr", "usr/bin", "usr/bin/program", "usr/bin/" + "long" * 50}
    assert members["usr/bin/program"].mode == 0o4755
    assert members["tmp"].mode == 0o1777
    assert members["tmp"].isdir()
    assert members["bin"].issym()
    assert members["bin"].linkname == "usr/bin"
    assert not members["bin"].uname


def test_names_lie_in_order(tmp_path: Path, folder: Path) -> None:
    for number in (*range(9, 0, -2), *range(8, -1, -2)):
        (folder / "tmp" / str(number)).touch()
    image = images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=ImageConfig())
    numbers = [name for name in layer_members(image.archive, tmp_path) if name.startswith("tmp/")]
    assert numbers == [f"tmp/{number}" for number in range(10)]


def test_a_second_name_of_a_file_is_a_file_again(tmp_path: Path, folder: Path) -> None:
    (folder / "again").hardlink_to(folder / "usr" / "bin" / "program")
    image = images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=ImageConfig())
    assert all(not member.islnk() for member in layer_members(image.archive, tmp_path).values())


def test_a_layer_packed_before_is_the_same_as_its_folder(tmp_path: Path, folder: Path) -> None:
    layer = images.pack(folder, tmp_path / "packed.tar")
    assert layer.digest == hashlib.sha256(layer.tar.read_bytes()).hexdigest()
    packed = images.write(tmp_path / "a.tar", name=NAME, layers=[layer], config=ImageConfig())
    direct = images.write(tmp_path / "b.tar", name=NAME, layers=[folder], config=ImageConfig())
    assert packed.archive.read_bytes() == direct.archive.read_bytes()


def test_layers_lie_in_the_order_given_and_each_once(tmp_path: Path, folder: Path) -> None:
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "etc").write_text("above")
    image = images.write(
        tmp_path / "image.tar", name=NAME, layers=[folder, upper, folder], config=ImageConfig()
    )
    (described,) = json.loads(contents(image.archive)["manifest.json"])
    first, second, third = described["Layers"]
    assert first == third != second
    assert set(layer_members(image.archive, tmp_path, number=1)) == {"etc"}
    with tarfile.open(image.archive) as tar:
        assert len(tar.getnames()) == 4


def test_the_config_says_what_containers_do(tmp_path: Path, folder: Path) -> None:
    config = ImageConfig(
        entrypoint=("/init",),
        command=("-x",),
        environment={"PATH": "/bin", "container": "docker"},
        user="999",
        volumes=("/var",),
        ports=("6443/tcp",),
        stop_signal="SIGRTMIN+3",
    )
    image = images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=config)
    held = contents(image.archive)
    (described,) = json.loads(held["manifest.json"])
    assert json.loads(held[described["Config"]])["config"] == {
        "Entrypoint": ["/init"],
        "Cmd": ["-x"],
        "Env": ["PATH=/bin", "container=docker"],
        "User": "999",
        "Volumes": {"/var": {}},
        "ExposedPorts": {"6443/tcp": {}},
        "StopSignal": "SIGRTMIN+3",
    }


@pytest.mark.parametrize("name", ["example.org/pod", "localhost:5000/pod", "example.org/pod:1@sha256:00"])
def test_a_name_without_a_tag_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="needs a name with a tag"):
        images.write(tmp_path / "image.tar", name=name, layers=[folder], config=ImageConfig())


def test_what_is_no_file_is_refused(tmp_path: Path, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArtifactError, match="pipe is neither"):
        images.write(tmp_path / "image.tar", name=NAME, layers=[folder], config=ImageConfig())
