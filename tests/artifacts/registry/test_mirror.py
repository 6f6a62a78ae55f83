"""A registry with copies: where it is, and when it is asked without TLS."""

from __future__ import annotations

import pytest

from calicolab.artifacts.registry import mirror
from calicolab.artifacts.registry.mirror import Mirror
from calicolab.artifacts.registry.pins import Pin
from calicolab.errors import UsageError

DIGEST = f"sha256:{'1' * 64}"
NODE = Pin("calico", "docker.io/calico/node", "v3.25.0", DIGEST)


def test_without_one_images_come_from_their_own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mirror.SETTING, raising=False)
    assert mirror.chosen() is None
    assert mirror.place_of(NODE, None) == f"docker.io/calico/node@{DIGEST}"


@pytest.mark.parametrize(
    ("place", "plain"),
    [
        ("127.0.0.1:5000", True),
        ("localhost:5000", True),
        ("[::1]:5000", True),
        ("127.0.0.1.example.org", False),
        ("192.168.1.1:5000", False),
        ("mirror.example.org/copies", False),
    ],
)
def test_only_this_machine_is_asked_without_tls(
    monkeypatch: pytest.MonkeyPatch, place: str, plain: bool
) -> None:
    monkeypatch.setenv(mirror.SETTING, place)
    chosen = mirror.chosen()
    assert chosen == Mirror(place)
    assert chosen.plain == plain
    assert mirror.place_of(NODE, chosen) == f"{place}/calico/node@{DIGEST}"


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:5000", "127.0.0.1:port", "a b", "mirror.example.org/", "/x"]
)
def test_what_is_no_registry_is_refused(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv(mirror.SETTING, place)
    with pytest.raises(UsageError, match=rf"{mirror.SETTING} is .*write host\[:port\]\[/path\]"):
        mirror.chosen()
