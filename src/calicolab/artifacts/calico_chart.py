"""What Calico v3.23 and older make of their chart: the values and options with which their documentation renders it.

Those versions hold calico-etcd.yaml as a page of the documentation: a few values between `{% helm %}` and
`{% endhelm %}`, which calico/_plugins/helm.rb lays over the values of calico/_plugins/values.rb and hands to helm. The
same is done here, with the module's own values, image names (_config.yml) and versions (_data/versions.yml).
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

import yaml

from calicolab.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The module's folder of the documentation, and in it the chart and the page.
FOLDER = "calico"
CHART = "_includes/charts/calico"
PAGE = "manifests/calico-etcd.yaml"
#: What helm.rb sets besides, for a reader to fill in.
OPTIONS = ("--set", "etcd.endpoints=http://<ETCD_IP>:<ETCD_PORT>")
#: values.rb holds two texts: for the operator's chart, and, in the `else`, for this one.
_TEXT = re.compile(r"^  else\n\s+\w+ = <<~EOF\n(?P<text>.*?)^\s+EOF$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"\{% helm %\}\n(?P<values>.*?)\{% endhelm %\}", re.DOTALL)
_FETCH = re.compile(r'#\{(?P<table>\w+)(?:\.fetch\("(?P<key>[^"]+)"\))?\}')


def values(folder: Path) -> tuple[str, str]:
    """The two texts of values for helm, the lower one first, from the documentation in `folder`.

    Raises:
        ArtifactError: it is not laid out as v3.21 to v3.23 are.
    """
    ruby = _TEXT.search((folder / "_plugins" / "values.rb").read_text())
    page = _BLOCK.search((folder / PAGE).read_text())
    if ruby is None or page is None:
        where = "_plugins/values.rb" if ruby is None else PAGE
        raise ArtifactError(
            f"{folder / where} is not as in Calico v3.21 to v3.23: its values for helm are not found"
        )
    config = yaml.safe_load((folder / "_config.yml").read_text())
    newest = yaml.safe_load((folder / "_data" / "versions.yml").read_text())[0]
    tables = {
        "imageNames": config["imageNames"],
        "versions": {name: component["version"] for name, component in newest["components"].items()},
        # The page sets no registry.
        "imageRegistry": "",
    }
    return _fill(textwrap.dedent(ruby["text"]), tables), page["values"]


def _fill(text: str, tables: Mapping[str, Any]) -> str:
    """`text` with each `#{table.fetch("key")}` of Ruby's replaced by what it says.

    Raises:
        ArtifactError: a table or key is not there.
    """

    def look_up(match: re.Match[str]) -> str:
        try:
            table = tables[match["table"]]
            return str(table if match["key"] is None else table[match["key"]])
        except (KeyError, TypeError):
            raise ArtifactError(
                f"Calico's values for helm ask for {match[0]}, which its configuration lacks"
            ) from None

    return _FETCH.sub(look_up, text)
