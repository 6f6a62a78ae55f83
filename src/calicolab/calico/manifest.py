"""Upstream's calico-etcd.yaml, and the few fields of it that a lab sets: each with what stood there and why.

Nothing else is changed. Where upstream no longer has a field, or no longer uses it, that is an error: a setting that
silently does nothing would make a lab something else than its report says.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from calicolab.calico.configuration import CA_FILE, CERTIFICATE_FILE, KEY_FILE
from calicolab.calico.manifest_objects import Change, ManifestObjects
from calicolab.evidence.redact import MARK

__all__ = ["Change", "Overlaid", "Settings", "overlay"]

NODE, CONTROLLERS = "DaemonSet/calico-node", "Deployment/calico-kube-controllers"
CONFIG, SECRETS = "ConfigMap/calico-config", "Secret/calico-etcd-secrets"
NODE_ROLE = "ClusterRole/calico-node"
#: The right to have a token made, and for which accounts: calico-node's own, and since v3.26 one for the plugin.
TOKEN_RESOURCE, TOKEN_ACCOUNTS = "serviceaccounts/token", ("calico-node", "calico-cni-plugin")
_ETCD_VARIABLES = {
    "ETCD_ENDPOINTS": "etcd_endpoints",
    "ETCD_CA_CERT_FILE": "etcd_ca",
    "ETCD_CERT_FILE": "etcd_cert",
    "ETCD_KEY_FILE": "etcd_key",
}
#: Object, container, and its variables that must come from these keys of the ConfigMap.
_READERS = (
    (NODE, "calico-node", _ETCD_VARIABLES | {"CALICO_NETWORKING_BACKEND": "calico_backend"}),
    (NODE, "install-cni", {"ETCD_ENDPOINTS": "etcd_endpoints", "CNI_MTU": "veth_mtu"}),
    (CONTROLLERS, "calico-kube-controllers", _ETCD_VARIABLES),
)


@dataclass(frozen=True)
class Settings:
    """What a lab sets.

    Attributes:
        etcd_endpoints: client URLs, joined by commas.
        etcd_ca: PEM of the authority that etcd's certificates are from.
        etcd_certificate: PEM of the client certificate that Calico shows to etcd.
        etcd_key: PEM of its private key.
        pod_cidr: the range of the first IP pool; kubeadm's podSubnet is the same.
        veth_mtu: bytes, of a pod's interface.
        backend: what announces the pods' routes; upstream's probes in this manifest ask for bird.
        without_cgo: whether calico-node was built without cgo, as the ones from Go modules are.
    """

    etcd_endpoints: str
    etcd_ca: str
    etcd_certificate: str
    etcd_key: str
    pod_cidr: str
    veth_mtu: int
    backend: str = "bird"
    without_cgo: bool = True


@dataclass(frozen=True)
class Overlaid:
    """The manifest's objects as they are applied, in upstream's order, and all that differs from upstream's."""

    objects: list[dict[str, Any]]
    changes: tuple[Change, ...]


def overlay(text: str, settings: Settings) -> Overlaid:
    """Set `settings` in upstream's manifest `text`.

    Raises:
        UsageError: it is no manifest, or fields are missing, all of which are named.
    """
    manifest = ManifestObjects(text)
    _set_configuration(manifest, settings)
    _set_secrets(manifest, settings)
    _set_variables(manifest, settings)
    _allow_tokens(manifest)
    for name, container, variables in _READERS:
        for variable, key in variables.items():
            manifest.require_reference(name, container, variable, CONFIG, key)
        manifest.require_volume(name, SECRETS)
    # The incident is about just this: which address a node finds for itself.
    manifest.require_value(NODE, "calico-node", "IP", "autodetect")
    manifest.end()
    return Overlaid(objects=manifest.objects, changes=tuple(manifest.changes))


def _set_configuration(manifest: ManifestObjects, settings: Settings) -> None:
    where = "where the lab's external etcd is"
    mounted = "etcd asks for client certificates; the Secret is mounted there"
    for key, value, why in (
        ("etcd_endpoints", settings.etcd_endpoints, where),
        ("etcd_ca", CA_FILE, mounted),
        ("etcd_cert", CERTIFICATE_FILE, mounted),
        ("etcd_key", KEY_FILE, mounted),
        ("calico_backend", settings.backend, "what the lab was asked for"),
        ("veth_mtu", str(settings.veth_mtu), "the incident's"),
    ):
        manifest.set_data(CONFIG, key, value, why=why, must_be_there=True)


def _set_secrets(manifest: ManifestObjects, settings: Settings) -> None:
    why = "the lab's own authority and its client certificate for Calico"
    for key, pem in (
        ("etcd-ca", settings.etcd_ca),
        ("etcd-cert", settings.etcd_certificate),
        ("etcd-key", settings.etcd_key),
    ):
        # Not even a checksum of the key.
        shown = (
            MARK if key == "etcd-key" else f"PEM, SHA-256 {hashlib.sha256(pem.encode()).hexdigest()[:16]}..."
        )
        encoded = base64.b64encode(pem.encode()).decode()
        manifest.set_data(SECRETS, key, encoded, why=why, shown=shown, must_be_there=False)


def _set_variables(manifest: ManifestObjects, settings: Settings) -> None:
    plain = (
        "pods are reached by plain routes, as in the incident; not every kernel that the lab runs on has IPIP"
    )
    wanted = [
        ("CALICO_IPV4POOL_CIDR", settings.pod_cidr, "the range that the cluster has for pods", False),
        ("CALICO_IPV4POOL_IPIP", "Never", plain, True),
        ("CALICO_IPV4POOL_VXLAN", "Never", plain, True),
    ]
    if settings.without_cgo:
        # Spelled just so: felix/bpf/nat/connecttime.go reads it by itself.
        why = "calico-node is built without cgo, and Felix of v3.31 would panic removing BPF state that never was"
        wanted.append(("FELIX_DebugSkipCTLBCleanup", "true", why, False))
    for variable, value, why, must_be_there in wanted:
        manifest.set_variable(NODE, "calico-node", variable, value, why=why, must_be_there=must_be_there)


def _allow_tokens(manifest: ManifestObjects) -> None:
    """Let calico-node have tokens made, where upstream forgot to.

    Since v3.23.2 the installer asks Kubernetes for a token for the plugin, and ends when it gets none (pull request
    5910; cni-plugin/pkg/install). The chart of v3.23.2 grants that only where Kubernetes is the datastore
    (calico-node-rbac.yaml); the manifest of v3.25.0 does for etcd, too.
    """
    manifest.add_rule(
        NODE_ROLE,
        {
            "apiGroups": [""],
            "resources": [TOKEN_RESOURCE],
            "resourceNames": [TOKEN_ACCOUNTS[0]],
            "verbs": ["create"],
        },
        unless=lambda rule: (
            TOKEN_RESOURCE in rule.get("resources", ())
            and "create" in rule.get("verbs", ())
            and not set(TOKEN_ACCOUNTS).isdisjoint(rule.get("resourceNames", ()))
        ),
        why="the installer has a token made for the CNI plugin; upstream's manifest of this version for etcd lacks "
        "the right to, and calico-node would never start (projectcalico/calico pull request 5910)",
    )
