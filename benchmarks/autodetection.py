"""The autodetection model beside the real program: 2000 made-up nodes against one version, as the nightly job has."""

from __future__ import annotations

import sys
import time

from benchmarks.measure import Figure, keep
from calicolab.artifacts import obtain
from calicolab.artifacts.progress import for_terminal
from calicolab.calico.autodetection.proof import prove
from calicolab.labs.netns.startup import StartupRig

LAYOUTS, SEED = 2000, 1
VERSION = "v3.27.0"


def main() -> None:
    version = sys.argv[1] if len(sys.argv) > 1 else VERSION
    whole = Figure(f"{LAYOUTS} layouts against {version}, machines and all", "s", goal=300)
    up = Figure("machines up", "s")
    each = Figure("one layout, of the whole", "ms")
    agreed = Figure(f"of {LAYOUTS} layouts agreed", "layouts")
    files = obtain([version], report=for_terminal())[version]
    began = time.monotonic()
    with StartupRig(files) as rig:
        up.add(time.monotonic() - began)
        proof = prove(version, rig.answers, layouts=LAYOUTS, seed=SEED)
    seconds = time.monotonic() - began
    whole.add(seconds)
    each.add(1000 * seconds / LAYOUTS)
    agreed.add(proof.agreed)
    for one in proof.disagreements:
        print(one)
    keep("autodetection", [whole, up, each, agreed])


if __name__ == "__main__":
    main()
