"""The programs that only Calico's images hold, built from its Go module: installer, controllers and their probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.artifacts.calico_module import MODULE

if TYPE_CHECKING:
    from pathlib import Path

#: Where their go.mod and go.sum lie, below the version's.
PART = "images"
CONTROLLERS = f"{MODULE}/kube-controllers/cmd/kube-controllers"
CHECK_STATUS = f"{MODULE}/kube-controllers/cmd/check-status"
#: A program of its own since v3.28; before, the plugin answers to that name (cni-plugin/cmd/calico/calico.go).
INSTALL = f"{MODULE}/cni-plugin/cmd/install"
#: Since v3.30 it is the entry point of kube-controllers' image, and starts them again when they ask for it.
WRAPPER = f"{MODULE}/kube-controllers/cmd/wrapper"


def programs_in(module: Path) -> tuple[str, ...]:
    """Those of the packages that the version in the folder `module` has."""
    optional = (INSTALL, WRAPPER)
    found = (package for package in optional if (module / package.removeprefix(f"{MODULE}/")).is_dir())
    return (CONTROLLERS, CHECK_STATUS, *found)
