from __future__ import annotations

import pytest

from calicolab.artifacts.debian import first_error, has_default_route
from calicolab.artifacts.debian_sources import read_targets, source_lines
from calicolab.errors import UsageError

DEBIAN_12 = """\
http://mirror.example.org/debian|bookworm|main|$(ORIGIN)
http://mirror.example.org/debian|bookworm|main|$(ORIGIN)
http://mirror.example.org/debian|bookworm-updates|main|$(ORIGIN)
http://security.example.org/debian-security|bookworm-security|main|$(ORIGIN)
https://packages.example.com/tool|bookworm|stable|$(ORIGIN)
"""
SIGNED = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"


def test_a_suite_comes_from_the_machines_mirror_with_the_updates_the_machine_has() -> None:
    assert source_lines("bookworm", read_targets(DEBIAN_12)) == (
        f"{SIGNED} http://mirror.example.org/debian bookworm main",
        f"{SIGNED} http://mirror.example.org/debian bookworm-updates main",
        f"{SIGNED} http://security.example.org/debian-security bookworm-security main",
    )


def test_another_suite_comes_from_the_same_mirror() -> None:
    assert source_lines("trixie", read_targets(DEBIAN_12)) == (
        f"{SIGNED} http://mirror.example.org/debian trixie main",
    )


def test_a_stranger_that_uses_debians_names_is_not_taken_for_debian() -> None:
    listed = (
        "https://vpn.example.com/d|bookworm|main|Vpn\nhttp://mirror.example.org/debian|bookworm|main|Debian\n"
    )
    assert source_lines("trixie", read_targets(listed)) == (
        f"{SIGNED} http://mirror.example.org/debian trixie main",
    )


def test_a_mirror_known_to_be_debians_beats_one_that_is_not_known() -> None:
    listed = "https://vpn.example.com/d|bookworm|main|$(ORIGIN)\nhttp://mirror.example.org/debian|bookworm|main|Debian\n"
    assert "mirror.example.org" in source_lines("trixie", read_targets(listed))[0]


@pytest.mark.parametrize("listed", ["", "http://ubuntu.example.org/ubuntu|jammy|main|Ubuntu\n"])
def test_no_mirror_of_debian_is_said_with_what_was_found(listed: str) -> None:
    with pytest.raises(UsageError, match=r"no mirror of Debian .*found: (none|.*jammy)\).*sources\.list\.d"):
        source_lines("bookworm", read_targets(listed))


def test_apts_first_error_is_quoted() -> None:
    said = "Ign:1 x\nErr:1 x\n  Could not resolve\nW: first\nE: second"
    assert first_error(said) == "W: first"
    assert first_error("E: Unable to lock\n") == "Unable to lock"
    assert first_error("something else\nlast words\n") == "last words"
    assert first_error("") == "it said nothing"


IPV4_HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
IPV4_DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
IPV4_SUBNET = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
NOWHERE = "0" * 32
IPV6_LOOPBACK = f"{NOWHERE} 00 {NOWHERE} 00 {NOWHERE} ffffffff 00000001 00000000 00200200       lo\n"
IPV6_DEFAULT = IPV6_LOOPBACK.replace("lo\n", "eth0\n")


@pytest.mark.parametrize(
    ("tables", "out"),
    [
        ((), False),
        ((IPV4_HEAD, IPV6_LOOPBACK), False),
        ((IPV4_HEAD + IPV4_SUBNET,), False),
        ((IPV4_HEAD + IPV4_SUBNET + IPV4_DEFAULT,), True),
        ((IPV4_HEAD, IPV6_LOOPBACK + IPV6_DEFAULT), True),
    ],
)
def test_a_way_out_is_a_default_route(tables: tuple[str, ...], out: bool) -> None:
    assert has_default_route(*tables) == out
