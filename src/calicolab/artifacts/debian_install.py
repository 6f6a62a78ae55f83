"""Install Debian packages into a root file system of its own, and trim that to what is read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import disk
from calicolab.artifacts.debian import PrivateApt, first_error, unpack
from calicolab.artifacts.debian_sources import CONFIGURATION_TIMEOUT, KEYRING, machine_sources, source_lines
from calicolab.artifacts.stream import ProgramFailed, follow
from calicolab.command import run, run_status
from calicolab.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calicolab.artifacts.progress import Step

#: Emptied: whoever runs the file system mounts or makes what belongs there, and none of it is the build machine's.
EMPTIED = ("dev", "proc", "sys", "run", "tmp", "var/tmp")
#: Files that tell of the machine it was built on.
FORGOTTEN = ("etc/resolv.conf", "etc/hostname", "etc/machine-id", "var/lib/dbus/machine-id")
TIMEOUT = 1200.0
#: Namespaces of its own: when it is killed, so is all it started, and its mounts are gone.
ALONE = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")


class Installer:
    """Makes root file systems of one suite; `title` is what errors call them."""

    def __init__(self, cache: Path, *, suite: str, title: str) -> None:
        self._cache, self._suite, self._title = cache, suite, title
        self._apt = PrivateApt(cache / "apt" / suite, suite=suite)

    def check(self) -> None:
        """See that we may make one and that the mirror answers.

        Raises:
            UsageError: we are not root, or this is no Debian.
            ArtifactError: the mirror does not answer.
        """
        if os.geteuid() != 0:
            raise UsageError(
                f"the {self._title} is not in the cache, and only root can make it: run this as root"
            )
        self._apt.update()

    def install(self, packages: Sequence[str], *, into: Path, step: Step) -> dict[str, str]:
        """Install `packages` into the empty folder `into` with mmdebstrap; return where they come from.

        Raises:
            UsageError: this machine's Perl lacks what mmdebstrap needs.
            ArtifactError: something could not be fetched or installed.
        """
        step.stage("installing packages")
        # mmdebstrap wants to make the folder itself.
        into.rmdir()
        command = [
            *ALONE,
            *self._mmdebstrap(),
            *("--mode=root", "--variant=minbase", "--format=directory", f"--include={','.join(packages)}"),
            f"--keyring={KEYRING}",
            *_acquire_options(),
            self._suite,
            str(into),
            *source_lines(self._suite, machine_sources()),
        ]
        # With the rest of what is being made, so that it goes when that goes; mmdebstrap hides it from the packages.
        temporary = into.parent / "temporary"
        temporary.mkdir()
        environment = os.environ | {"TMPDIR": str(temporary)}
        try:
            follow(command, timeout=TIMEOUT, env=environment, on_line=lambda line: _tell(step, line))
        except ProgramFailed as failed:
            if disk.ran_out(failed.said):
                raise ArtifactError(
                    f"the {self._title} could not be made: no free disk is left; {disk.REMEDY}"
                ) from failed
            raise ArtifactError(
                f"the {self._title} could not be made: {first_error(failed.said)}"
            ) from failed
        shutil.rmtree(temporary)
        return self._versions(into, packages)

    def _mmdebstrap(self) -> list[str]:
        """The machine's own mmdebstrap, or one unpacked into the cache.

        Raises:
            UsageError: this machine's Perl lacks what mmdebstrap needs.
        """
        if shutil.which("mmdebstrap") is not None:
            return ["mmdebstrap"]
        folder = self._cache / "tools" / "mmdebstrap"
        script = folder / "usr" / "bin" / "mmdebstrap"
        (archive,) = self._apt.download(["mmdebstrap"], on_line=lambda _line: None)
        unpack(archive, folder)
        if not run_status(["perl", str(script), "--version"], timeout=CONFIGURATION_TIMEOUT).succeeded:
            raise UsageError(
                "mmdebstrap needs a complete Perl, which is not here: run `apt-get install mmdebstrap`"
            )
        return ["perl", str(script)]

    def _versions(self, root: Path, packages: Sequence[str]) -> dict[str, str]:
        listed = run(
            [
                "dpkg-query",
                f"--admindir={root}/var/lib/dpkg",
                "--show",
                "--showformat",
                "${Package} ${Version}\n",
            ],
            timeout=CONFIGURATION_TIMEOUT,
        ).stdout
        versions = dict(line.split(" ", 1) for line in listed.splitlines())
        return {"debian": f"{self._suite} {versions['base-files']}"} | {
            package: f"debian {versions[package]}" for package in packages
        }


def trim(root: Path, *, without: Sequence[str]) -> None:
    """Remove the folders `without` from the file system below `root`, and what is not a file system's to keep."""
    for name in without:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in EMPTIED:
        for path in (root / name).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for name in FORGOTTEN:
        (root / name).unlink(missing_ok=True)
    for name in ("var/log", "var/cache"):
        (root / name).mkdir(exist_ok=True)
    (root / "etc" / "resolv.conf").touch()


def _acquire_options() -> list[str]:
    """The machine's own settings of apt that decide whether a mirror can be reached and how old its lists may be."""
    wanted = (
        "Acquire::http::Proxy",
        "Acquire::https::Proxy",
        "Acquire::Check-Valid-Until",
        "Acquire::Check-Date",
    )
    options = []
    for name in wanted:
        dump = run(["apt-config", "dump", "--format", "%f=%v%n", name], timeout=CONFIGURATION_TIMEOUT).stdout
        value = next(
            (line.partition("=")[2] for line in dump.splitlines() if line.startswith(f"{name}=")), ""
        )
        if value:
            options.append(f'--aptopt={name} "{value}";')
    return options


def _tell(step: Step, line: str) -> None:
    if line.startswith("I: ") and not line.startswith("I: success"):
        step.stage(line.removeprefix("I: ").removesuffix("..."))
