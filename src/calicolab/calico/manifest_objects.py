"""The objects of a manifest: fields are set in them, each change is told, and what is missing is gathered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from calicolab.errors import UsageError
from calicolab.evidence.redact import MARK

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a Change says where nothing stood, or an empty text.
NOT_SET, EMPTY = "not set", '""'


@dataclass(frozen=True)
class Change:
    """One field that was set. `object` is its kind and name; `after` never holds a private key."""

    object: str
    field: str
    before: str
    after: str
    why: str


class ManifestObjects:
    """The objects of the manifest `text`, called by kind and name, such as "DaemonSet/calico-node".

    Raises:
        UsageError: the text is no manifest.
    """

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

    def add_rule(
        self, name: str, rule: dict[str, Any], *, unless: Callable[[dict[str, Any]], bool], why: str
    ) -> None:
        """Add `rule` to a ClusterRole, unless one that it has will do."""
        found = self._find(name)
        if found is None:
            return
        rules: list[dict[str, Any]] = found.setdefault("rules", [])
        if not any(unless(had) for had in rules):
            rules.append(rule)
            self._note(name, "rules", NOT_SET, json.dumps(rule), why)

    def require_reference(self, name: str, container: str, variable: str, config: str, key: str) -> None:
        """See that the variable comes from `key` of the ConfigMap `config`, so that what is set there has an effect."""
        found = self._container(name, container)
        if found is None:
            return
        entry = _entry(found, variable) or {}
        reference = (entry.get("valueFrom") or {}).get("configMapKeyRef") or {}
        if (reference.get("name"), reference.get("key")) != (config.partition("/")[2], key):
            self._miss(f"{name} {container} env.{variable} from {config} data.{key}")

    def require_value(self, name: str, container: str, variable: str, value: str) -> None:
        """See that upstream itself sets the variable to `value`."""
        found = self._container(name, container)
        if found is not None and (_entry(found, variable) or {}).get("value") != value:
            self._miss(f"{name} {container} env.{variable}={value}")

    def require_volume(self, name: str, secret: str) -> None:
        """See that the pods of `name` have the Secret `secret` as a volume."""
        found = self._find(name)
        if found is None:
            return
        wanted = secret.partition("/")[2]
        volumes = _pod(found).get("volumes") or []
        if not any((volume.get("secret") or {}).get("secretName") == wanted for volume in volumes):
            self._miss(f"{name} volumes with {secret}")

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
