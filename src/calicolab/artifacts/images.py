"""Container images from folders: archives as `docker save` writes them, for `docker load` and `ctr images import`.

The same folders give the same bytes. What a layer keeps of a file is its content, its mode, its owner's numbers and, if
a package gave it one, its time. Extended attributes, and with them file capabilities, are left out. A folder holds the
whole of its layer: there are no whiteouts.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import stat
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Part of the key of every entry with an image in it: changes whenever the bytes written here do.
RECIPE = "images 2"
#: The time, in seconds since 1970, of what was made on this machine.
MADE = 1767225600
CREATED = "2026-01-01T00:00:00Z"
#: Packages keep whole seconds of a file's time; what was made here has a fraction as well.
SECOND = 10**9
#: What the image format calls a machine that uname(2) calls otherwise.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image in an archive of its own. `name` is its whole reference, with its tag."""

    name: str
    archive: Path


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image does when it is not told otherwise (OCI image specification, config.md)."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Name or number, "" for root. A pod with runAsNonRoot needs a number.
    user: str = ""
    working_directory: str = ""
    volumes: tuple[str, ...] = ()
    #: Such as "6443/tcp".
    ports: tuple[str, ...] = ()
    #: Such as "SIGRTMIN+3", which systemd wants; the engine's own (SIGTERM) when "".
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """A folder packed once, for every image that stands on it. `digest` is the SHA-256 of `tar`."""

    tar: Path
    digest: str


def pack(folder: Path, tar: Path) -> Layer:
    """Pack all below `folder` into the new file `tar`, in order of the paths.

    Raises:
        ArtifactError: there is something else than files, links and folders.
    """
    with tar.open("xb") as file:
        return Layer(tar=tar, digest=_pack(folder, file))


def write(archive: Path, *, name: str, layers: Sequence[Path | Layer], config: ImageConfig) -> Image:
    """Write the image `name` into the file `archive`.

    Args:
        archive: the file; one that is there is replaced.
        name: the whole reference with its tag, as programs and manifests ask for it.
        layers: folders, or layers packed before, the lowest one first.
        config: what its containers do.

    Raises:
        ArtifactError: `name` has no tag, or a layer has something else than files, links and folders.
    """
    if ":" not in name.rpartition("/")[2] or "@" in name:
        raise ArtifactError(
            f"an image archive needs a name with a tag, such as calico/node:v3.23.2, not {name!r}"
        )
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        digests = [_add_layer(tar, layer, beside=archive.parent) for layer in layers]
        described = _encode(_describe(digests, config))
        config_name = f"{hashlib.sha256(described).hexdigest()}.json"
        _add(tar, config_name, described)
        listed = {"Config": config_name, "RepoTags": [name], "Layers": [_layer_name(d) for d in digests]}
        _add(tar, "manifest.json", _encode([listed]))
    return Image(name=name, archive=archive)


def configuration_digest(image: Image) -> str:
    """The SHA-256 of an archived image's configuration, which is the id that an engine gives it (without "sha256:").

    Raises:
        ArtifactError: it is no archive of one image.
    """
    with tarfile.open(image.archive) as tar:
        listed = tar.extractfile("manifest.json")
        described = json.load(listed) if listed is not None else []
    if len(described) != 1:
        raise ArtifactError(f"{image.archive} holds {len(described)} images, not one")
    return Path(described[0]["Config"]).stem


def _describe(digests: Sequence[str], config: ImageConfig) -> dict[str, object]:
    settings = {
        "Entrypoint": list(config.entrypoint),
        "Cmd": list(config.command),
        "Env": [f"{name}={value}" for name, value in config.environment.items()],
        "User": config.user,
        "WorkingDir": config.working_directory,
        "Volumes": {path: {} for path in config.volumes},
        "ExposedPorts": {port: {} for port in config.ports},
        "StopSignal": config.stop_signal,
        "Labels": dict(config.labels),
    }
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": CREATED,
        "config": {name: value for name, value in settings.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": CREATED} for _digest in digests],
    }


def _add_layer(tar: tarfile.TarFile, layer: Path | Layer, *, beside: Path) -> str:
    if isinstance(layer, Layer):
        with layer.tar.open("rb") as file:
            return _add_file(tar, file, layer.digest)
    # Its size comes first in the archive, so it is packed aside.
    with tempfile.TemporaryFile(dir=beside) as file:
        return _add_file(tar, file, _pack(layer, file))


def _add_file(tar: tarfile.TarFile, file: IO[bytes], digest: str) -> str:
    name = _layer_name(digest)
    if name not in tar.getnames():
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        tar.addfile(_member(name, size=size), file)
    return digest


def _layer_name(digest: str) -> str:
    return f"{digest}.tar"


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_member(name, size=len(data)), io.BytesIO(data))


def _member(name: str, *, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = size, MADE
    return info


def _encode(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _pack(folder: Path, file: IO[bytes]) -> str:
    hashed = _Hashed(file)
    # Streamed: nothing is gone back to, so that the checksum is of what lies there in the end.
    with tarfile.open(fileobj=hashed, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload] # it only writes
        for path in _walk(folder):
            info = _describe_file(path, name=path.relative_to(folder).as_posix())
            if info.isreg():
                with path.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)
    return hashed.sha256.hexdigest()


class _Hashed:
    """A file that is written to, and the checksum of what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        return self._file.write(data)


def _walk(folder: Path) -> Iterator[Path]:
    """All below `folder`: each folder before what is in it, by name."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _describe_file(path: Path, *, name: str) -> tarfile.TarInfo:
    facts = path.lstat()
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid = stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid
    # A package's time stays: Python's compiled modules know that of their sources, and are ignored by any other.
    info.mtime = MADE if facts.st_mtime_ns % SECOND else facts.st_mtime_ns // SECOND
    if stat.S_ISREG(facts.st_mode):
        info.size = facts.st_size
    elif stat.S_ISDIR(facts.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(facts.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
    else:
        raise ArtifactError(
            f"{path} is neither a file nor a link nor a folder, and cannot be part of an image"
        )
    return info
