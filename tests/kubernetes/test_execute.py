"""Exec over a websocket: what is sent, what comes back, and how the socket is left."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from calicolab.command import CommandTimedOut
from calicolab.kubernetes.errors import ApiRefused, ApiSilent
from calicolab.kubernetes.execute import execute

SUCCESS = {"status": "Success"}
FAILED = {"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "7"}]}}
NOT_FOUND = {"status": "Failure", "code": 500, "message": 'exec: "nope": executable file not found in $PATH'}
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass
class Kubelet:
    """Speaks just as much of RFC 6455 and of the protocol v5.channel.k8s.io as exec needs, once."""

    status: Any = field(default_factory=lambda: SUCCESS)
    refuses: bool = False
    silent: bool = False
    request: str = ""
    stdin: bytes = b""

    def serve(self, listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as stream:
            head = b"".join(iter(stream.readline, b"\r\n")).decode()
            self.request = head.splitlines()[0].split()[1]
            if self.refuses:
                peer.sendall(b'HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\npods "x" not found')
                return
            key = next(
                line.split(": ")[1] for line in head.splitlines() if line.startswith("Sec-WebSocket-Key")
            )
            accept = base64.b64encode(hashlib.sha1(key.encode() + _ACCEPT).digest()).decode()  # noqa: S324 - RFC 6455
            peer.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n".encode()
            )
            if "stdin=true" in self.request:
                while (frame := self._frame(stream))[:1] != b"\xff":
                    self.stdin += frame[1:]
            if self.silent:
                stream.read(1)
                return
            for data in (b"\x01out", b"\x02err", b"\x03" + json.dumps(self.status).encode()):
                peer.sendall(bytes([0x82, len(data)]) + data if len(data) < 126 else _long(data))
            peer.sendall(b"\x88\x02\x03\xe8")  # good-bye
            stream.read(1)

    def _frame(self, stream: Any) -> bytes:
        _, length = stream.read(2)
        length &= 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", stream.read(2))
        mask = stream.read(4)
        return bytes(byte ^ mask[index % 4] for index, byte in enumerate(stream.read(length)))


def _long(data: bytes) -> bytes:
    return bytes([0x82, 126]) + struct.pack(">H", len(data)) + data


@pytest.fixture
def kubelet() -> Iterator[tuple[Kubelet, Any]]:
    kubelet = Kubelet()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=kubelet.serve, args=(listener,), daemon=True)
        thread.start()
        host = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield kubelet, SimpleNamespace(
            host=host, verify_ssl=False, cert_file=None, key_file=None, tls_server_name=None, proxy=None,
            proxy_headers=None,
        )  # fmt: skip
        thread.join(timeout=10)


Stage = tuple[Kubelet, Any]


def test_a_program_is_run_with_its_arguments_and_its_input(kubelet: Stage) -> None:
    there, configuration = kubelet
    done = execute(
        configuration, namespace="n", pod="x", argv=["python3", "-c", "a b&c"], stdin="question" * 100
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "out", "err")
    assert there.stdin.decode() == "question" * 100
    url = urlsplit(there.request)
    assert url.path == "/api/v1/namespaces/n/pods/x/exec"
    words = [value for name, value in parse_qsl(url.query) if name == "command"]
    assert words == ["python3", "-c", "a b&c"]


def test_its_exit_code_is_told(kubelet: Stage) -> None:
    kubelet[0].status = FAILED
    assert execute(kubelet[1], namespace="n", pod="x", argv=["false"], container="c").returncode == 7
    assert "container=c" in kubelet[0].request


def test_what_cannot_be_run_is_refused(kubelet: Stage) -> None:
    kubelet[0].status = NOT_FOUND
    with pytest.raises(ApiRefused, match="executable file not found"):
        execute(kubelet[1], namespace="n", pod="x", argv=["nope"])


def test_a_pod_that_there_is_not_is_refused(kubelet: Stage) -> None:
    kubelet[0].refuses = True
    with pytest.raises(ApiRefused, match="404"):
        execute(kubelet[1], namespace="n", pod="x", argv=["true"])


def test_one_that_does_not_end_is_given_up(kubelet: Stage) -> None:
    kubelet[0].silent = True
    with pytest.raises(CommandTimedOut, match="exec n/x sleep 9"):
        execute(kubelet[1], namespace="n", pod="x", argv=["sleep", "9"], timeout=0.3)


def test_nobody_there_is_silence(kubelet: Stage) -> None:
    configuration = SimpleNamespace(**{**vars(kubelet[1]), "host": "http://127.0.0.1:1"})
    with pytest.raises(ApiSilent, match="does not answer"):
        execute(configuration, namespace="n", pod="x", argv=["true"])
    execute(kubelet[1], namespace="n", pod="x", argv=["true"])
