"""What a kind lab is made of, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calicolab.evidence.model import EtcdRecord, LabRecord, ManifestChange
from calicolab.labs.kind.topology import ETCD_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calicolab.artifacts import KindFiles
    from calicolab.calico.manifest import Change
    from calicolab.labs.kind.topology import Topology


def of(
    lab: str, *, files: KindFiles, topology: Topology, cannot: Mapping[str, str], changes: Iterable[Change]
) -> LabRecord:
    """The record of a lab.

    Args:
        lab: its id.
        files: its programs and images.
        topology: its machines.
        cannot: what it cannot do, and why.
        changes: what was changed of upstream's manifest.
    """
    provenance = files.provenance
    return LabRecord(
        id=lab,
        kind="kind",
        nodes=len(topology.nodes),
        calico=files.version,
        kubernetes=files.kubernetes.version,
        etcd=EtcdRecord(version=provenance["etcd"], members=ETCD_MEMBERS, tls=True),
        source=files.source,
        bird=provenance["bird"],
        control_planes=len(topology.control_planes),
        cannot=dict(cannot),
        changes=[
            ManifestChange(
                object=change.object,
                field=change.field,
                before=change.before,
                after=change.after,
                why=change.why,
            )
            for change in changes
        ],
        provenance=dict(provenance),
    )
