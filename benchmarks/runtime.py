"""Plain namespaces against an OCI runtime: starting three machines over one root file system, and a program in one.

The choice is in docs/decisions. runc and crun are Debian packages; one that is not installed is left out, and said so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, keep
from calicolab import artifacts
from calicolab.artifacts.progress import Plain
from calicolab.command import run
from calicolab.errors import LabError
from calicolab.labs.netns import bringup, ownership
from calicolab.labs.netns.topology import plan

RUNS = 10
MACHINES = 3
#: crun 1.8 refuses machines with the hybrid of cgroup versions 1 and 2, even when it is told to leave cgroups alone.
RUNTIMES = (("crun", "--cgroup-manager=disabled"), ("runc",))
INIT = ["runsvdir", "-P", "/etc/calicolab/services"]


def main() -> None:
    files = artifacts.obtain(["v3.23.2"], report=Plain())["v3.23.2"]
    figures = plain(files)
    for runtime in RUNTIMES:
        if shutil.which(runtime[0]) is None:
            print(f"{runtime[0]} is not installed: left out (apt-get install {runtime[0]})")
            continue
        try:
            figures += oci(runtime, files)
        except LabError as error:
            print(f"{runtime[0]} is left out: {error}")
    keep("runtime", figures)


def plain(files: artifacts.LabFiles) -> list[Figure]:
    """Namespaces as the lab makes them; the first of four machines holds the others."""
    start = Figure(f"{MACHINES} machines started, plain namespaces", "ms")
    inside = Figure("a program run in one, plain namespaces", "ms")
    end = Figure(f"{MACHINES} machines ended, plain namespaces", "ms")
    for _ in range(RUNS):
        began = time.monotonic()
        marks = ownership.new_marks("benchmark")
        switch = bringup.boot_switch(files, marks=marks, dies_with_us=True)
        machines = bringup.boot_machines(plan(nodes=MACHINES), files, switch=switch)
        start.add((time.monotonic() - began) * 1000)
        began = time.monotonic()
        machines["node01"].run(["true"])
        inside.add((time.monotonic() - began) * 1000)
        began = time.monotonic()
        switch.init.kill()
        for machine in machines.values():
            machine.init.kill()
        end.add((time.monotonic() - began) * 1000)
    return [start, inside, end]


def oci(runtime: tuple[str, ...], files: artifacts.LabFiles) -> list[Figure]:
    """One bundle a machine, the same layers, the same init."""
    start = Figure(f"{MACHINES} machines started, {runtime[0]}", "ms")
    inside = Figure(f"a program run in one, {runtime[0]}", "ms")
    end = Figure(f"{MACHINES} machines ended, {runtime[0]}", "ms")
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="calicolab-oci-") as folder:
            bundles = [Path(folder) / f"node{number}" for number in range(1, MACHINES + 1)]
            names = [f"calicolab-{os.getpid()}-{bundle.name}" for bundle in bundles]
            began = time.monotonic()
            try:
                for bundle, name in zip(bundles, names, strict=True):
                    _bundle(bundle, files)
                    _start([*runtime, "run", "--detach", "--bundle", str(bundle), name])
                start.add((time.monotonic() - began) * 1000)
                began = time.monotonic()
                run([*runtime, "exec", names[0], "true"], timeout=30)
                inside.add((time.monotonic() - began) * 1000)
            finally:
                began = time.monotonic()
                for bundle, name in zip(bundles, names, strict=True):
                    if (bundle / "rootfs").is_mount():
                        run([*runtime, "delete", "--force", name], timeout=30)
                        run(["umount", str(bundle / "rootfs")], timeout=30)
                end.add((time.monotonic() - began) * 1000)
    return [start, inside, end]


def _start(argv: list[str]) -> None:
    """Start a container that keeps running, and with it whatever standard output it was given: none."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=30, check=False
        )
        said.seek(0)
        if done.returncode != 0:
            raise LabError(
                f"{argv[0]} ended with {done.returncode}: {said.read().decode(errors='replace').strip()}"
            )


def _bundle(bundle: Path, files: artifacts.LabFiles) -> None:
    for name in ("rootfs", "upper", "work"):
        (bundle / name).mkdir(parents=True)
    layers = f"lowerdir={files.machine}:{files.debian},upperdir={bundle}/upper,workdir={bundle}/work"
    run(["mount", "-t", "overlay", "-o", layers, "calicolab", str(bundle / "rootfs")], timeout=30)
    (bundle / "rootfs" / "etc/calicolab/services").mkdir(parents=True, exist_ok=True)
    capabilities = [
        f"CAP_{name}" for name in ("NET_ADMIN", "NET_RAW", "SYS_ADMIN", "KILL", "SETUID", "SETGID")
    ]
    configuration = {
        "ociVersion": "1.0.2",
        "hostname": bundle.name,
        "root": {"path": "rootfs"},
        "process": {
            "user": {"uid": 0, "gid": 0},
            "cwd": "/",
            "args": INIT,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            {"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
    }
    (bundle / "config.json").write_text(json.dumps(configuration))


if __name__ == "__main__":
    main()
