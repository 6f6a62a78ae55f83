"""A run of its own, to be killed: brings a lab up, says so, and waits."""

from __future__ import annotations

import signal
import sys
import threading

from calicolab import artifacts
from calicolab.artifacts.progress import Plain
from calicolab.evidence.timeline import Timeline
from calicolab.labs.netns.lab import NetnsLab


def main() -> None:
    """Bring the lab up and wait for the end; print a line at each stage."""
    # A shell starts what it puts in the background deaf to Ctrl-C, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    version = sys.argv[1]
    files = artifacts.obtain([version], report=Plain(sys.stderr))[version]
    print("starting", flush=True)
    try:
        with NetnsLab(files, timeline=Timeline(), nodes=2) as lab:
            assert lab.mesh().is_full
            print("up", flush=True)
            threading.Event().wait()
    finally:
        print("down", flush=True)


if __name__ == "__main__":
    main()
