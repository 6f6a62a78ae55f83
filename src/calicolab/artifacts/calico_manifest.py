"""Upstream's own calico-etcd.yaml of one version: taken from its module, or rendered from the chart in there."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from calicolab.artifacts import calico_chart, disk
from calicolab.artifacts.cache import checksum
from calicolab.artifacts.calico_image_programs import PART
from calicolab.artifacts.calico_module import MODULE, CalicoModule
from calicolab.calico.versions import comparison_key
from calicolab.command import run
from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calicolab.artifacts.progress import Step
    from calicolab.calico.versions import Version

#: The module holds it since this version.
FIRST_WITH_MANIFEST = "v3.24.0"
IN_MODULE = "manifests/calico-etcd.yaml"
FILE = "calico-etcd.yaml"
MEGABYTES = 5
HELM_TIMEOUT = 60.0
_IMAGE = re.compile(r"^[\s-]*image:\s*[\"']?(?P<name>[^\s\"']+)", re.MULTILINE)


def needs_helm(version: str) -> bool:
    """Whether `version` keeps its manifests as a chart."""
    return comparison_key(version) < comparison_key(FIRST_WITH_MANIFEST)


def image_names(manifest: str) -> dict[str, str]:
    """The images that the text of `manifest` asks for, by the last part of their names, such as "kube-controllers".

    Raises:
        ArtifactError: it asks for two images of one name.
    """
    names: dict[str, str] = {}
    for found in _IMAGE.finditer(manifest):
        short = found["name"].rpartition("/")[2].partition(":")[0]
        if names.setdefault(short, found["name"]) != found["name"]:
            raise ArtifactError(
                f"the manifest asks for two images called {short}: {names[short]}, {found['name']}"
            )
    return names


class CalicoManifest:
    """Recipe of calico-etcd.yaml. `helm` is the program, and `helm_key` its entry's; both matter to a chart only."""

    name = "calico-manifest"

    def __init__(self, version: Version, *, cache: Path, helm: Path, helm_key: str) -> None:
        self.version = version.name
        self.title = f"manifest of Calico {version.name}"
        self._cache, self._helm = cache, helm
        self._helm_key = helm_key if needs_helm(version.name) else ""
        self._module = CalicoModule(version, cache=cache, title=self.title, part=PART)

    @property
    def key(self) -> str:
        """Checksum of where it comes from and how it is rendered."""
        return checksum("calico manifest 1", self._module.source, self._helm_key, *calico_chart.OPTIONS)

    def needs(self) -> Sequence[disk.Need]:
        """The room for Calico's module."""
        return self._module.needs(MEGABYTES, compiled=0)

    def check(self) -> None:
        """See that Calico's module can be had."""
        self._module.check()

    def make(self, into: Path, step: Step) -> Mapping[str, str]:
        """Copy the manifest, or render the chart."""
        work = into.parent / "work"
        _go, build = self._module.start_build(work, step)
        module = build.fetch(MODULE)
        provenance = {"manifest": f"{IN_MODULE} of {MODULE} {self._module.source}"}
        if needs_helm(self.version):
            step.stage("rendering the chart")
            (into / FILE).write_text(self._render(module / calico_chart.FOLDER, work))
            provenance["manifest"] = (
                f"{calico_chart.FOLDER}/{calico_chart.CHART} of {MODULE} {self._module.source}, rendered by helm"
            )
        else:
            shutil.copyfile(module / IN_MODULE, into / FILE)
        shutil.rmtree(work)
        return provenance

    def _render(self, folder: Path, work: Path) -> str:
        lower, upper = calico_chart.values(folder)
        files = [work / "lower.yaml", work / "upper.yaml"]
        for file, text in zip(files, (lower, upper), strict=True):
            file.write_text(text)
        options = [word for file in files for word in ("--values", str(file))]
        chart = str(folder / calico_chart.CHART)
        # Nothing of the user's: no plugins, no configuration.
        environment = {"HOME": str(work), "PATH": "/usr/bin:/bin"}
        return run(
            [str(self._helm), "template", chart, *options, *calico_chart.OPTIONS],
            timeout=HELM_TIMEOUT,
            env=environment,
        ).stdout
