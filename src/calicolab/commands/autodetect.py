"""`calicolab autodetect`: which address calico-node would take on a node; the model's word, or the program's too."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from calicolab.calico import versions
from calicolab.calico.autodetection import decide
from calicolab.calico.autodetection.case import EXAMPLE, Case, decode, encode
from calicolab.calico.autodetection.comparison import agree, said
from calicolab.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from calicolab.calico.autodetection import Decision

#: Where this machine's own network is.
OWN_NETWORK = Path("/proc/self/ns/net")
#: Exit code when the model and the real program differ.
EXIT_DIFFER = 1


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "autodetect",
        help="say which address calico-node takes on a node, version by version",
        description="Say which address calico-node would take on a node: by the model, for which nothing is started "
        "and nothing built; with --real by calico-node itself, beside the model, in a network namespace of its own.",
        epilog=f"A layout is written like: {encode(EXAMPLE)}",
    )
    node = parser.add_mutually_exclusive_group(required=True)
    node.add_argument("--layout", metavar="JSON|@FILE", help="the node: see below")
    node.add_argument("--here", action="store_true", help="this machine's own interfaces and routes")
    parser.add_argument(
        "--version",
        action="append",
        metavar="VERSION",
        help="of Calico; again or with commas for several, v3.22.0..v3.27.0 for a range (default: all known)",
    )
    parser.add_argument("--ip", help='the setting IP, such as autodetect, none, "" or an address')
    parser.add_argument("--method", help="the setting IP_AUTODETECTION_METHOD, such as interface=eth.*")
    parser.add_argument(
        "--internal-ip",
        metavar="ADDRESS",
        help="the Kubernetes Node's InternalIP, for kubernetes-internal-ip",
    )
    parser.add_argument("--stored", metavar="ADDRESS", help="what the Node holds when calico-node starts")
    parser.add_argument(
        "--other",
        action="append",
        metavar="NODE=ADDRESS",
        default=[],
        help="what another Node holds; again for more",
    )
    parser.add_argument(
        "--real", action="store_true", help="ask the real calico-node too (root; it is built if need be)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the layout that was asked about, and no more"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print what was said; versions in a row that do the same are printed together."""
    case = _case(arguments)
    if arguments.json:
        print(encode(case))
        return 0
    asked = versions.expand(
        part.strip() for one in arguments.version or [versions.ALL] for part in one.split(",")
    )
    if arguments.real:
        return _compare(asked, case)
    for decision, same in groupby(asked, key=lambda version: _model(version, case)):
        print(f"{', '.join(same)}\n    {_indented(decision)}")
    return 0


def _compare(asked: Sequence[str], case: Case) -> int:
    """Print the model's word and the real program's, version by version."""
    differ = 0
    for version, real in _real(asked, case):
        model = _model(version, case)
        same = agree(model, real)
        differ += not same
        print(f"{version}\n    model: {_indented(model)}\n    real:  {_indented(real)}")
        print("    they agree" if same else "    THEY DIFFER")
    return EXIT_DIFFER if differ else 0


def _real(asked: Sequence[str], case: Case) -> Iterator[tuple[str, Decision]]:
    # The labs' libraries take longer to import than the model to answer.
    from calicolab.artifacts import obtain
    from calicolab.artifacts.kubernetes.programs import obtain_programs
    from calicolab.artifacts.progress import for_terminal
    from calicolab.labs.netns.startup import StartupRig

    files = obtain(asked, report=for_terminal())
    asks_kubernetes = case.settings.kubernetes or case.settings.kubernetes_internal_ip is not None
    kubernetes = obtain_programs(for_terminal()) if asks_kubernetes else None
    for version in asked:
        with StartupRig(files[version], workers=1, kubernetes=kubernetes) as rig:
            yield version, rig.answer(case)


def _model(version: str, case: Case) -> Decision:
    return decide(version, case.layout, case.settings, case.stored)


def _case(arguments: argparse.Namespace) -> Case:
    """The layout of the command line, with the settings that are given beside it."""
    case = _here() if arguments.here else decode(_text(arguments.layout))
    settings, stored = case.settings, case.stored
    if arguments.ip is not None:
        settings = replace(settings, ip=arguments.ip)
    if arguments.method is not None:
        settings = replace(settings, method=arguments.method)
    if arguments.internal_ip is not None:
        settings = replace(settings, kubernetes_internal_ip=arguments.internal_ip)
    if arguments.stored is not None:
        stored = replace(stored, address=arguments.stored or None)
    if arguments.other:
        stored = replace(stored, others={**stored.others, **dict(map(_other, arguments.other))})
    return Case(case.layout, settings, stored)


def _here() -> Case:
    from calicolab.host.node_layout import read_layout

    return Case(read_layout(OWN_NETWORK))


def _text(layout: str) -> str:
    if not layout.startswith("@"):
        return layout
    try:
        return Path(layout[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--layout {layout}: {error}; name a file with the JSON of a layout") from error


def _other(text: str) -> tuple[str, str]:
    name, equals, address = text.partition("=")
    if not (name and equals and address):
        raise UsageError(f"--other {text}: write it like node01=192.168.21.11/24")
    return name, address


def _indented(decision: Decision) -> str:
    return said(decision).replace("\n", "\n    ")
