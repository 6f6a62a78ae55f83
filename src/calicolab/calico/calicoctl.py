"""calicoctl, as the incident used it: with a configuration file that names etcd and its certificates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.calico import ipam
from calicolab.calico.facts import NodeAddress
from calicolab.command import CommandFailed
from calicolab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calicolab.command import CommandResult

    #: Runs an argument list with this text as standard input, and returns how it ended, whatever its exit code.
    Run = Callable[[Sequence[str], str | None], CommandResult]

PROGRAM = "calicoctl"
CONFIG = "/etc/calico/calicoctl.cfg"
#: How often a command is tried in all when etcd could not take it.
ATTEMPTS = 3
#: etcd says these before it has done anything, so even a change may be tried again (etcd, v3rpc/rpctypes/error.go).
NOT_TAKEN = ("etcdserver: no leader", "etcdserver: too many requests")
#: After these a change may have been made or not; only a question may be asked again.
UNCERTAIN = ("etcdserver: leader changed", "etcdserver: request timed out", "etcdserver: server stopped")


class CalicoctlError(CommandFailed):
    """calicoctl answered that it would not or could not."""


class ResourceMissing(CalicoctlError):
    """There is no such resource."""


class UpdateConflict(CalicoctlError):
    """Somebody else changed the resource since it was read: what was applied carries an old resourceVersion."""


class VersionMismatch(CalicoctlError):
    """calicoctl and the cluster are of different versions, as in the middle of an upgrade."""


#: What calicoctl says, by the error that it means; wording of v3.21 to v3.31.
_ERRORS: tuple[tuple[str, type[CalicoctlError]], ...] = (
    ("resource does not exist", ResourceMissing),
    ("update conflict", UpdateConflict),
    ("ersion mismatch", VersionMismatch),  # "Version" up to v3.30, "version" from v3.31 on
)


@dataclass(frozen=True)
class IpPool:
    """An IPPool. `ipip` and `vxlan` are "Always", "CrossSubnet" or "Never"."""

    name: str
    cidr: str
    block_size: int
    ipip: str
    vxlan: str
    disabled: bool


class Calicoctl:
    """calicoctl on one machine. Every method raises a CalicoctlError when calicoctl refuses.

    With etcd out of reach calicoctl says nothing and does not end (seen with v3.23.2 and v3.31.0, for 60 s): `run` must
    have a time-out, and its CommandTimedOut is all there is to see.

    Args:
        run: runs an argument list with a text as standard input; it must have a time-out.
        config: path of the configuration file on that machine.
        allow_version_mismatch: use a calicoctl that is not of the cluster's version. Off, as a mismatch in a lab says
            that it was put together wrongly; an upgrade turns it on for its duration.
    """

    def __init__(self, run: Run, *, config: str = CONFIG, allow_version_mismatch: bool = False) -> None:
        self._run = run
        self._options = [
            f"--config={config}",
            *(["--allow-version-mismatch"] if allow_version_mismatch else []),
        ]

    def get(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """A resource, or the list of all of a kind (its "items") when `name` is None.

        Raises:
            ResourceMissing: there is none of this name.
        """
        return self._json(["get", kind, *([name] if name else []), "-o", "json"])

    def get_node_yaml(self, name: str) -> str:
        """`calicoctl get node <name> -o yaml`, the text that the incident's cure edits.

        Raises:
            ResourceMissing: there is no such node.
        """
        return self._do(["get", "node", name, "-o", "yaml"], changes=False).stdout

    def node_addresses(self) -> tuple[NodeAddress, ...]:
        """The BGP address of every Node resource, by name."""
        return tuple(
            NodeAddress(
                node=node["metadata"]["name"],
                ipv4=((node.get("spec") or {}).get("bgp") or {}).get("ipv4Address"),
            )
            for node in sorted(self.get("nodes")["items"], key=lambda node: str(node["metadata"]["name"]))
        )

    def mesh_enabled(self) -> bool:
        """Whether the node-to-node mesh is on: without a BGPConfiguration that says otherwise, it is."""
        try:
            spec = self.get("bgpconfiguration", "default").get("spec") or {}
        except ResourceMissing:
            return True
        return bool(spec.get("nodeToNodeMeshEnabled", True))

    def ip_pools(self) -> tuple[IpPool, ...]:
        """The IP pools, by name."""
        return tuple(
            IpPool(
                name=pool["metadata"]["name"],
                cidr=pool["spec"]["cidr"],
                block_size=pool["spec"]["blockSize"],
                ipip=pool["spec"].get("ipipMode", "Never"),
                vxlan=pool["spec"].get("vxlanMode", "Never"),
                disabled=pool["spec"].get("disabled", False),
            )
            for pool in sorted(self.get("ippools")["items"], key=lambda pool: str(pool["metadata"]["name"]))
        )

    def ipam_show(self) -> tuple[ipam.Usage, ...]:
        """How many addresses of each pool, and of each block in it, are in use."""
        return ipam.parse(self._do(["ipam", "show", "--show-blocks"], changes=False).stdout)

    def apply(self, text: str) -> None:
        """`calicoctl apply -f -`: create or update the resources in `text` (YAML).

        Raises:
            UpdateConflict: a resource in it was changed since it was read.
        """
        self._do(["apply", "-f", "-"], changes=True, stdin=text)

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        """Merge `change` into a resource, such as {"spec": {"bgp": {"ipv4Address": "192.168.21.12/24"}}}.

        Raises:
            ResourceMissing: there is none of this name.
        """
        self._do(["patch", kind, name, "-p", json.dumps(change)], changes=True)

    def delete(self, kind: str, name: str) -> None:
        """Delete a resource.

        Raises:
            ResourceMissing: there is none of this name.
        """
        self._do(["delete", kind, name], changes=True)

    def _json(self, command: Sequence[str]) -> dict[str, Any]:
        result = self._do(command, changes=False)
        try:
            answer = json.loads(result.stdout)
        except ValueError as error:
            raise LabError(f"calicoctl's answer is no JSON: {result}") from error
        if not isinstance(answer, dict):
            raise LabError(f"calicoctl's answer is no resource: {result}")
        return answer

    def _do(self, command: Sequence[str], *, changes: bool, stdin: str | None = None) -> CommandResult:
        """Run a command, again when etcd could not take it; a command that changes something, only if it did not."""
        temporary = NOT_TAKEN if changes else NOT_TAKEN + UNCERTAIN
        argv = [PROGRAM, *command, *self._options]
        for attempt in range(1, ATTEMPTS + 1):
            result = self._run(argv, stdin)
            if result.succeeded:
                return result
            said = result.stdout + result.stderr
            if attempt == ATTEMPTS or not any(words in said for words in temporary):
                break
        raise next((error for words, error in _ERRORS if words in said), CalicoctlError)(result)
