"""What runs in a test pod: a server, and a client that asks many servers at once. Standard library only.

Run by the pod's own Python: `pod_program.py serve NAME` or `pod_program.py ask` with a JSON list of questions on
standard input. A question is {"address", "protocol": "tcp" | "udp" | "transfer", "timeout": seconds}; the answer adds
"answered" (the server's name, "" when none came), "detail" (why not) and "milliseconds".
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import json
import os
import socket
import socketserver
import sys
import threading
import time
from typing import Any

#: A pod has all its ports to itself; whoever runs this outside of one chooses another.
PORT = int(os.environ.get("POD_PORT", "8080"))
#: Bytes of one transfer: 1 MB, more than any buffer on the way holds.
TRANSFER = 1_000_000
_CHUNK = 65536
_DIGEST = 32


class _Stream(socketserver.BaseRequestHandler):
    """Reads to the end, answers with the SHA-256 of what came and the pod's name."""

    def handle(self) -> None:
        digest = hashlib.sha256()
        while chunk := self.request.recv(_CHUNK):
            digest.update(chunk)
        self.request.sendall(digest.digest() + _name.encode())


class _Datagram(socketserver.BaseRequestHandler):
    """Answers a datagram with its SHA-256 and the pod's name."""

    def handle(self) -> None:
        data, server = self.request
        server.sendto(hashlib.sha256(data).digest() + _name.encode(), self.client_address)


class _StreamServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


_name = ""


def serve(name: str) -> None:
    """Serve TCP and UDP on PORT until killed; prints "serving" when both listen."""
    global _name
    _name = name
    with (
        _StreamServer(("", PORT), _Stream) as stream,
        socketserver.UDPServer(("", PORT), _Datagram) as datagram,
    ):
        threading.Thread(target=stream.serve_forever, daemon=True).start()
        print("serving", flush=True)
        datagram.serve_forever()


def ask(question: dict[str, Any]) -> dict[str, Any]:
    """Ask one server, once, and return the question with its answer."""
    started = time.monotonic()
    answered, detail = "", ""
    payload = os.urandom(TRANSFER if question["protocol"] == "transfer" else 32)
    try:
        exchange = _datagram if question["protocol"] == "udp" else _stream
        reply = exchange(question["address"], payload, question["timeout"])
        if reply[:_DIGEST] == hashlib.sha256(payload).digest():
            answered = reply[_DIGEST:].decode()
        else:
            detail = f"the answer is not to what was sent ({len(reply)} bytes)"
    except OSError as error:
        detail = str(error) or type(error).__name__
    return {
        **question,
        "answered": answered,
        "detail": detail,
        "milliseconds": (time.monotonic() - started) * 1000,
    }


def _stream(address: str, payload: bytes, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    with socket.create_connection((address, PORT), timeout=timeout) as connection:
        connection.sendall(payload)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        while True:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            chunk = connection.recv(_CHUNK)
            if not chunk:
                return reply
            reply += chunk


def _datagram(address: str, payload: bytes, timeout: float) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout)
        connection.connect((address, PORT))
        connection.send(payload)
        return connection.recv(_CHUNK)


def main() -> None:
    """Serve or ask, as the arguments say."""
    if sys.argv[1] == "serve":
        with contextlib.suppress(KeyboardInterrupt):
            serve(sys.argv[2])
    else:
        questions = json.load(sys.stdin)
        with concurrent.futures.ThreadPoolExecutor(max_workers=32) as pool:
            json.dump(list(pool.map(ask, questions)), sys.stdout)


if __name__ == "__main__":
    main()
