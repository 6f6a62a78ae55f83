"""A registry of the tests' own on the loopback interface, filled with images that take no time to pull."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calicolab.artifacts import images
from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.debian_taken import DebianTaken, Taken
from calicolab.artifacts.docker_programs import DockerPrograms
from calicolab.artifacts.images import Image, ImageConfig
from calicolab.artifacts.progress import Plain
from calicolab.artifacts.registry import mirror, pins
from calicolab.artifacts.registry.pins import Pin
from calicolab.artifacts.registry.skopeo import SkopeoPrograms
from calicolab.command import run
from calicolab.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Taken("bookworm", "docker-registry", "usr/bin/docker-registry", "bin/docker-registry")


@dataclass
class Registry:
    """Debian's docker-registry on `address`; its data is in `folder`."""

    program: Path
    skopeo: Path
    folder: Path
    address: str
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it and wait until it listens."""
        settings = self.folder / "config.yml"
        settings.write_text(
            f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{self.address}'}}\n"
            f"storage: {{filesystem: {{rootdirectory: '{self.folder / 'data'}'}}}}\n"
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(self.program), "serve", str(settings)],
                stdout=log,
                stderr=log,
            )
        wait_for(self._listens, until=bool, timeout=20, interval=0.05)

    def stop(self) -> None:
        """End the process that was started, unless it has ended."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
        self._process = None

    def push(self, image: Image, *, purpose: pins.Purpose) -> Pin:
        """Put a copy of `image` there under its own name; return the row that pins it."""
        name, _, tag = image.name.rpartition(":")
        digest = self.folder / "digest"
        target = f"docker://{self.address}/{name.partition('/')[2]}:{tag}"
        run(
            [
                *(
                    str(self.skopeo / "bin" / "skopeo"),
                    "--insecure-policy",
                    "copy",
                    "--dest-tls-verify=false",
                ),
                *("--digestfile", str(digest), f"docker-archive:{image.archive}", target),
            ],
            timeout=60,
            env=os.environ | {"LD_LIBRARY_PATH": str(self.skopeo / "lib")},
        )
        return Pin(purpose, name, tag, digest.read_text())

    def blob(self, digest: str) -> Path:
        """Where it keeps the content of `digest`."""
        plain = digest.removeprefix("sha256:")
        return self.folder / "data/docker/registry/v2/blobs/sha256" / plain[:2] / plain / "data"

    def _listens(self) -> bool:
        host, _, port = self.address.partition(":")
        with socket.socket() as client:
            return client.connect_ex((host, int(port))) == 0


@pytest.fixture(scope="session")
def skopeo_programs() -> Path:
    """skopeo, as users have it."""
    cache = Cache(default_root())
    return cache.obtain([SkopeoPrograms(cache.root)], report=Plain())[0].files


@pytest.fixture(scope="session")
def server_program() -> Path:
    """Debian's docker-registry."""
    cache = Cache(default_root())
    recipe = DebianTaken(
        cache.root,
        name="docker-registry",
        title="container registry (Debian 12)",
        version=SERVER.suite,
        taken=(SERVER,),
        megabytes=60,
    )
    return cache.obtain([recipe], report=Plain())[0].files / SERVER.placed


@contextmanager
def running(program: Path, skopeo: Path) -> Iterator[Registry]:
    """A registry that runs and is empty; it is ended with all that it holds."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="calicolab-registry-") as folder:
        made = Registry(program, skopeo, Path(folder), f"127.0.0.1:{port}")
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def registry(
    skopeo_programs: Path, server_program: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Registry]:
    """A registry of one test; a setting names it."""
    with running(server_program, skopeo_programs) as made:
        monkeypatch.setenv(mirror.SETTING, made.address)
        yield made


@pytest.fixture(scope="session")
def busybox() -> Path:
    """A folder with a program that needs nothing else: the root of an image."""
    cache = Cache(default_root())
    return cache.obtain([DockerPrograms(cache.root, probe=True)], report=Plain())[0].files


def write_image(folder: Path, name: str, *layers: Path, **texts: str) -> Image:
    """An image of `layers`, and of a layer of its own with `texts` by path, which makes it different from others."""
    own = folder / re.sub(r"[^a-z0-9]", "-", name)
    for path, text in {"name": name, **texts}.items():
        (own / path).parent.mkdir(parents=True, exist_ok=True)
        (own / path).write_text(text)
    return images.write(folder / f"{own.name}.tar", name=name, layers=[*layers, own], config=ImageConfig())


def write_pins(file: Path, *rows: Pin) -> None:
    """Write a file of pins."""
    fields = ("purpose", "name", "tag", "digest")
    file.write_text(
        "\n".join(
            "[[image]]\n" + "\n".join(f'{name} = "{getattr(row, name)}"' for name in fields) + "\n"
            for row in rows
        )
    )
