"""`python -m nightly`: the whole night, or some of its parts, or the page of what was run elsewhere."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from calicolab.errors import UsageError
from calicolab.evidence import shards
from nightly.night import (
    NIGHTS,
    SUMMARY,
    broken,
    exit_code,
    halves,
    is_second_half,
    missing,
    new_folder,
    night_before,
    run_parts,
    sign,
    summary,
)
from nightly.parts import PARTS, Part

USAGE = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run what was asked for and return the worst outcome as an exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.list:
            return _list()
        parts = _parts(arguments.parts)
        _check(arguments)
    except UsageError as error:
        print(f"nightly: {error}", file=sys.stderr)
        return USAGE
    night: Path = arguments.out or new_folder(NIGHTS)
    since: Path | None = arguments.since or night_before(night.absolute(), again=arguments.again)
    try:
        ended = []
        if arguments.again is not None:
            is_second_half(night, of=arguments.again)
        if not arguments.only_sign:
            ended = run_parts(parts, night=night, shard=arguments.shard, again=arguments.again)
        nights = halves(night)
        without = missing(parts, nights=nights) if arguments.only_sign else broken(ended)
        signed = sign(nights, into=night, since=since, without=without) if arguments.shard is None else None
    except KeyboardInterrupt:
        print("nightly: interrupted; `--only-sign` makes the page of what is there", file=sys.stderr)
        return INTERRUPTED
    said = summary(ended, signed=signed, without=without)
    night.mkdir(parents=True, exist_ok=True)
    (night / SUMMARY).write_text(f"{said}\n", encoding="utf-8")
    print(f"{said}\nnightly: {night}")
    return exit_code(ended, signed=signed, without=without)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nightly",
        description="Run the nightly job and make its page to sign (docs/nightly.md).",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="which parts (default: all; see --list)")
    parser.add_argument("--list", action="store_true", help="list the parts and how long they take")
    parser.add_argument(
        "--shard", metavar="K/N", help="run part K of N of each, and leave the page to who has all"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help=f"where it goes (default: a new one in {NIGHTS})"
    )
    parser.add_argument(
        "--since", type=Path, metavar="FOLDER", help="an earlier night (default: the one before)"
    )
    parser.add_argument(
        "--again", type=Path, metavar="FOLDER", help="run again what was not green in this night"
    )
    parser.add_argument(
        "--only-sign", action="store_true", help="run nothing; make the page of what is in --out"
    )
    return parser


def _parts(names: list[str]) -> list[Part]:
    known = {part.name: part for part in PARTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"there is no part {unknown[0]!r}: the parts are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] or list(PARTS)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.shard is not None:
        shards.parse(arguments.shard)
    for option in ("since", "again"):
        folder = getattr(arguments, option)
        if folder is not None and not folder.is_dir():
            raise UsageError(f"--{option} {folder}: there is no such folder; name that of a night")
    if arguments.only_sign and arguments.out is None:
        raise UsageError("--only-sign needs --out: name the folder that holds the runs")


def _list() -> int:
    for part in PARTS:
        print(f"{part.name:<14} {part.what}; about {part.minutes:.0f} min")
    return 0


if __name__ == "__main__":
    sys.exit(main())
