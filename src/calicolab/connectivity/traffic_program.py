"""What a test pod sends all the while: small requests to other pods' servers, each noted. Standard library only.

Run by the pod's own Python. `start PLAN` leaves a process behind that sends until `stop` asks for what came of it and
prints that as JSON; the two find each other by a socket that only this pod has. A plan is JSON: {"targets": [{"name",
"address", "port"}], "interval": seconds, "patience": seconds, "limit": seconds}. Of each target and protocol there is
a list of [when it was sent on the machine's monotonic clock, seconds until the answer or null].

"udp" is one flow that lasts, as an established connection does; "tcp" is a new connection for each request, which
every rule on the way is asked about.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import os
import socket
import struct
import sys
import time
from typing import Any

#: In the abstract name space of sockets, which each network namespace has for itself.
CONTROL = os.environ.get("TRAFFIC_CONTROL", "@calicolab-traffic").replace("@", "\0")
_DIGEST = 32
_CHUNK = 65536


class Flow:
    """The requests of one protocol to one target; the number of a request is its place in the list."""

    def __init__(self, target: dict[str, Any], protocol: str) -> None:
        self.target, self.protocol = target, protocol
        self.requests: list[list[float | None]] = []
        #: Set at each answer.
        self.heard = asyncio.Event()
        self._due: dict[bytes, int] = {}

    @property
    def due(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._due)

    def begin(self) -> bytes:
        """Note a request as sent now, and return what to send."""
        payload: bytes = struct.pack(">Q", len(self.requests)) + self.target["name"].encode()
        self._due[hashlib.sha256(payload).digest()] = len(self.requests)
        self.requests.append([time.monotonic(), None])
        return payload

    def answered(self, reply: bytes) -> None:
        """Note an answer: to which request it is its digest says, and from whom its name."""
        number = self._due.pop(reply[:_DIGEST], None)
        if number is not None and reply[_DIGEST:].decode(errors="replace") == self.target["name"]:
            sent = self.requests[number][0] or 0.0
            self.requests[number][1] = time.monotonic() - sent
        self.heard.set()

    def to_json(self) -> dict[str, Any]:
        """Itself as it is printed."""
        rounded = [
            [round(sent or 0.0, 6), None if took is None else round(took, 6)] for sent, took in self.requests
        ]
        return {"target": self.target["name"], "protocol": self.protocol, "requests": rounded}


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._flow.answered(data)

    def error_received(self, exc: Exception) -> None:
        """A port that nobody listens on, a route that is not there: the request stays without an answer."""


class Sender:
    """Sends to every target by every protocol until it is stopped."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._interval, self._patience = float(plan["interval"]), float(plan["patience"])
        self._ends = time.monotonic() + float(plan["limit"])
        self.flows = [Flow(target, protocol) for target in plan["targets"] for protocol in ("udp", "tcp")]
        self._asked: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Send until `stop`."""
        await asyncio.gather(*(self._send(flow, place) for place, flow in enumerate(self.flows)))

    async def stop(self) -> None:
        """Send no more, and wait for the answers that are due."""
        self._stopped.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                for flow in self.flows:
                    while flow.due:
                        flow.heard.clear()
                        await flow.heard.wait()

    async def _send(self, flow: Flow, place: int) -> None:
        ask = await self._asker(flow)
        # Not all at the same moment: the machine has other things to do.
        due = time.monotonic() + self._interval * place / len(self.flows)
        while due < self._ends:
            with contextlib.suppress(TimeoutError):
                # The event loop's clock is the monotonic one.
                async with asyncio.timeout_at(due):
                    await self._stopped.wait()
            # Not by how the wait ended: it may have been both at once, and nobody would wait for the answer.
            if self._stopped.is_set():
                return
            ask(flow)
            # What a busy machine made late is not made up for: a burst would measure itself.
            due = max(due + self._interval, time.monotonic())

    async def _asker(self, flow: Flow) -> Any:
        if flow.protocol == "tcp":
            return self._ask_by_connection
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(flow), remote_addr=(flow.target["address"], flow.target["port"])
        )
        return lambda flow: transport.sendto(flow.begin())

    def _ask_by_connection(self, flow: Flow) -> None:
        task = asyncio.get_running_loop().create_task(self._exchange(flow))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _exchange(self, flow: Flow) -> None:
        payload = flow.begin()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._patience):
                reader, writer = await asyncio.open_connection(flow.target["address"], flow.target["port"])
                try:
                    writer.write(payload)
                    writer.write_eof()
                    flow.answered(await reader.read(_CHUNK))
                finally:
                    writer.close()


async def _measure(plan: dict[str, Any], control: socket.socket) -> None:
    """Send until somebody connects to `control`, and tell them what came of it."""
    sender = Sender(plan)
    stopped = asyncio.Event()

    async def told(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sender.stop()
        writer.write(json.dumps([flow.to_json() for flow in sender.flows]).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        stopped.set()

    server = await asyncio.start_unix_server(told, sock=control)
    async with server:
        sending = asyncio.create_task(sender.run())
        with contextlib.suppress(TimeoutError):
            # Whoever started it may have died: nobody would end it then.
            await asyncio.wait_for(stopped.wait(), float(plan["limit"]) + 60)
        sending.cancel()


def start(plan: dict[str, Any]) -> None:
    """Leave a process behind that measures; it listens already when this returns."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(CONTROL)
    control.listen()
    if os.fork():
        os._exit(0)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    gc.freeze()
    asyncio.run(_measure(plan, control))


def stop() -> None:
    """End the measurement and print what came of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(CONTROL)
        while chunk := connection.recv(_CHUNK):
            sys.stdout.buffer.write(chunk)
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "start":
        start(json.loads(sys.argv[2]))
    else:
        stop()
