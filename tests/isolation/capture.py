"""A capture of all that this machine's own network namespace sends or receives, to see whether a lab leaks."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_ETH_P_ALL = 0x0003
_ETHERNET_HEADER, _IPV4 = 14, b"\x08\x00"


class Capture:
    """Records the destination addresses of IPv4 packets, in both directions, while entered.

    It listens in the network namespace in which it is made: on every interface, or on the one that is named.
    """

    def __init__(self, interface: str = "") -> None:
        self.destinations: set[str] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        if interface:
            self._socket.bind((interface, _ETH_P_ALL))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                frame = self._socket.recv(2048)
            except TimeoutError:
                continue
            if frame[12:14] == _IPV4 and len(frame) >= _ETHERNET_HEADER + 20:
                self.destinations.add(str(ipaddress.IPv4Address(frame[30:34])))

    def seen_within(self, network: str) -> set[str]:
        """The destinations seen so far that lie in `network`."""
        wanted = ipaddress.IPv4Network(network)
        return {address for address in self.destinations if ipaddress.IPv4Address(address) in wanted}
