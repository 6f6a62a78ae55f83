from __future__ import annotations

import json
from pathlib import Path

import pytest

from calicolab.artifacts import images
from calicolab.artifacts.images import Image, ImageConfig
from calicolab.artifacts.kubernetes import baked_image, importer, node_version, unpacking
from calicolab.artifacts.kubernetes.baked_image import BakedImage
from calicolab.errors import UsageError


def make_image(folder: Path, *layers: dict[str, str]) -> Image:
    """An image of layers of texts."""
    folders = []
    for number, texts in enumerate(layers):
        for name, text in texts.items():
            path = folder / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        folders.append(folder / str(number))
    return images.write(folder / "image.tar", name="a.example/node:1", layers=folders, config=ImageConfig())


def test_the_version_is_read_from_the_image(tmp_path: Path) -> None:
    image = make_image(tmp_path, {"kind/version": "v1.0.0"}, {"kind/version": "v1.34.4"}, {"x": ""})
    assert node_version.read(image.archive) == "v1.34.4"


def test_an_image_without_a_version_has_none(tmp_path: Path) -> None:
    assert node_version.read(make_image(tmp_path, {"x": ""}).archive) == ""


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_image_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match="is no image as `docker save` writes it"):
        node_version.read(tmp_path / "file")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("v1.33.1\n", r"a.example/node:1 holds Kubernetes v1\.33\.1, and v1\.34\.4 is asked for"),
        ("", r"a.example/node:1 is no node image of kind"),
    ],
)
def test_a_node_image_of_another_kubernetes_is_refused(found: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        node_version.require(found, wanted="v1.34.4", image="a.example/node:1")


def test_the_right_node_image_is_taken() -> None:
    node_version.require("v1.34.4\n", wanted="v1.34.4", image="a.example/node:1")


def test_layers_have_the_digests_that_containerd_knows_them_by(tmp_path: Path) -> None:
    image = make_image(tmp_path, {"x": ""}, {"y": ""})
    layers = [images.pack(tmp_path / number, tmp_path / f"{number}.layer") for number in ("0", "1")]
    assert importer.layers_of(image.archive) == [f"sha256:{layer.digest}" for layer in layers]
    into = tmp_path / "taken"
    into.mkdir()
    taken = baked_image.take_layers(image.archive, into)
    assert [layer.digest for layer in taken] == [layer.digest for layer in layers]
    assert [layer.tar.read_bytes() for layer in taken] == [layer.tar.read_bytes() for layer in layers]


def test_containers_start_from_kinds_hook_and_no_limits() -> None:
    described = {"process": {"rlimits": [{"type": "RLIMIT_NOFILE"}], "cwd": "/"}, "linux": {}}
    made = json.loads(importer.base_specification(json.dumps(described)))
    assert made["process"] == {"cwd": "/"}
    assert made["hooks"] == {"createContainer": [{"path": "/kind/bin/mount-product-files.sh"}]}


def test_snapshots_lie_where_no_node_copies_them(tmp_path: Path) -> None:
    state, upper = tmp_path / "state", tmp_path / "upper"
    snapshots = state / unpacking.SNAPSHOTS
    for number in ("1", "2"):
        (snapshots / number / "fs").mkdir(parents=True)
        (snapshots / number / "fs" / "file").write_text(number)
    before = Path("/") / unpacking.SHARED / "0"
    (snapshots / "0").mkdir()
    (snapshots / "0" / "fs").symlink_to(before)
    (state / "tmpmounts").mkdir()
    upper.mkdir()
    unpacking.keep(state, upper)
    kept = upper / unpacking.STATE / unpacking.SNAPSHOTS
    assert (kept / "0" / "fs").readlink() == before
    assert (kept / "2" / "fs").readlink() == Path("/") / unpacking.SHARED / "2"
    assert (upper / unpacking.SHARED / "2" / "file").read_text() == "2"
    assert sorted(path.name for path in (upper / unpacking.SHARED).iterdir()) == ["1", "2"]
    assert not (upper / unpacking.STATE / "tmpmounts").exists()


def test_another_image_baked_in_is_another_node_image(tmp_path: Path) -> None:
    def bake(baked_key: str) -> BakedImage:
        return BakedImage(
            cache=tmp_path,
            base=tmp_path / "node.tar",
            root=tmp_path,
            base_key="base",
            version="v1.34.4",
            baked=(),
            baked_key=baked_key,
            what="Calico",
        )

    assert bake("1").key == bake("1").key
    assert bake("1").image_name != bake("2").image_name
    assert bake("1").image_name.startswith("calicolab/node:v1.34.4-")
