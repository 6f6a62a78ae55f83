"""The pod matrix: what is wrong is found, in both directions, and an empty matrix proves nothing."""

from __future__ import annotations

from calicolab.connectivity.matrix import PodMatrix
from calicolab.connectivity.pods import Reach

NODES = {"a": "node01", "b": "node02"}


def reach(source: str, target: str, *, reached: bool) -> Reach:
    return Reach(
        source=source,
        target=target,
        traffic="tcp",
        reached=reached,
        detail="" if reached else "timed out",
        milliseconds=1.0,
    )


def everybody(source: str, target: str) -> bool:
    return True


def nobody(source: str, target: str) -> bool:
    return False


def test_an_empty_matrix_is_not_full() -> None:
    assert not PodMatrix(nodes={}, results=()).is_full


def test_one_direction_alone_is_not_full() -> None:
    matrix = PodMatrix(NODES, (reach("a", "b", reached=True), reach("b", "a", reached=False)))
    assert not matrix.is_full
    assert [(result.source, result.target) for result in matrix.broken] == [("b", "a")]


def test_what_should_be_cut_and_is_not_is_wrong_too() -> None:
    matrix = PodMatrix(NODES, (reach("a", "b", reached=True), reach("b", "a", reached=False)))
    assert [result.source for result in matrix.wrong(everybody)] == ["b"]
    assert [result.source for result in matrix.wrong(nobody)] == ["a"]


def test_the_explanation_marks_what_is_wrong() -> None:
    matrix = PodMatrix(NODES, (reach("a", "b", reached=True), reach("b", "a", reached=False)))
    wrong = [line for line in matrix.explain(everybody).splitlines() if "WRONG" in line]
    assert len(wrong) == 1
    assert "b -> a" in wrong[0]
    assert "timed out" in wrong[0]


def test_its_facts_hold_every_exchange() -> None:
    matrix = PodMatrix(NODES, (reach("a", "b", reached=True),))
    assert [result["reached"] for result in matrix.to_facts()["results"]] == [True]
