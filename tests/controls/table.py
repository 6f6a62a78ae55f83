"""The sabotages of every check, and how a lab is seen to be as it was: what the plugin needs (see plugin.Table)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.controls import (
    autodetection,
    autodetection_model,
    autodetection_stories,
    blind_spots,
    bridge_ignored,
    connectivity,
    incident,
    kubernetes_view,
    no_peers,
    remediation,
    strict_window,
    upgrade,
)
from tests.controls.state import look as look

if TYPE_CHECKING:
    from tests.controls.control import Sabotage

CONTROLS: dict[str, tuple[Sabotage, ...]] = {
    **autodetection.CONTROLS,
    **autodetection_model.CONTROLS,
    **autodetection_stories.CONTROLS,
    **incident.CONTROLS,
    **bridge_ignored.CONTROLS,
    **no_peers.CONTROLS,
    **strict_window.CONTROLS,
    **blind_spots.CONTROLS,
    **connectivity.CONTROLS,
    **remediation.CONTROLS,
    **kubernetes_view.CONTROLS,
    **upgrade.CONTROLS,
}
