"""What this machine must offer is looked at before anything is made, and what is missing is named."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from calicolab.errors import UsageError
from calicolab.host import inotify
from calicolab.labs.kind import preflight, topology

THREE = topology.plan("kind-1")


@pytest.fixture(autouse=True)
def _capable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a lab could be made, whatever this one is."""
    monkeypatch.setattr(inotify, "free_instances", lambda most: most)
    has(monkeypatch, free_mebibytes=8192)


def has(monkeypatch: pytest.MonkeyPatch, *, free_mebibytes: int) -> None:
    files = {
        Path("/proc/meminfo"): f"MemTotal: 1 kB\nMemAvailable: {free_mebibytes << 10} kB\n",
        inotify.LIMIT: "128\n",
    }
    monkeypatch.setattr(Path, "read_text", lambda path: files[path])


def test_a_capable_machine_is_taken() -> None:
    preflight.check(THREE)


def test_too_few_inotify_instances_are_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inotify, "free_instances", lambda most: min(most, 46))
    said = r"3 nodes needs about 48 inotify instances, but 46 of 128 are free.*max_user_instances=512"
    with pytest.raises(UsageError, match=said):
        preflight.check(THREE)


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, free_mebibytes=1024)
    with pytest.raises(UsageError, match=r"3 nodes needs about 1850 MiB of memory, but 1024 MiB are free"):
        preflight.check(THREE)
    more = topology.plan("kind-1", nodes=3, control_planes=3)
    with pytest.raises(UsageError, match="2650 MiB"):
        preflight.check(more)


def test_free_instances_are_counted_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - descriptors
    free = inotify.free_instances(1 << 16)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
    held = [ctypes.CDLL(None).inotify_init() for _ in range(3)]
    try:
        # Others on this machine take and return some meanwhile.
        assert inotify.free_instances(1 << 16) < free + 3
        assert inotify.free_instances(2) <= 2
    finally:
        for descriptor in held:
            if descriptor >= 0:  # there may have been none left
                os.close(descriptor)
