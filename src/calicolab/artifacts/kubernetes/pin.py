"""Make go.mod and go.sum of what Kubernetes is built from: `python -m calicolab.artifacts.kubernetes.pin kind`.

Run once by whoever changes a version in `sources`; what it writes is committed, and builds only read it. Why a go.mod
of ours is needed at all is said in `calicolab.artifacts.pin`, which does the same for Calico.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab.artifacts import golang
from calicolab.artifacts.cache import default_root
from calicolab.artifacts.kubernetes.sources import SOURCES, Source
from calicolab.artifacts.stream import follow
from calicolab.command import run
from calicolab.errors import CalicolabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Where the pinned files are.
PINNED = Path(__file__).parent / "gomodules"
TIMEOUT = 900.0


def compose(theirs: Mapping[str, Any], source: Source) -> str:
    """Our go.mod before it is tidied.

    Args:
        theirs: the module's own go.mod, as `go mod edit -json` prints it.
        source: which module that is, and which version takes the place of its folders.

    Raises:
        UsageError: it replaces modules by folders, and `source` names no version for them.
    """
    replaced = theirs.get("Replace") or ()
    folders = sorted(entry["Old"]["Path"] for entry in replaced if "Version" not in entry["New"])
    if folders and source.staging is None:
        raise UsageError(
            f"{source.module} {source.version} replaces {', '.join(folders)} by folders of its own: "
            "its row needs the version that takes their place (staging)"
        )
    required = [f"{source.module} {source.version}"]
    required += [
        f"{wanted['Path']} {source.staging if wanted['Path'] in folders else wanted['Version']}"
        for wanted in theirs.get("Require") or ()
    ]
    # Requirements of modules in between name made-up versions of the folders.
    chosen = [f"{path} => {path} {source.staging}" for path in folders]
    chosen += [
        f"{_module(entry['Old'])} => {_module(entry['New'])}"
        for entry in replaced
        if "Version" in entry["New"]
    ]
    return "\n".join(
        [
            f"module calicolab.invalid/{source.pins}\n",
            f"go {theirs['Go']}\n",
            *_block("require", required),
            *_block("replace", chosen),
        ]
    )


def pin(sources: Sequence[Source], *, into: Path) -> None:
    """Write go.mod and go.sum for all that `sources`, which share a module, build into the folder `into`.

    Raises:
        UsageError: there is no Go on PATH.
        CalicolabError: a module could not be fetched.
    """
    go = golang.find("1.24", cache=default_root())
    if go is None:
        raise UsageError("a Go of at least 1.24 must be on PATH to change a version")
    environment = go.environment() | {"GOFLAGS": "-mod=mod"}
    environment["GONOSUMDB"] += "".join(f",{source.module}" for source in sources if source.unlisted)

    def query(*arguments: str) -> Any:
        return json.loads(run([str(go.program), *arguments], timeout=TIMEOUT, env=environment).stdout)

    source = sources[0]
    fetched = query("mod", "download", "-json", f"{source.module}@{source.version}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "go.mod").write_text(compose(query("mod", "edit", "-json", fetched["GoMod"]), source))
        # The module's own checksums are the start, so that what it pinned stays pinned.
        (work / "go.sum").write_text((Path(fetched["Dir"]) / "go.sum").read_text())
        packages = [package for row in sources for package in (*row.programs, *row.tests)]
        imports = "".join(f'import _ "{package}"\n' for package in packages)
        (work / "programs.go").write_text(f"//go:build programs\n\npackage programs\n\n{imports}")
        # -e: what only tests or other systems need may be missing.
        follow(
            [str(go.program), "mod", "tidy", "-e"], timeout=TIMEOUT, env=environment, cwd=work, on_line=print
        )
        (work / "programs.go").unlink()
        # Every package can be found with these files and no other.
        listing = [
            str(go.program),
            "list",
            "-deps",
            *(["-test"] if any(row.tests for row in sources) else []),
        ]
        follow([*listing, *packages], timeout=TIMEOUT, env=go.environment(), cwd=work)
        into.mkdir(parents=True, exist_ok=True)
        for name in ("go.mod", "go.sum"):
            (into / name).write_text((work / name).read_text())


def main(arguments: Sequence[str]) -> int:
    """Pin each folder named in `arguments`; all of them when there are none."""
    known = list(dict.fromkeys(source.pins for source in SOURCES))
    try:
        for name in arguments or known:
            rows = [source for source in SOURCES if source.pins == name]
            if not rows:
                raise UsageError(f"nothing is built from {name!r}: known are {', '.join(known)}")
            pin(rows, into=PINNED / name)
    except CalicolabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _module(named: Mapping[str, str]) -> str:
    return f"{named['Path']} {named['Version']}" if named.get("Version") else named["Path"]


def _block(word: str, lines: Sequence[str]) -> list[str]:
    return [f"{word} (", *(f"\t{line}" for line in lines), ")\n"] if lines else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
