"""The lab's own certificate authority: one CA, a server and peer certificate for each member, one for clients.

trustme makes them (docs/decisions): it exists to do just this for tests. A lab's authority lives in memory and in the
lab's files and ends with the lab.
"""

from __future__ import annotations

from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, PEM. The key never enters a report: `evidence` leaves it out."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate authority made for one lab."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="calico-conformance lab")

    @property
    def certificate(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._authority.cert_pem.bytes()

    def issue(self, *identities: str, common_name: str) -> Certificate:
        """Issue a certificate valid for the names and addresses in `identities`, as server and as client."""
        leaf = self._authority.issue_cert(*identities, common_name=common_name)
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return Certificate(certificate=chain, key=leaf.private_key_pem.bytes())
