"""The pods' server and client, for real, on this machine's loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from calicolab.connectivity import pod_program


@pytest.fixture
def port() -> int:
    """A port that nobody has, for TCP and UDP alike."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def environment(port: int) -> dict[str, str]:
    return {**os.environ, "POD_PORT": str(port)}


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[None]:
    argv = [sys.executable, pod_program.__file__, "serve", "pod-a"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "serving\n"
        yield
        server.kill()


def ask(environment: dict[str, str], *protocols: str) -> list[dict[str, str]]:
    questions = [{"address": "127.0.0.1", "protocol": protocol, "timeout": 2} for protocol in protocols]
    done = subprocess.run(
        [sys.executable, pod_program.__file__, "ask"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
        env=environment,
    )
    answers: list[dict[str, str]] = json.loads(done.stdout)
    return answers


@pytest.mark.usefixtures("served")
def test_every_kind_of_traffic_is_answered_with_the_pods_name(environment: dict[str, str]) -> None:
    assert [answer["answered"] for answer in ask(environment, "tcp", "udp", "transfer")] == ["pod-a"] * 3


def test_where_nobody_serves_nothing_is_answered(environment: dict[str, str]) -> None:
    answers = ask(environment, "tcp", "udp", "transfer")
    assert [answer["answered"] for answer in answers] == [""] * 3
    assert all("refused" in answer["detail"] for answer in answers)


def test_an_answer_to_something_else_does_not_count(environment: dict[str, str], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as impostor:
        argv = [sys.executable, pod_program.__file__, "ask"]
        question = json.dumps([{"address": "127.0.0.1", "protocol": "tcp", "timeout": 2}])
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as client:
            assert client.stdin is not None
            client.stdin.write(question)
            client.stdin.close()
            connection, _ = impostor.accept()
            with connection:
                while connection.recv(1024):
                    pass
                connection.sendall(b"x" * 32 + b"pod-a")
            assert client.stdout is not None
            (answer,) = json.load(client.stdout)
    assert answer["answered"] == ""
    assert "not to what was sent" in answer["detail"]
