"""Points of a curve, a straight line through them, and how far they are from it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field


@dataclass
class Curve:
    """What something costs by how much of it there is; `x` and `y` say in which units."""

    name: str
    x: str
    y: str
    points: list[tuple[float, float]] = field(default_factory=list)

    def add(self, count: float, cost: float) -> None:
        """Add a point."""
        self.points.append((count, round(cost, 2)))

    def fit(self) -> Line:
        """The line nearest to the points (least squares)."""
        if len(self.points) < 2:
            raise ValueError(f"{self.name}: a line needs two points, here are {len(self.points)}")
        counts, costs = zip(*self.points, strict=True)
        slope, start = statistics.linear_regression(counts, costs)
        return Line(slope, start, max(abs(cost - start - slope * count) for count, cost in self.points))

    def __str__(self) -> str:
        line = self.fit()
        most = max(cost for _, cost in self.points)
        rows = [
            f"  {count:>4g} {self.x:<9} {cost:>8.1f} {self.y}  {line.at(count) - cost:>+7.1f} to the line  "
            f"{'#' * round(40 * cost / most)}"
            for count, cost in self.points
        ]
        return "\n".join([f"{self.name}: {line} ({self.y})", *rows])


@dataclass(frozen=True)
class Line:
    """A straight line, and the largest distance of a point from it."""

    slope: float
    start: float
    residual: float

    def at(self, count: float) -> float:
        """Its value there."""
        return self.start + self.slope * count

    def __str__(self) -> str:
        return f"{self.start:.1f} + {self.slope:.2f} each, no point further off than {self.residual:.1f}"
