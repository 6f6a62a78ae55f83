"""The time line: checks as bars, events as numbered marks, the fault's window shaded."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from calicolab.evidence.model import Outcome
from calicolab.evidence.timeline import Event
from calicolab.report.timeline_picture import Window, draw_timeline, fault_windows, shown_events
from tests.evidence.examples import LAB, a_check

CHECK = "suites/founding/test_incident.py::test_a"


def event(t: float, name: str, node: str = "", detail: str = "") -> Event:
    return Event(t, LAB, name, node, detail)


def test_a_window_reaches_from_injection_to_its_own_healing() -> None:
    events = [
        event(1.0, "fault-injected", "node02", "docker-bridge"),
        event(2.0, "fault-injected", "node01", "felix-down"),
        event(3.0, "fault-healed", "node01", "felix-down"),
        event(5.0, "fault-healed", "node02", "docker-bridge"),
    ]
    assert fault_windows(events, end=9.0) == [
        Window(1.0, 5.0, "docker-bridge on node02"),
        Window(2.0, 3.0, "felix-down on node01"),
    ]


def test_a_fault_that_was_not_healed_lasts_to_the_end() -> None:
    assert fault_windows([event(1.0, "fault-injected")], end=9.0) == [Window(1.0, 9.0, "a fault")]


def test_the_same_fault_twice_has_two_windows() -> None:
    twice = [event(float(t), name, "n", "x") for t, name in enumerate(["fault-injected", "fault-healed"] * 2)]
    assert [(window.begin, window.end) for window in fault_windows(twice, end=9.0)] == [
        (0.0, 1.0),
        (2.0, 3.0),
    ]


def test_what_is_drawn() -> None:
    events = [
        event(0.0, "check-started", detail=CHECK),
        event(1.0, "fault-injected", "node02", "docker-bridge"),
        event(1.0, "phase", detail="during"),
        event(1.0, "cure-applied"),
    ]
    markup = draw_timeline(LAB, events, [a_check("test_a", "fail")])
    picture = ElementTree.fromstring(markup)  # noqa: S314 - our own markup
    told = [title.text for group in picture.iter("g") for title in group.findall("title")]
    assert told == [
        "docker-bridge on node02: 1.0 s to 1.5 s",
        "test a (fail, 1.5 s)",
        "1.0 s: fault-injected node02 docker-bridge",
        "1.0 s: phase during",
        "1.0 s: cure-applied",
    ]
    classes = [shape.get("class") for shape in picture.iter() if shape.tag in ("rect", "circle")]
    assert classes == ["window", "bar fail", "mark harm", "mark plain", "mark cure"]
    numbers = [text.text for text in picture.iter("text") if (text.text or "").isdigit()]
    assert numbers == ["1", "2", "3"]
    heights = {circle.get("cy") for circle in picture.iter("circle")}
    assert len(heights) == 3, "marks of the same moment stand below each other"
    assert "docker-bridge on node02: from 1.0 s to 1.5 s" in (picture.get("aria-label") or "")


def test_a_checks_start_is_no_event_to_be_shown() -> None:
    assert shown_events([event(0.0, "check-started"), event(1.0, "up")]) == [event(1.0, "up")]


events_of_any_kind = st.lists(
    st.builds(
        Event,
        t=st.floats(0, 1e6),
        lab=st.just(LAB),
        event=st.sampled_from(["up", "fault-injected", "fault-healed", "check-started"]),
        node=st.text(max_size=5),
        detail=st.text(max_size=5) | st.just("\x1b[31m\ud800<"),
    ),
    max_size=30,
)


@given(events_of_any_kind)
def test_whatever_happened_every_mark_is_within_the_picture(events: list[Event]) -> None:
    picture = ElementTree.fromstring(draw_timeline("x", sorted(events, key=lambda one: one.t), []))  # noqa: S314
    width, height = float(picture.get("width") or 0), float(picture.get("height") or 0)
    for circle in picture.iter("circle"):
        assert 0 <= float(circle.get("cx") or -1) <= width
        assert 0 <= float(circle.get("cy") or -1) <= height


def _bars(markup: str) -> list[str]:
    picture = ElementTree.fromstring(markup)  # noqa: S314 - our own markup
    groups = [group for group in picture.iter("g") if group.find("rect[@class]") is not None]
    return [
        str(group.findtext("title"))
        for group in groups
        if "bar" in str(group.find("rect").get("class"))  # type: ignore[union-attr]  # it was found above
    ]


def test_passes_within_a_pixel_are_one_bar_and_nothing_else_is() -> None:
    names = [f"test_{index}" for index in range(7)]
    outcomes: list[Outcome] = ["pass", "pass", "pass", "fail", "fail", "pass", "skip"]
    prefix = CHECK.removesuffix("test_a")
    events = [event(index * 0.001, "check-started", detail=prefix + name) for index, name in enumerate(names)]
    checks = [
        msgspec.structs.replace(a_check(name, outcome), duration_s=0.001)
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    told = _bars(draw_timeline(LAB, [*events, event(100.0, "phase")], checks))
    assert told == [
        "test 0 (pass, 0.0 s), and 2 more in 0.0 s",
        "test 3 (fail, 0.0 s)",
        "test 4 (fail, 0.0 s)",
        "test 5 (pass, 0.0 s)",
    ]
