"""Upstream's calico-etcd.yaml, and the few fields of it that a lab sets: each with what stood there and why.

Nothing else is changed. Where upstream no longer has a field, or no longer uses it, that is an error: a setting that
silently does nothing would make a lab something else than its report says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import yaml

from calicolab.calico.configuration import CA_FILE, CERTIFICATE_FILE, KEY_FILE
from calicolab.errors import UsageError
from calicolab.evidence.redact import MARK

NODE, CONTROLLERS = "DaemonSet/calico-node", "Deployment/calico-kube-controllers"
CONFIG, SECRETS = "ConfigMap/calico-config", "Secret/calico-etcd-secrets"
#: What a Change says where nothing stood, or an empty text.
NOT_SET, EMPTY = "not set", '""'
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
class Change:
    """One field that was set. `object` is its kind and name; `after` never holds a private key."""

    object: str
    field: str
    before: str
    after: str
    why: str


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
    manifest = _Manifest(text)
    _set_configuration(manifest, settings)
    _set_secrets(manifest, settings)
    _set_variables(manifest, settings)
    for name, container, variables in _READERS:
        for variable, key in variables.items():
            manifest.require_reference(name, container, variable, key)
        manifest.require_secret(name)
    # The incident is about just this: which address a node finds for itself.
    manifest.require_value(NODE, "calico-node", "IP", "autodetect")
    manifest.end()
    return Overlaid(objects=manifest.objects, changes=tuple(manifest.changes))


def _set_configuration(manifest: _Manifest, settings: Settings) -> None:
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


def _set_secrets(manifest: _Manifest, settings: Settings) -> None:
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


def _set_variables(manifest: _Manifest, settings: Settings) -> None:
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


class _Manifest:
    """The objects of a manifest, what was changed in them, and what was looked for in vain."""

    def __init__(self, text: str) -> None:
        try:
            documents = list(yaml.safe_load_all(text))
        except yaml.YAMLError as error:
            raise UsageError(f"upstream's manifest is not YAML: {error}") from error
        self.objects: list[dict[str, Any]] = [document for document in documents if document is not None]
        self._named: dict[str, dict[str, Any]] = {}
        for found in self.objects:
            if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
                raise UsageError(
                    f"upstream's manifest holds something that is no Kubernetes object: {found!r:.80}"
                )
            self._named[f"{found.get('kind')}/{found['metadata'].get('name')}"] = found
        self.changes: list[Change] = []
        self._missing: dict[str, None] = {}

    def set_data(
        self, name: str, key: str, value: str, *, why: str, must_be_there: bool, shown: str | None = None
    ) -> None:
        """Set `key` in the data of the ConfigMap or Secret `name`; a Change says `shown` where `value` is secret."""
        found = self._find(name)
        if found is None:
            return
        data = found.get("data") or {}
        if must_be_there and key not in data:
            self._miss(f"{name} data.{key}")
            return
        before = data.get(key)
        found["data"] = data | {key: value}
        if before != value:
            was = NOT_SET if before is None else MARK if shown is not None else str(before)
            self._note(name, f"data.{key}", was, value if shown is None else shown, why)

    def set_variable(
        self, name: str, container: str, variable: str, value: str, *, why: str, must_be_there: bool
    ) -> None:
        """Set the environment variable of a container."""
        found = self._container(name, container)
        if found is None:
            return
        environment = found.setdefault("env", [])
        entry = _entry(found, variable)
        if entry is None:
            if must_be_there:
                self._miss(f"{name} {container} env.{variable}")
                return
            entry = {}
            environment.append(entry)
        before = entry.get("value", json.dumps(entry["valueFrom"]) if "valueFrom" in entry else NOT_SET)
        entry.clear()
        entry |= {"name": variable, "value": value}
        if before != value:
            self._note(name, f"{container} env.{variable}", str(before), value, why)

    def require_reference(self, name: str, container: str, variable: str, key: str) -> None:
        """See that the variable comes from `key` of the ConfigMap, so that what is set there has an effect."""
        found = self._container(name, container)
        if found is None:
            return
        entry = _entry(found, variable) or {}
        reference = (entry.get("valueFrom") or {}).get("configMapKeyRef") or {}
        if (reference.get("name"), reference.get("key")) != (CONFIG.partition("/")[2], key):
            self._miss(f"{name} {container} env.{variable} from {CONFIG} data.{key}")

    def require_value(self, name: str, container: str, variable: str, value: str) -> None:
        """See that upstream itself sets the variable to `value`."""
        found = self._container(name, container)
        if found is not None and (_entry(found, variable) or {}).get("value") != value:
            self._miss(f"{name} {container} env.{variable}={value}")

    def require_secret(self, name: str) -> None:
        """See that the Secret is mounted."""
        found = self._find(name)
        if found is None:
            return
        wanted = SECRETS.partition("/")[2]
        volumes = _pod(found).get("volumes") or []
        if not any((volume.get("secret") or {}).get("secretName") == wanted for volume in volumes):
            self._miss(f"{name} volumes with {SECRETS}")

    def end(self) -> None:
        """Raise if anything was missing.

        Raises:
            UsageError: with all that was.
        """
        if self._missing:
            raise UsageError(
                "upstream's manifest no longer has what the lab sets or relies on, so it cannot be applied: "
                f"{'; '.join(self._missing)}. See calicolab/calico/manifest.py, or choose another version of Calico"
            )

    def _find(self, name: str) -> dict[str, Any] | None:
        found = self._named.get(name)
        if found is None:
            self._miss(name)
        return found

    def _container(self, name: str, container: str) -> dict[str, Any] | None:
        found = self._find(name)
        if found is None:
            return None
        pod = _pod(found)
        containers: list[dict[str, Any]] = [
            *(pod.get("initContainers") or ()),
            *(pod.get("containers") or ()),
        ]
        named = next((candidate for candidate in containers if candidate.get("name") == container), None)
        if named is None:
            self._miss(f"{name} container {container}")
        return named

    def _miss(self, what: str) -> None:
        self._missing[what] = None

    def _note(self, name: str, field: str, before: str, after: str, why: str) -> None:
        self.changes.append(Change(object=name, field=field, before=before or EMPTY, after=after, why=why))


def _pod(workload: dict[str, Any]) -> dict[str, Any]:
    """The pod's specification in a DaemonSet or Deployment."""
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def _entry(container: dict[str, Any], variable: str) -> dict[str, Any] | None:
    entries: list[dict[str, Any]] = container.get("env") or []
    return next((entry for entry in entries if entry.get("name") == variable), None)
