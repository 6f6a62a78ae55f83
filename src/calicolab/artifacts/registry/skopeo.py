"""skopeo, which pulls an image by its digest into a file without an engine: from Debian's packages, like the engine.

It checks what it gets: the manifest against the digest that was asked for, and each layer against the manifest.
"""

from __future__ import annotations

import os
import platform
import re
from typing import TYPE_CHECKING

import msgspec

from calicolab.artifacts import disk
from calicolab.artifacts.debian_taken import DebianTaken, Taken
from calicolab.artifacts.images import ARCHITECTURES
from calicolab.artifacts.registry.mirror import SETTING, Mirror, place_of
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.command import run_status
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from calicolab.artifacts.registry.pins import Pin

_SUITE, _LIBRARIES = "bookworm", "usr/lib/x86_64-linux-gnu"
#: With the libraries that apt does not link to.
TAKEN = (
    Taken(_SUITE, "skopeo", "usr/bin/skopeo", "bin/skopeo"),
    Taken(_SUITE, "libgpgme11", f"{_LIBRARIES}/libgpgme.so.11", "lib/libgpgme.so.11"),
    Taken(_SUITE, "libassuan0", f"{_LIBRARIES}/libassuan.so.0", "lib/libassuan.so.0"),
    Taken(
        _SUITE,
        "libdevmapper1.02.1",
        "lib/x86_64-linux-gnu/libdevmapper.so.1.02.1",
        "lib/libdevmapper.so.1.02.1",
    ),
)
#: Seconds for a registry to say what an image consists of, and to give all of it.
ASK_TIMEOUT, PULL_TIMEOUT = 60.0, 1800.0
#: How often skopeo asks again after a hiccup while it pulls; whether the registry answers at all was seen before.
RETRIES = "2"
_MESSAGE = re.compile(r'msg="(?P<said>(?:[^"\\]|\\.)*)"')
_BLOB = re.compile(r"Copying blob (?P<digest>sha256:[0-9a-f]{64})")
#: Go's words for a registry that cannot be reached.
_NO_ANSWER = re.compile(
    r"connection refused|no such host|Temporary failure in name resolution|network is unreachable|no route to host"
    r"|i/o timeout|timeout exceeded|deadline exceeded|connection reset|server misbehaving|name resolution"
)
_NOT_THERE = re.compile(r"manifest unknown|name unknown|not found|does not exist")
_NOT_ALLOWED = re.compile(r"unauthorized|denied|authentication required")
_TOO_MANY = re.compile(r"toomanyrequests|too many requests", re.IGNORECASE)
#: skopeo's words for a manifest and for a layer that are not what their digests say.
_OTHER_CONTENT = re.compile(
    r"does not match provided manifest digest|[Dd]igest did not match|does not match digest"
)


class SkopeoPrograms(DebianTaken):
    """Recipe of skopeo and its libraries."""

    def __init__(self, cache: Path) -> None:
        title = "skopeo (Debian 12)"
        super().__init__(cache, name="skopeo", title=title, version=_SUITE, taken=TAKEN, megabytes=60)


class Layer(msgspec.Struct, frozen=True):
    """A layer as the registry has it, compressed. `size` is in bytes."""

    digest: str
    size: int


class _Platform(msgspec.Struct):
    os: str = ""
    architecture: str = ""


class _Listed(msgspec.Struct):
    digest: str
    platform: _Platform = msgspec.field(default_factory=_Platform)


class _Manifest(msgspec.Struct):
    """A manifest, or a list of them for several machines (OCI image specification, manifest.md and image-index.md)."""

    layers: tuple[Layer, ...] = ()
    manifests: tuple[_Listed, ...] = ()


class Skopeo:
    """The program in the entry `programs`, and the registry that it asks."""

    def __init__(self, programs: Path, *, mirror: Mirror | None) -> None:
        self._programs, self._mirror = programs, mirror

    def layers(self, pin: Pin) -> tuple[Layer, ...]:
        """The layers of the image for this machine, of which nothing is fetched yet.

        Raises:
            ArtifactError: the registry does not answer, or has no such image.
        """
        manifest = self._manifest(pin, pin.digest)
        if manifest.manifests:
            manifest = self._manifest(pin, _for_this_machine(pin, manifest))
        return manifest.layers

    def pull(self, pin: Pin, archive: Path, *, work: Path, on_layer: Callable[[str], None]) -> None:
        """Pull the image into the new file `archive`, as `docker save` would write it.

        Args:
            pin: the image.
            archive: the file.
            work: a folder for layers on their way.
            on_layer: told the digest of each layer when it begins.

        Raises:
            ArtifactError: it could not be had, or is not what its digest says; nothing of it is left.
        """

        def hear(line: str) -> None:
            if match := _BLOB.match(line):
                on_layer(match["digest"])

        argv = [
            *self._argv("copy"),
            *("--retry-times", RETRIES),
            *self._plainly("--src-tls-verify=false"),
            f"docker://{place_of(pin, self._mirror)}",
            # By its name alone: a colon in the folder's would end the path.
            f"docker-archive:{archive.name}:{pin.reference}",
        ]
        try:
            follow(argv, timeout=PULL_TIMEOUT, env=self._environment(work), cwd=archive.parent, on_line=hear)
        except ProgramFailed as failed:
            archive.unlink(missing_ok=True)
            if disk.ran_out(failed.said):
                raise ArtifactError(f"no free disk is left in {work}; {disk.REMEDY}") from failed
            raise self._told_clearly(pin, failed.said) from failed

    def _manifest(self, pin: Pin, digest: str) -> _Manifest:
        place = f"{place_of(pin, self._mirror).rpartition('@')[0]}@{digest}"
        argv = [*self._argv("inspect"), "--raw", *self._plainly("--tls-verify=false"), f"docker://{place}"]
        result = run_status(argv, timeout=ASK_TIMEOUT, env=self._environment(None))
        if not result.succeeded:
            raise self._told_clearly(pin, result.stderr)
        try:
            return msgspec.json.decode(result.stdout, type=_Manifest)
        except msgspec.MsgspecError as error:
            raise ArtifactError(f"the manifest of {pin.pinned} is of no known form: {error}") from error

    def _argv(self, command: str) -> list[str]:
        # No policy of this machine about signatures: a digest says exactly what it has to be.
        program = str(self._programs / "bin" / "skopeo")
        return [
            program,
            "--insecure-policy",
            "--override-os",
            "linux",
            "--override-arch",
            _architecture(),
            command,
        ]

    def _plainly(self, option: str) -> list[str]:
        return [option] if self._mirror is not None and self._mirror.plain else []

    def _environment(self, work: Path | None) -> dict[str, str]:
        ours = os.environ | {"LD_LIBRARY_PATH": str(self._programs / "lib")}
        return ours if work is None else ours | {"TMPDIR": str(work)}

    def _told_clearly(self, pin: Pin, said: str) -> ArtifactError:
        return told_clearly(said, pin=pin, mirror=self._mirror)


def told_clearly(said: str, *, pin: Pin, mirror: Mirror | None) -> ArtifactError:
    """What skopeo said, as one sentence about `pin`: what is wrong, and what to do."""
    place = place_of(pin, mirror)
    registry = place.partition("/")[0]
    messages = [match["said"].replace('\\"', '"') for match in _MESSAGE.finditer(said)]
    full = messages[-1] if messages else (said.strip().splitlines() or ["it said nothing"])[-1]
    reason = full.rpartition('": ')[2].strip() or full
    copies = "" if mirror is not None else f", or name a registry that holds copies ({SETTING})"
    if _OTHER_CONTENT.search(full):
        return ArtifactError(
            f"what the registry {registry} gives for {pin.reference} is not what {pin.digest} pins ({reason}); nothing "
            "of it is used: pull from a registry that holds the real one"
        )
    if _TOO_MANY.search(full):
        return ArtifactError(
            f"the registry {registry} has been asked too often and gives {pin.reference} later, or to those who are "
            f"logged in: wait, log in by `docker login`{copies} ({reason})"
        )
    if _NO_ANSWER.search(full):
        return ArtifactError(
            f"the registry {registry} does not answer, and {pin.reference} must be pulled from it ({reason}): see that "
            f"it runs and that the network is up{copies}"
        )
    if _NOT_THERE.search(full) or _NOT_ALLOWED.search(full):
        return ArtifactError(
            f"the registry {registry} has no {place.partition('/')[2]}, which {pin.reference} is pinned to, or not for "
            f"everybody ({reason}): copy it there, or log in by `docker login`"
        )
    return ArtifactError(f"{pin.reference} could not be pulled from the registry {registry}: {reason}")


def _architecture() -> str:
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def _for_this_machine(pin: Pin, listed: _Manifest) -> str:
    """The digest of this machine's manifest in a list.

    Raises:
        ArtifactError: there is none.
    """
    wanted = _Platform("linux", _architecture())
    found = [one.digest for one in listed.manifests if one.platform == wanted]
    if not found:
        raise ArtifactError(f"{pin.pinned} has no image for Linux on {_architecture()}")
    return found[0]
