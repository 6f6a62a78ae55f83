"""The overlay on a small manifest of our own; the real ones are seen in tests/artifacts/test_calico_manifest.py."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calicolab.calico.manifest import Change, Settings, overlay
from calicolab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n"
SETTINGS = Settings(
    etcd_endpoints="https://192.168.21.2:2379,https://192.168.21.3:2379",
    etcd_ca="an authority\n",
    etcd_certificate="a certificate\n",
    etcd_key=KEY,
    pod_cidr="10.244.0.0/16",
    veth_mtu=1440,
)


def reading(**variables: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": key}}}
        for name, key in variables.items()
    ]


ETCD = {
    "ETCD_ENDPOINTS": "etcd_endpoints",
    "ETCD_CA_CERT_FILE": "etcd_ca",
    "ETCD_CERT_FILE": "etcd_cert",
    "ETCD_KEY_FILE": "etcd_key",
}
VOLUMES = [{"name": "certs", "secret": {"secretName": "calico-etcd-secrets", "defaultMode": 256}}]
CONFIG: dict[str, Any] = {
    "kind": "ConfigMap",
    "metadata": {"name": "calico-config"},
    "data": {
        "etcd_endpoints": "http://<ETCD_IP>:<ETCD_PORT>",
        "etcd_ca": "",
        "etcd_cert": "",
        "etcd_key": "",
        "calico_backend": "bird",
        "veth_mtu": "0",
        "other": "stays",
    },
}
SECRET: dict[str, Any] = {"kind": "Secret", "metadata": {"name": "calico-etcd-secrets"}, "data": None}
NODE: dict[str, Any] = {
    "kind": "DaemonSet",
    "metadata": {"name": "calico-node"},
    "spec": {
        "template": {
            "spec": {
                "initContainers": [
                    {
                        "name": "install-cni",
                        "env": reading(ETCD_ENDPOINTS="etcd_endpoints", CNI_MTU="veth_mtu"),
                    }
                ],
                "containers": [
                    {
                        "name": "calico-node",
                        "env": [
                            *reading(**ETCD, CALICO_NETWORKING_BACKEND="calico_backend"),
                            {"name": "IP", "value": "autodetect"},
                            {"name": "CALICO_IPV4POOL_IPIP", "value": "Always"},
                            {"name": "CALICO_IPV4POOL_VXLAN", "value": "Never"},
                        ],
                    }
                ],
                "volumes": VOLUMES,
            }
        }
    },
}
CONTROLLERS: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "calico-kube-controllers"},
    "spec": {
        "template": {
            "spec": {
                "containers": [{"name": "calico-kube-controllers", "env": reading(**ETCD)}],
                "volumes": VOLUMES,
            }
        }
    },
}
TOKENS = {
    "apiGroups": [""],
    "resources": ["serviceaccounts/token"],
    "resourceNames": ["calico-cni-plugin"],
    "verbs": ["create"],
}
ROLE: dict[str, Any] = {
    "kind": "ClusterRole",
    "metadata": {"name": "calico-node"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, TOKENS],
}


def text(*objects: dict[str, Any]) -> str:
    return yaml.safe_dump_all(objects or (CONFIG, SECRET, NODE, CONTROLLERS, ROLE))


def test_each_change_is_named_with_what_stood_there() -> None:
    changes = {
        (change.object, change.field): (change.before, change.after)
        for change in overlay(text(), SETTINGS).changes
    }
    certificates = {
        key: changes.pop(("Secret/calico-etcd-secrets", f"data.etcd-{key}")) for key in ("ca", "cert")
    }
    assert changes == {
        ("ConfigMap/calico-config", "data.etcd_endpoints"): (
            "http://<ETCD_IP>:<ETCD_PORT>",
            SETTINGS.etcd_endpoints,
        ),
        ("ConfigMap/calico-config", "data.etcd_ca"): ('""', "/calico-secrets/etcd-ca"),
        ("ConfigMap/calico-config", "data.etcd_cert"): ('""', "/calico-secrets/etcd-cert"),
        ("ConfigMap/calico-config", "data.etcd_key"): ('""', "/calico-secrets/etcd-key"),
        ("ConfigMap/calico-config", "data.veth_mtu"): ("0", "1440"),
        ("Secret/calico-etcd-secrets", "data.etcd-key"): ("not set", "[redacted]"),
        ("DaemonSet/calico-node", "calico-node env.CALICO_IPV4POOL_CIDR"): ("not set", "10.244.0.0/16"),
        ("DaemonSet/calico-node", "calico-node env.CALICO_IPV4POOL_IPIP"): ("Always", "Never"),
        ("DaemonSet/calico-node", "calico-node env.FELIX_DebugSkipCTLBCleanup"): ("not set", "true"),
    }
    assert all(
        before == "not set" and after.startswith("PEM, SHA-256 ") for before, after in certificates.values()
    )


def test_what_is_applied_holds_what_the_changes_say_and_nothing_else_is_touched() -> None:
    config, secret, node, controllers, role = overlay(text(), SETTINGS).objects
    assert config["data"] == {
        "etcd_endpoints": SETTINGS.etcd_endpoints,
        "etcd_ca": "/calico-secrets/etcd-ca",
        "etcd_cert": "/calico-secrets/etcd-cert",
        "etcd_key": "/calico-secrets/etcd-key",
        "calico_backend": "bird",
        "veth_mtu": "1440",
        "other": "stays",
    }
    assert {key: base64.b64decode(value).decode() for key, value in secret["data"].items()} == {
        "etcd-ca": SETTINGS.etcd_ca,
        "etcd-cert": SETTINGS.etcd_certificate,
        "etcd-key": KEY,
    }
    assert (controllers, role) == (CONTROLLERS, ROLE)
    expected = copy.deepcopy(NODE)
    environment = expected["spec"]["template"]["spec"]["containers"][0]["env"]
    environment[-2]["value"] = "Never"
    environment.append({"name": "CALICO_IPV4POOL_CIDR", "value": "10.244.0.0/16"})
    environment.append({"name": "FELIX_DebugSkipCTLBCleanup", "value": "true"})
    assert node == expected


def test_no_change_holds_a_private_key() -> None:
    first = overlay(text(), SETTINGS)
    told = repr(first.changes)
    assert KEY not in told
    assert base64.b64encode(KEY.encode()).decode() not in told
    # Nor one that stood there.
    other = copy.deepcopy(SECRET)
    other["data"] = {"etcd-key": "b2xkIGtleQ=="}
    (change,) = (
        change
        for change in overlay(text(CONFIG, other, NODE, CONTROLLERS, ROLE), SETTINGS).changes
        if change.field == "data.etcd-key"
    )
    assert change == Change(
        object="Secret/calico-etcd-secrets",
        field="data.etcd-key",
        before="[redacted]",
        after="[redacted]",
        why=change.why,
    )


def test_every_change_says_why() -> None:
    assert all(change.why for change in overlay(text(), SETTINGS).changes)


def test_what_is_as_wanted_already_is_no_change() -> None:
    applied = overlay(text(), SETTINGS).objects
    assert overlay(text(*applied), SETTINGS).changes == ()


def test_a_build_with_cgo_needs_no_help() -> None:
    changes = overlay(text(), replace(SETTINGS, without_cgo=False)).changes
    assert not [change for change in changes if "DebugSkip" in change.field]


@pytest.mark.parametrize(
    "lacking",
    [
        None,
        TOKENS | {"resourceNames": ["somebody"]},
        TOKENS | {"verbs": ["get"]},
        TOKENS | {"resources": ["pods"]},
    ],
)
def test_a_right_that_upstream_forgot_is_added_and_told(lacking: dict[str, Any] | None) -> None:
    role = ROLE | {"rules": [*ROLE["rules"][:1], *([lacking] if lacking is not None else [])]}
    overlaid = overlay(text(CONFIG, SECRET, NODE, CONTROLLERS, role), SETTINGS)
    (change,) = (change for change in overlaid.changes if change.object == "ClusterRole/calico-node")
    added = TOKENS | {"resourceNames": ["calico-node"]}
    assert (change.field, change.before, json.loads(change.after)) == ("rules", "not set", added)
    assert overlaid.objects[4]["rules"] == [*role["rules"], added]


def test_a_variable_that_came_from_elsewhere_is_replaced_whole() -> None:
    node = copy.deepcopy(NODE)
    environment = node["spec"]["template"]["spec"]["containers"][0]["env"]
    environment[-2] = {"name": "CALICO_IPV4POOL_IPIP", "valueFrom": {"configMapKeyRef": {"key": "ipip"}}}
    overlaid = overlay(text(CONFIG, SECRET, node, CONTROLLERS, ROLE), SETTINGS)
    (change,) = (change for change in overlaid.changes if change.field.endswith("_IPIP"))
    assert change.before == '{"configMapKeyRef": {"key": "ipip"}}'
    entries = overlaid.objects[2]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "CALICO_IPV4POOL_IPIP", "value": "Never"} in entries


def without_data(key: str) -> Callable[[list[dict[str, Any]]], None]:
    return lambda objects: objects[0]["data"].pop(key)


def drop_variable(
    objects: list[dict[str, Any]], name: str, *, number: int = 2, container: str = "containers"
) -> None:
    (found,) = objects[number]["spec"]["template"]["spec"][container]
    found["env"] = [entry for entry in found["env"] if entry["name"] != name]


LOST: list[tuple[Callable[[list[dict[str, Any]]], object], str]] = [
    (without_data("veth_mtu"), "ConfigMap/calico-config data.veth_mtu"),
    (without_data("calico_backend"), "ConfigMap/calico-config data.calico_backend"),
    (lambda objects: objects.pop(1), "Secret/calico-etcd-secrets"),
    (lambda objects: objects.pop(3), "Deployment/calico-kube-controllers"),
    (lambda objects: objects.pop(4), "ClusterRole/calico-node"),
    (
        lambda objects: drop_variable(objects, "CALICO_IPV4POOL_IPIP"),
        "DaemonSet/calico-node calico-node env.CALICO_IPV4POOL_IPIP",
    ),
    (lambda objects: drop_variable(objects, "IP"), "DaemonSet/calico-node calico-node env.IP=autodetect"),
    (
        lambda objects: drop_variable(objects, "CNI_MTU", container="initContainers"),
        "DaemonSet/calico-node install-cni env.CNI_MTU from ConfigMap/calico-config data.veth_mtu",
    ),
    (
        lambda objects: drop_variable(objects, "ETCD_KEY_FILE", number=3),
        "Deployment/calico-kube-controllers calico-kube-controllers env.ETCD_KEY_FILE from "
        "ConfigMap/calico-config data.etcd_key",
    ),
    (
        lambda objects: objects[2]["spec"]["template"]["spec"].pop("volumes"),
        "DaemonSet/calico-node volumes with Secret/calico-etcd-secrets",
    ),
    (
        lambda objects: objects[2]["spec"]["template"]["spec"].pop("initContainers"),
        "DaemonSet/calico-node container install-cni",
    ),
]


@pytest.mark.parametrize(("lose", "named"), LOST, ids=[named for _lose, named in LOST])
def test_a_field_that_upstream_lost_is_named(
    lose: Callable[[list[dict[str, Any]]], object], named: str
) -> None:
    objects = copy.deepcopy([CONFIG, SECRET, NODE, CONTROLLERS, ROLE])
    lose(objects)
    with pytest.raises(UsageError) as refused:
        overlay(text(*objects), SETTINGS)
    listed = str(refused.value).partition("applied: ")[2].partition(". See ")[0]
    assert listed.split("; ") == [named]


def test_all_that_is_missing_is_named_at_once() -> None:
    objects = copy.deepcopy([CONFIG, NODE, CONTROLLERS, ROLE])
    objects[0]["data"].pop("veth_mtu")
    with pytest.raises(UsageError, match=r"data\.veth_mtu; Secret/calico-etcd-secrets"):
        overlay(text(*objects), SETTINGS)


@pytest.mark.parametrize(("bad", "said"), [("a: [", "is not YAML"), ("- a list", "no Kubernetes object")])
def test_what_is_no_manifest_is_refused(bad: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        overlay(bad, SETTINGS)
