"""BIRD's routes: `show route`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calicolab.calico.bird_errors import BirdProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calicolab.calico.bird_protocol import Line, Reply

#: Code of a route's line (BIRD 1.6, doc/reply_codes).
ROUTE = 1007

#: Prefix (left out when it is that of the line before), where it goes, who brought it and since when, whether it is the
#: best one, its preference and what its protocol adds.
_ROUTE = re.compile(
    r"(?P<prefix>\S+) (?P<target>\S[^\[]*) \[(?P<protocol>\S+) [^\[\]]*\](?P<marks>[ *!]*)\([^()]*\)(?P<rest>.*)",
    re.ASCII,
)
_VIA = re.compile(r"via (?P<gateway>\S+) on (?P<interface>\S+)", re.ASCII)
_DEV = re.compile(r"dev (?P<interface>\S+)", re.ASCII)


@dataclass(frozen=True)
class Route:
    """One route as BIRD holds it; `str()` gives the line it was read from, prefix included."""

    prefix: str
    #: The protocol that brought it, such as Mesh_192_168_21_12, kernel1, direct1 or static1.
    protocol: str
    #: "via", "dev", "multipath", "blackhole", "unreachable" or "prohibited".
    target: str
    #: Addresses and names of the next hops; several of each for a multipath route, none for a blackhole.
    gateways: tuple[str, ...]
    interfaces: tuple[str, ...]
    #: Whether BIRD prefers it to all others with the same prefix.
    primary: bool
    line: str

    def __str__(self) -> str:
        return self.line


def parse(reply: Reply) -> tuple[Route, ...]:
    """Read an answer to `show route`.

    Raises:
        BirdProtocolError: a line of it is no route as BIRD 1.6 prints it.
    """
    return tuple(_routes(line for line in reply.lines if line.code == ROUTE))


def _routes(lines: Iterator[Line]) -> Iterator[Route]:
    prefix = ""
    for line in _joined(lines):
        words = line.split()
        if not line.startswith(" "):
            prefix = words.pop(0) if words else ""
        text = " ".join([prefix, *words])
        found = _ROUTE.match(text)
        if found is None:
            raise BirdProtocolError(f"this is no route as BIRD 1.6 prints it: {line!r}")
        hops = f"{found['target']} {found['rest']}"
        yield Route(
            prefix=prefix,
            protocol=found["protocol"],
            target=found["target"].split()[0],
            gateways=tuple(hop["gateway"] for hop in _VIA.finditer(hops)),
            interfaces=tuple(hop["interface"] for hop in (*_VIA.finditer(hops), *_DEV.finditer(hops))),
            primary="*" in found["marks"],
            line=text,
        )


def _joined(lines: Iterator[Line]) -> Iterator[str]:
    """A route in one line: the next hops of a multipath route follow on lines that begin with a tab."""
    route: list[str] = []
    for line in lines:
        if route and not line.text.startswith("\t"):
            yield "".join(route)
            route = []
        route.append(line.text)
    if route:
        yield "".join(route)
