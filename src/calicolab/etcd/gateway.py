"""A client of etcd's own JSON gateway (etcd v3.5, /v3/kv/...): keys and values without a program started for each.

Its connection is opened in a network namespace and kept, so that a thousand questions cost a thousand round trips.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calicolab.errors import LabError
from calicolab.host.network_namespace import entered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

#: Seconds for one answer.
TIMEOUT = 10.0


@dataclass(frozen=True)
class Credentials:
    """Files, PEM: the authority that the member's certificate is of, and the client's own certificate and key."""

    authority: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """TLS with both sides known to each other."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.certificate, self.key)
        return context


class Gateway:
    """The gateway of the member at `address`, as seen from the network namespace `namespace`.

    Not for several threads at once.

    Raises:
        LabError: the member does not answer.
    """

    def __init__(self, address: str, port: int, *, namespace: Path, credentials: Credentials) -> None:
        self._connection = http.client.HTTPSConnection(
            address, port, timeout=TIMEOUT, context=credentials.context()
        )
        with entered(namespace):
            try:
                self._connection.connect()
            except OSError as error:
                raise LabError(f"etcd at {address}:{port} does not take a connection: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, key: str) -> str | None:
        """The value of one key; None when there is none."""
        found = self._ask("range", {"key": _encoded(key)}).get("kvs", [])
        return base64.b64decode(found[0]["value"]).decode() if found else None

    def delete_prefix(self, prefix: str) -> None:
        """Delete all keys that begin with `prefix`."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        self._ask("deleterange", {"key": _encoded(prefix), "range_end": _encoded(end)})

    def put(self, values: Mapping[str, str]) -> None:
        """Set keys to values, all in one transaction."""
        puts = [
            {"requestPut": {"key": _encoded(key), "value": _encoded(value)}} for key, value in values.items()
        ]
        self._ask("txn", {"success": puts})

    def _ask(self, what: str, question: object) -> dict[str, Any]:
        try:
            self._connection.request("POST", f"/v3/kv/{what}", body=json.dumps(question))
            with closing(self._connection.getresponse()) as response:
                said = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise LabError(f"etcd did not answer {what}: {error}") from error
        if response.status != http.client.OK:
            raise LabError(
                f"etcd answered {what} with {response.status}: {said.decode(errors='replace')[:500]}"
            )
        answer: dict[str, Any] = json.loads(said)
        return answer


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
