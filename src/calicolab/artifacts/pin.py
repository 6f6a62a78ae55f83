"""Make a version's go.mod and go.sum: `python -m calicolab.artifacts.pin v3.23.2`.

Run once by whoever adds a version; what it writes is committed, and builds only read it. Calico's module is not made
to be required: its go.mod replaces its own parts by folders, and a `replace` counts in the main module only. So ours
requires all that Calico's requires, repeats its replacements that name a version, and names versions for the rest.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calicolab.artifacts import golang
from calicolab.artifacts.cache import default_root
from calicolab.artifacts.calico_image_programs import PART, programs_in
from calicolab.artifacts.calico_module import MODULE
from calicolab.artifacts.calico_programs import PACKAGES
from calicolab.artifacts.stream import follow
from calicolab.calico.versions import Version, lookup
from calicolab.command import run
from calicolab.errors import CalicolabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Required by programs that are not built here, and not served: its fork, or the folder it is replaced by.
NOT_SERVED = frozenset({"github.com/envoyproxy/data-plane-api", f"{MODULE}/lib/httpmachinery"})
#: -e: what only tests or other systems need may be missing. -compat: no Go before 1.17 will read it, and for such a
#: one tidy would fetch Calico's own `api` by the version that its go.mod makes up.
TIDY = ("mod", "tidy", "-e", "-compat=1.17")
TIMEOUT = 900.0


def compose(calicos: Mapping[str, Any], version: Version) -> str:
    """Our go.mod before it is tidied.

    Args:
        calicos: Calico's own go.mod, as `go mod edit -json` prints it.
        version: which modules take the place of the folders.
    """
    folders = {"github.com/projectcalico/api": version.api, f"{MODULE}/lib/std": version.std}
    required = [f"{MODULE} {version.module}"]
    required += [f"{path} {chosen}" for path, chosen in folders.items() if chosen is not None]
    required += [
        f"{wanted['Path']} {wanted['Version']}"
        for wanted in calicos["Require"]
        if wanted["Path"] not in NOT_SERVED and wanted["Path"] not in folders
    ]
    replaced = [
        f"{_module(entry['Old'])} => {_module(entry['New'])}"
        for entry in calicos.get("Replace") or ()
        if "Version" in entry["New"] and entry["Old"]["Path"] not in NOT_SERVED
    ]
    return "\n".join(
        [
            "module calicolab.invalid/calico\n",
            f"go {calicos['Go']}\n",
            *_block("require", required),
            *_block("replace", replaced),
        ]
    )


def pin(version: Version, *, into: Path) -> None:
    """Write go.mod and go.sum of `version` into the folder `into`, and those of its images' programs below it.

    Raises:
        UsageError: there is no Go on PATH.
        CalicolabError: a module could not be fetched.
    """
    go = golang.find("1.24", cache=default_root())
    if go is None:
        raise UsageError("a Go of at least 1.24 must be on PATH to add a version")
    environment = go.environment() | {"GOFLAGS": "-mod=mod"}

    def query(*arguments: str) -> Any:
        return json.loads(run([str(go.program), *arguments], timeout=TIMEOUT, env=environment).stdout)

    fetched = query("mod", "download", "-json", f"{MODULE}@{version.module}")
    module = Path(fetched["Dir"])
    composed = compose(query("mod", "edit", "-json", fetched["GoMod"]), version)
    machine = [package for package, _place, _names in PACKAGES]
    _tidy(go, module, composed=composed, packages=machine, into=into)
    _tidy(go, module, composed=composed, packages=list(programs_in(module)), into=into / PART)


def main(arguments: Sequence[str]) -> int:
    """Pin each version named in `arguments`."""
    try:
        for name in arguments:
            pin(lookup(name), into=Path(__file__).parent / "gomodules" / name)
    except CalicolabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _tidy(go: golang.Go, module: Path, *, composed: str, packages: Sequence[str], into: Path) -> None:
    """Write what of `composed` the programs `packages` import, and see that they are found with it alone."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "go.mod").write_text(composed)
        # Calico's own checksums are the start, so that what it pinned stays pinned.
        own_sums = module / "go.sum"
        (work / "go.sum").write_text(own_sums.read_text() if own_sums.exists() else "")
        imports = "".join(f'import _ "{package}"\n' for package in packages)
        (work / "programs.go").write_text(f"//go:build programs\n\npackage programs\n\n{imports}")
        environment = go.environment() | {"GOFLAGS": "-mod=mod"}
        follow([str(go.program), *TIDY], timeout=TIMEOUT, env=environment, cwd=work, on_line=print)
        (work / "programs.go").unlink()
        follow([str(go.program), "list", "-deps", *packages], timeout=TIMEOUT, env=go.environment(), cwd=work)
        into.mkdir(parents=True, exist_ok=True)
        for name in ("go.mod", "go.sum"):
            (into / name).write_text((work / name).read_text())


def _module(named: Mapping[str, str]) -> str:
    return f"{named['Path']} {named['Version']}" if named.get("Version") else named["Path"]


def _block(word: str, lines: Sequence[str]) -> list[str]:
    return [f"{word} (", *(f"\t{line}" for line in lines), ")\n"] if lines else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
