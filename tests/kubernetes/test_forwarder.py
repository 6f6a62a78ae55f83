"""The door to an API server elsewhere: TLS goes through it untouched."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme
import yaml

from calicolab.errors import LabError, UsageError
from calicolab.kubernetes import kubeconfig
from calicolab.kubernetes.forwarder import Forwarder
from tests.kubernetes import fake_api


def connect(address: str, port: int, *, timeout: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=timeout)


def refuse(address: str, port: int, *, timeout: float) -> socket.socket:
    raise LabError("the engine's namespace is gone")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def echo(authority: trustme.CA) -> Iterator[int]:
    """A TLS server called control-plane, which sends back what it gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("control-plane").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as peer:
                    while data := peer.recv(65536):
                        peer.sendall(data)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def client(authority: trustme.CA, port: int, *, name: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain = socket.create_connection(("127.0.0.1", port), timeout=5)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def test_bytes_go_both_ways_and_the_certificate_is_the_servers(authority: trustme.CA, echo: int) -> None:
    sent = b"x" * 1_000_000
    with (
        Forwarder(connect, "127.0.0.1", echo) as door,
        client(authority, door.port, name="control-plane") as one,
    ):
        threading.Thread(target=one.sendall, args=(sent,)).start()
        received = b""
        while len(received) < len(sent):
            received += one.recv(65536)
        assert received == sent


def test_another_name_is_not_believed(authority: trustme.CA, echo: int) -> None:
    with Forwarder(connect, "127.0.0.1", echo) as door, pytest.raises(ssl.SSLError):
        client(authority, door.port, name="somebody-else")


def test_it_ends_with_its_context(authority: trustme.CA, echo: int) -> None:
    before = threading.active_count()
    with Forwarder(connect, "127.0.0.1", echo) as door:
        port = door.port
        one = client(authority, port, name="control-plane")
    with one, contextlib.suppress(OSError):
        assert one.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    with pytest.raises(LabError, match="is closed"):
        _ = door.port
    assert threading.active_count() <= before + 2  # those that carried end with their connection


def test_a_server_that_cannot_be_reached_hangs_up(authority: trustme.CA) -> None:
    with Forwarder(refuse, "10.0.0.1", 6443) as door:
        with socket.create_connection(("127.0.0.1", door.port), timeout=5) as one:
            assert one.recv(1) == b""
        assert door.last_error == "the engine's namespace is gone"


def test_a_kubeconfig_is_led_through_it_and_still_checks_the_servers_name() -> None:
    text = fake_api.kubeconfig("https://control-plane:6443")
    assert kubeconfig.server(text) == ("control-plane", 6443)
    through = kubeconfig.through(text, "127.0.0.1", 4711)
    (cluster,) = yaml.safe_load(through)["clusters"]
    assert cluster["cluster"] == {"server": "https://127.0.0.1:4711", "tls-server-name": "control-plane"}
    local = kubeconfig.through(fake_api.kubeconfig("https://127.0.0.1:33333"), "127.0.0.1", 4711)
    assert "tls-server-name" not in local


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind: Pod", "is not one: its kind is not Config"),
        ("a: [", "cannot be read"),
        ("kind: Config\ncurrent-context: x", "current context 'x' names no cluster"),
        (fake_api.kubeconfig("http://x:1"), "has the server 'http://x:1': https"),
    ],
)
def test_what_is_no_kubeconfig_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        kubeconfig.server(text)
