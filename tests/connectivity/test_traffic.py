"""Requests that are measured: what a gap is, what is lost, and the pods' program for real, on the loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from calicolab.connectivity import pod_program, traffic, traffic_program
from calicolab.connectivity.traffic import SAMPLES, Flow, Request, Traffic, excused
from calicolab.errors import LabError
from calicolab.evidence.timeline import Timeline


def flow(*answers: float | None, interval: float = 0.02) -> Flow:
    """A flow whose requests were answered after so many milliseconds each."""
    return Flow(
        "pod-a",
        "pod-b",
        "udp",
        tuple(Request(round(number * interval, 6), answer) for number, answer in enumerate(answers)),
    )


def test_without_a_loss_the_gap_is_the_slowest_answer() -> None:
    assert flow(1, 1, 7, 1).worst_gap_ms == pytest.approx(7)
    assert flow(1, 1, 7, 1).lost == ()


def test_a_gap_lasts_from_the_first_lost_request_to_the_next_answer() -> None:
    found = flow(1, None, None, None, 2, 1)
    assert len(found.lost) == 3
    assert found.worst_gap_ms == pytest.approx(62)


def test_a_late_answer_is_no_gap_where_later_requests_are_answered_before_it() -> None:
    assert flow(1, 1000, 1, 1).worst_gap_ms == pytest.approx(21)


def test_an_answer_that_comes_too_late_is_lost() -> None:
    assert len(flow(1, 2500, 1).lost) == 1


def test_a_gap_that_does_not_end_lasts_to_the_last_request() -> None:
    assert flow(1, None, None, None).worst_gap_ms == pytest.approx(40)


def test_a_machine_that_did_not_ask_leaves_no_gap() -> None:
    requests = (Request(0.0, 1.0), Request(3.0, 1.0))
    assert Flow("a", "b", "udp", requests).worst_gap_ms == pytest.approx(1)


def of(source: str, target: str, *answers: float | None) -> Flow:
    """A flow of requests half a second apart."""
    return Flow(source, target, "udp", tuple(Request(n / 2, answer) for n, answer in enumerate(answers)))


def test_a_loss_while_a_pod_did_not_even_answer_itself_is_excused() -> None:
    lossy = of("pod-a", "pod-b", 1, 1, None, 1)
    quiet, busy = of("pod-a", "pod-a", 1, 1, 1, 1), of("pod-b", "pod-b", 1, 1, 900, 1)
    assert excused(lossy, [quiet, busy])
    assert not excused(lossy, [quiet, of("pod-b", "pod-b", 1, 1, 1, 1)])
    assert not excused(lossy, [quiet, of("pod-c", "pod-c", None, None, None, None)])
    assert not excused(of("pod-a", "pod-b", 1, 1, 1), [quiet, busy])


def test_a_loss_long_before_the_machine_was_busy_is_not_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "PATIENCE", 2.0)
    lossy = of("pod-a", "pod-b", None, *([1.0] * 9), None)
    busy_at_the_end = of("pod-b", "pod-b", *([1.0] * 10), 900)
    assert not excused(lossy, [busy_at_the_end])


def test_a_fact_has_the_worst_of_many_requests_in_its_samples() -> None:
    answers: list[float | None] = [1.0] * 2000
    answers[777] = None
    answers[1500] = 80.0
    fact = flow(*answers).to_fact()
    assert (fact.sent, fact.lost) == (2000, 1)
    assert len(fact.samples) <= SAMPLES
    values = [value for _, value in fact.samples]
    assert None in values
    assert 80.0 in values
    assert fact.median_ms == 1.0
    # Whoever asked after it had an answer 20 ms later.
    assert fact.worst_gap_ms == 21.0
    assert [time for time, _ in fact.samples] == sorted(time for time, _ in fact.samples)


def test_a_flow_that_was_never_answered_has_no_times() -> None:
    fact = flow(None, None).to_fact()
    assert (fact.lost, fact.median_ms, fact.p99_ms) == (2, None, None)


@dataclass
class LocalPod:
    """A pod on this machine's loopback."""

    name: str
    node: str
    environment: dict[str, str]
    address: str = "127.0.0.1"
    said: list[str] = field(default_factory=list)

    def run_python(self, source: str, *arguments: str, timeout: float) -> str:
        done = subprocess.run(
            [sys.executable, "-", *arguments],
            input=source,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )
        if done.returncode:
            raise LabError(done.stderr)
        return done.stdout

    def reach(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """A pod's server under the name pod-b."""
    port = 20000 + os.getpid() % 20000
    monkeypatch.setattr(pod_program, "PORT", port)
    argv = [sys.executable, pod_program.__file__, "serve", "pod-b"]
    environment = {**os.environ, "POD_PORT": str(port)}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        yield process
        process.kill()


def pods(server_name: str = "pod-b") -> list[LocalPod]:
    def environment(which: str) -> dict[str, str]:
        return {**os.environ, "TRAFFIC_CONTROL": f"@calicolab-test-{os.getpid()}-{which}"}

    return [
        LocalPod("pod-a", "node01", environment("a")),
        LocalPod(server_name, "node02", environment("b")),
    ]


def measure(found: list[LocalPod], during: Any = None) -> Traffic:
    """Half a second of requests; `during` is called in the middle of it."""
    timer = threading.Event()
    with Traffic(found, timeline=Timeline(), interval=0.01) as measured:
        timer.wait(0.25)
        if during is not None:
            during()
        timer.wait(0.25)
    return measured


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "PATIENCE", 1.0)


@pytest.mark.usefixtures("server")
def test_every_request_is_noted_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "PATIENCE", 50.0)  # it ends as soon as all is answered
    measured = measure(pods())
    mine = [flow for flow in measured.flows if flow.source == "pod-a"]
    assert {flow.protocol for flow in mine} == {"udp", "tcp"}
    for found in mine:
        assert len(found.requests) >= 5
        assert not [request for request in found.requests if request.milliseconds is None]
        assert all(0 <= request.sent < 30 for request in found.requests)


def test_an_impostors_answers_do_not_count(server: subprocess.Popen[str]) -> None:
    del server
    measured = measure(pods("pod-c"))
    mine = [flow for flow in measured.flows if flow.source == "pod-a"]
    assert all(len(flow.lost) == len(flow.requests) for flow in mine)


def test_a_server_that_dies_is_seen(server: subprocess.Popen[str]) -> None:
    measured = measure(pods(), server.kill)
    for found in measured.flows:
        if found.source == "pod-a":
            assert found.requests[-1].lost
            assert found.worst_gap_ms > 150


def test_a_measurement_that_is_under_way_is_not_begun_twice() -> None:
    one, other = pods()
    with (
        Traffic([one, other], timeline=Timeline()) as measured,
        pytest.raises(LabError, match="in use"),
        Traffic([one, other], timeline=Timeline()),
    ):
        pass
    assert measured.flows


def test_the_program_needs_nothing_but_python() -> None:
    lines = Path(traffic_program.__file__).read_text().splitlines()
    listed = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert listed <= set(sys.stdlib_module_names)
