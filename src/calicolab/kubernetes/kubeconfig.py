"""A cluster's kubeconfig: where its API server is, and the same by another way."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import yaml

from calicolab.errors import UsageError


def server(text: str) -> tuple[str, int]:
    """Address and port of the API server of the current context.

    Raises:
        UsageError: it is no kubeconfig, or names no server.
    """
    url = urlsplit(_cluster(_parse(text)).get("server", ""))
    if url.scheme != "https" or not url.hostname:
        raise UsageError(
            f"the kubeconfig's current context has the server {url.geturl()!r}: https://... is needed"
        )
    return url.hostname, url.port or 443


def through(text: str, address: str, port: int) -> str:
    """The same kubeconfig, reached by another address; the certificate is still checked for the server's own name.

    Raises:
        UsageError: it is no kubeconfig, or names no server.
    """
    host, _ = server(text)
    document = _parse(text)
    cluster = _cluster(document)
    cluster["server"] = f"https://{address}:{port}"
    if host != address:
        cluster.setdefault("tls-server-name", host)
    return yaml.safe_dump(document, sort_keys=False)


def _parse(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"the kubeconfig cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("kind") != "Config":
        raise UsageError(
            "the kubeconfig is not one: its kind is not Config; give what `kind get kubeconfig` prints"
        )
    return document


def _cluster(document: dict[str, Any]) -> dict[str, Any]:
    name = document.get("current-context")
    contexts = {one["name"]: one["context"] for one in document.get("contexts") or []}
    clusters = {one["name"]: one["cluster"] for one in document.get("clusters") or []}
    if name not in contexts or contexts[name].get("cluster") not in clusters:
        raise UsageError(f"the kubeconfig's current context {name!r} names no cluster of it")
    found: dict[str, Any] = clusters[contexts[name]["cluster"]]
    return found
