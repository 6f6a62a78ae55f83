from __future__ import annotations

import pytest

from benchmarks.curve import Curve
from benchmarks.versions import spread
from calicolab.calico.versions import known


def test_a_line_and_how_far_the_points_are_from_it() -> None:
    curve = Curve("story", "versions", "s")
    for count, cost in ((1, 12.0), (2, 14.0), (4, 18.0)):
        curve.add(count, cost)
    line = curve.fit()
    assert (line.slope, line.start) == pytest.approx((2.0, 10.0))
    assert line.residual == pytest.approx(0.0, abs=1e-9)
    curve.add(3, 18.0)
    assert curve.fit().residual > 1.0
    said = str(curve).splitlines()
    assert said[0].startswith("story: ")
    assert len(said) == 5
    assert said[3].count("#") == 40


def test_one_point_makes_no_line() -> None:
    curve = Curve("story", "versions", "s")
    curve.add(1, 12.0)
    with pytest.raises(ValueError, match="a line needs two points"):
        curve.fit()


@pytest.mark.parametrize("count", range(1, 11))
def test_versions_are_spread_from_the_first_to_the_last(count: int) -> None:
    names = known()
    chosen = spread(names, count)
    assert len(set(chosen)) == count
    assert list(chosen) == [name for name in names if name in chosen]
    if count > 1:
        assert (chosen[0], chosen[-1]) == (names[0], names[-1])
