"""A run's machine is described, and its owner is not."""

from __future__ import annotations

import socket

import msgspec

from calicolab.evidence.machine import describe_machine


def test_the_machine_is_described() -> None:
    machine = describe_machine()
    assert machine.cores >= 1
    assert machine.memory_mib > 0
    assert machine.cpu
    assert machine.python.startswith("3.")


def test_the_host_has_no_name_in_it() -> None:
    described = msgspec.json.encode(describe_machine()).decode()
    assert socket.gethostname() not in described.replace(describe_machine().kernel, "")
