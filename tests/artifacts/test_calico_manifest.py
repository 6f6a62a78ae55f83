from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from calicolab.artifacts.cache import Cache, default_root
from calicolab.artifacts.calico_manifest import FILE, CalicoManifest, image_names, needs_helm
from calicolab.artifacts.helm import HELM
from calicolab.artifacts.kubernetes.go_programs import GoPrograms
from calicolab.artifacts.progress import Plain
from calicolab.calico.manifest import Settings, overlay
from calicolab.calico.versions import DEFAULT, INCIDENT, lookup
from calicolab.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from calicolab.artifacts.cache import Recipe

SETTINGS = Settings(
    etcd_endpoints="https://192.168.21.2:2379",
    etcd_ca="an authority\n",
    etcd_certificate="a certificate\n",
    etcd_key="a key\n",
    pod_cidr="10.244.0.0/16",
    veth_mtu=1440,
)


def test_images_are_found_by_the_last_part_of_their_names() -> None:
    text = (
        'x:\n- image: a.org/a/node:v1\n- image: "a.org/a/node:v1"\n  y:\n    image: localhost:5000/cni:v1\n'
    )
    assert image_names(text) == {"node": "a.org/a/node:v1", "cni": "localhost:5000/cni:v1"}


def test_two_images_of_one_name_are_refused() -> None:
    with pytest.raises(ArtifactError, match="two images called node: a/node:v1, b/node:v2"):
        image_names("image: a/node:v1\nimage: b/node:v2\n")


@pytest.mark.parametrize(("version", "expected"), [("v3.21.4", True), ("v3.23.2", True), ("v3.25.0", False)])
def test_old_versions_keep_a_chart(version: str, expected: bool) -> None:
    assert needs_helm(version) is expected


def test_helm_matters_to_a_charts_key_only(tmp_path: Path) -> None:
    def key(version: str, helm_key: str) -> str:
        return CalicoManifest(lookup(version), cache=tmp_path, helm=tmp_path, helm_key=helm_key).key

    assert key("v3.31.0", "a") == key("v3.31.0", "b")
    assert key("v3.23.2", "a") != key("v3.23.2", "b")


@pytest.fixture(scope="module", params=DEFAULT)
def upstreams(request: pytest.FixtureRequest) -> str:
    """Upstream's manifest of each version that is run by default, from the cache or built into it."""
    cache = Cache(default_root())
    helm = GoPrograms(HELM, cache=cache.root)
    manifest = CalicoManifest(
        lookup(request.param), cache=cache.root, helm=cache.files(helm) / "helm", helm_key=helm.key
    )
    recipes: list[Recipe] = [helm, manifest] if needs_helm(request.param) else [manifest]
    return (cache.obtain(recipes, report=Plain())[-1].files / FILE).read_text()


#: Of upstream's manifests, only that of the incident's version lacks the right to have tokens made.
FORGOTTEN = [("ClusterRole/calico-node", "rules", "not set")]


@pytest.mark.root
def test_the_overlay_changes_just_these_fields_of_the_real_manifest(upstreams: str) -> None:
    overlaid = overlay(upstreams, SETTINGS)
    assert [(change.object, change.field, change.before) for change in overlaid.changes] == [
        ("ConfigMap/calico-config", "data.etcd_endpoints", "http://<ETCD_IP>:<ETCD_PORT>"),
        ("ConfigMap/calico-config", "data.etcd_ca", '""'),
        ("ConfigMap/calico-config", "data.etcd_cert", '""'),
        ("ConfigMap/calico-config", "data.etcd_key", '""'),
        ("ConfigMap/calico-config", "data.veth_mtu", "0"),
        ("Secret/calico-etcd-secrets", "data.etcd-ca", "not set"),
        ("Secret/calico-etcd-secrets", "data.etcd-cert", "not set"),
        ("Secret/calico-etcd-secrets", "data.etcd-key", "not set"),
        ("DaemonSet/calico-node", "calico-node env.CALICO_IPV4POOL_CIDR", "not set"),
        ("DaemonSet/calico-node", "calico-node env.CALICO_IPV4POOL_IPIP", "Always"),
        ("DaemonSet/calico-node", "calico-node env.FELIX_DebugSkipCTLBCleanup", "not set"),
        *(FORGOTTEN if f"/cni:{INCIDENT}" in upstreams else []),
    ]
    changed = {change.object for change in overlaid.changes}
    original = [document for document in yaml.safe_load_all(upstreams) if document is not None]
    for before, after in zip(original, overlaid.objects, strict=True):
        assert (before == after) is (f"{before['kind']}/{before['metadata']['name']}" not in changed)


@pytest.mark.root
def test_a_real_manifest_that_lost_a_field_is_refused(upstreams: str) -> None:
    lost = upstreams.replace("  veth_mtu:", "  veth_size:")
    assert lost != upstreams
    with pytest.raises(UsageError, match=r"ConfigMap/calico-config data\.veth_mtu\. See"):
        overlay(lost, SETTINGS)


@pytest.mark.root
def test_the_real_manifest_asks_for_the_images_that_are_built(upstreams: str) -> None:
    assert set(image_names(upstreams)) == {"node", "cni", "kube-controllers"}
