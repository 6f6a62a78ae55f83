"""Calico's images, as upstream's Dockerfiles lay them out, from its Go module and Debian's packages."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.artifacts import calico_image, calico_manifest, images
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.calico_image_programs import (
    CHECK_STATUS,
    CONTROLLERS,
    INSTALL,
    PART,
    WRAPPER,
    programs_in,
)
from calicolab.artifacts.calico_module import FLAGS, MODULE, CalicoModule
from calicolab.artifacts.images import ImageConfig
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calicolab.artifacts import disk
    from calicolab.artifacts.progress import Step
    from calicolab.calico.versions import Version

#: The images, by the last part of their names in the manifest.
NODE, CNI, KUBE_CONTROLLERS = "node", "cni", "kube-controllers"
#: The archives, the layers and the programs on the way.
MEGABYTES = 1500
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PLUGINS = "opt/cni/bin"
#: As in upstream's image: the manifest of v3.31 wants to see from the image that it is not root (runAsNonRoot).
CONTROLLERS_USER = 999
#: What the controllers write (kube-controllers/Dockerfile): their state, which check-status reads, and profiles.
CONTROLLERS_FILES = ("status/status.json", "profiles/mem.pprof", "profiles/cpu.pprof")


@dataclass(frozen=True)
class Parts:
    """The folders that the images are made of: other entries of the cache.

    Attributes:
        debian: the root file system.
        container: Calico's layer over it for calico-node.
        plugins: folders with an opt/cni/bin; `machine` of Calico's entry is the first.
        manifest: upstream's manifest, which says what the images are called.
    """

    debian: Path
    container: Path
    plugins: tuple[Path, ...]
    manifest: Path


class CalicoImageArchives:
    """Recipe of one version's images: node.tar, cni.tar, kube-controllers.tar. `parts_key` stands for the parts."""

    name = "calico-images"

    def __init__(self, version: Version, *, cache: Path, parts: Parts, parts_key: str) -> None:
        self.version = version.name
        self.title = f"images of Calico {version.name}"
        self._parts, self._parts_key = parts, parts_key
        # The installer's is there in every version.
        self._module = CalicoModule(version, cache=cache, title=self.title, part=PART, main_version=True)

    @property
    def key(self) -> str:
        """Checksum of what is built, how, and what it is laid over."""
        return checksum(
            "calico images 1",
            images.RECIPE,
            self._parts_key,
            *self._module.files.values(),
            *FLAGS,
            *self._module.linker_flags(),
            calico_image.recipe(self.version),
        )

    def needs(self) -> Sequence[disk.Need]:
        """The room for the archives and for Go's caches."""
        return self._module.needs(MEGABYTES)

    def check(self) -> None:
        """See that we may give files to others than us, and that Calico's module can be had."""
        if os.geteuid() != 0:
            raise UsageError(
                f"the {self.title} are not in the cache, and only root can make them: run this as root"
            )
        self._module.check()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Build the programs that only the images hold, lay them out and pack them."""
        names = self._names()
        work, binaries = into.parent / "work", into.parent / "binaries"
        go, build = self._module.start_build(work, step)
        packages = programs_in(build.fetch(MODULE))
        build.programs(packages, flags=self._module.build_flags(), into=binaries)
        programs = {package: binaries / Path(package).name for package in packages}
        names = calico_manifest.image_names(self._parts.manifest.read_text())
        step.stage("packing")
        self._write_node(into, names[NODE])
        _write_cni(into, names[CNI], folder=work / CNI, plugins=self._parts.plugins, programs=programs)
        _write_controllers(into, names[KUBE_CONTROLLERS], folder=work / KUBE_CONTROLLERS, programs=programs)
        shutil.rmtree(work)
        shutil.rmtree(binaries)
        return {"calico-images": self._module.source, "go": go.version}

    def _names(self) -> dict[str, str]:
        """What the manifest calls the images, by the last part of their names."""
        names = calico_manifest.image_names(self._parts.manifest.read_text())
        if names.keys() != {NODE, CNI, KUBE_CONTROLLERS}:
            raise UsageError(
                f"the manifest of Calico {self.version} asks for the images {', '.join(sorted(names.values()))}; only "
                f"{NODE}, {CNI} and {KUBE_CONTROLLERS} can be built: choose a version from v3.23.0 on for kind"
            )
        return names

    def _write_node(self, into: Path, name: str) -> None:
        images.write(
            into / f"{NODE}.tar",
            name=name,
            layers=[self._parts.debian, self._parts.container],
            # SVDIR: without it `sv hup bird` finds no service, and BIRD never reads what confd wrote.
            config=ImageConfig(
                command=("start_runit",), environment={"PATH": PATH, "SVDIR": "/etc/service/enabled"}
            ),
        )


def _write_cni(
    into: Path, name: str, *, folder: Path, plugins: Sequence[Path], programs: Mapping[str, Path]
) -> None:
    """Calico's plugins and those of CNI, and the program that installs them on a node. flannel's is left out."""
    bin_folder = folder / PLUGINS
    bin_folder.mkdir(parents=True)
    for source in plugins:
        shutil.copytree(
            source / PLUGINS, bin_folder, symlinks=True, copy_function=os.link, dirs_exist_ok=True
        )
    # A lab's tool, not upstream's.
    (bin_folder / "cnitool").unlink(missing_ok=True)
    if INSTALL in programs:
        programs[INSTALL].rename(bin_folder / "install")
    else:
        (bin_folder / "install").symlink_to("calico")
    images.write(
        into / f"{CNI}.tar",
        name=name,
        layers=[folder],
        config=ImageConfig(
            command=(f"/{PLUGINS}/install",),
            environment={"PATH": f"/{PLUGINS}:{PATH}"},
            working_directory=f"/{PLUGINS}",
        ),
    )


def _write_controllers(into: Path, name: str, *, folder: Path, programs: Mapping[str, Path]) -> None:
    """The controllers, their probe and, where there is one, what starts them again; nothing else is in there."""
    bin_folder = folder / "usr" / "bin"
    bin_folder.mkdir(parents=True)
    for package in (CONTROLLERS, CHECK_STATUS, WRAPPER):
        if package in programs:
            programs[package].rename(bin_folder / Path(package).name)
    for path in CONTROLLERS_FILES:
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.touch()
        os.chown(file, CONTROLLERS_USER, 0)
    entry = tuple(
        f"/usr/bin/{Path(package).name}" for package in (WRAPPER, CONTROLLERS) if package in programs
    )
    images.write(
        into / f"{KUBE_CONTROLLERS}.tar",
        name=name,
        layers=[folder],
        config=ImageConfig(entrypoint=entry, environment={"PATH": PATH}, user=str(CONTROLLERS_USER)),
    )
