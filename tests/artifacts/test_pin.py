from __future__ import annotations

from dataclasses import replace

from calicolab.artifacts.pin import compose
from calicolab.calico.versions import lookup

CALICOS = {
    "Go": "1.24.2",
    "Require": [
        {"Path": "github.com/sirupsen/logrus", "Version": "v1.9.3"},
        {"Path": "github.com/projectcalico/api", "Version": "v0.0.0-00010101000000-000000000000"},
        {"Path": "github.com/projectcalico/calico/lib/std", "Version": "v0.0.0-00010101000000-000000000000"},
        {"Path": "github.com/projectcalico/calico/lib/httpmachinery", "Version": "v0.0.0"},
        {"Path": "github.com/envoyproxy/data-plane-api", "Version": "v0.0.0"},
    ],
    "Replace": [
        {"Old": {"Path": "github.com/projectcalico/api"}, "New": {"Path": "./api"}},
        {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "k8s.io/api", "Version": "v0.33.1"}},
        {"Old": {"Path": "a.org/b", "Version": "v1.0.0"}, "New": {"Path": "a.org/c", "Version": "v1.0.1"}},
        {
            "Old": {"Path": "github.com/envoyproxy/data-plane-api"},
            "New": {"Path": "github.com/projectcalico/data-plane-api", "Version": "v0.0.1"},
        },
    ],
}
VERSION = replace(lookup("v3.31.0"), module="v0.0.0-1", api="v0.0.0-2", std="v0.0.0-3")


def test_folders_become_versions_and_what_is_not_served_is_left_out() -> None:
    assert compose(CALICOS, VERSION) == (
        "module calicolab.invalid/calico\n\n"
        "go 1.24.2\n\n"
        "require (\n"
        "\tgithub.com/projectcalico/calico v0.0.0-1\n"
        "\tgithub.com/projectcalico/api v0.0.0-2\n"
        "\tgithub.com/projectcalico/calico/lib/std v0.0.0-3\n"
        "\tgithub.com/sirupsen/logrus v1.9.3\n"
        ")\n\n"
        "replace (\n"
        "\tk8s.io/api => k8s.io/api v0.33.1\n"
        "\ta.org/b v1.0.0 => a.org/c v1.0.1\n"
        ")\n"
    )


def test_a_go_mod_that_replaces_nothing_needs_no_block() -> None:
    calicos: dict[str, object] = {"Go": "1.17", "Require": [], "Replace": None}
    assert "replace" not in compose(calicos, replace(VERSION, std=None))
