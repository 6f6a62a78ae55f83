"""A small API server: objects in memory, list, watch, server-side apply, delete; and ways to be ill."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

#: Kind, plural and whether it is in a namespace, of each group and version.
KINDS: dict[str, list[tuple[str, str, bool]]] = {
    "v1": [
        ("Pod", "pods", True),
        ("Event", "events", True),
        ("Node", "nodes", False),
        ("Namespace", "namespaces", False),
        ("ConfigMap", "configmaps", True),
    ],
    "apps/v1": [("DaemonSet", "daemonsets", True)],
}


@dataclass
class FakeApi:
    """What the server has and how it behaves; `with FakeApi() as api: ... api.kubeconfig`."""

    #: By path of the collection, such as /api/v1/pods, then by namespace/name.
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    #: Every change since the start: collection, type, object.
    changes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    #: Method and path of every request.
    requests: list[str] = field(default_factory=list)
    #: Watches from before this version are answered with 410.
    oldest: int = 0
    #: "" or what ails it: "hangs", "refuses", "drops watches".
    ill: str = ""
    #: Message of a 409 for each apply; "" for none.
    conflict: str = ""

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self.ended = threading.Event()

    def __enter__(self) -> FakeApi:
        api = self

        class Handler(_Handler):
            state = api

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.ended.set()
        with self.changed:
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def kubeconfig(self) -> str:
        return kubeconfig(f"http://127.0.0.1:{self.port}")

    def put(self, collection: str, found: dict[str, Any]) -> dict[str, Any]:
        """Make or replace an object; its version goes up."""
        with self.changed:
            there = self.objects.setdefault(collection, {})
            key = _key(found)
            found = json.loads(json.dumps(found))
            found["metadata"]["resourceVersion"] = str(len(self.changes) + 1)
            self.changes.append((collection, "MODIFIED" if key in there else "ADDED", found))
            there[key] = found
            self.changed.notify_all()
        return found

    def remove(self, collection: str, key: str) -> dict[str, Any]:
        with self.changed:
            found = self.objects[collection].pop(key)
            found["metadata"]["resourceVersion"] = str(len(self.changes) + 1)
            self.changes.append((collection, "DELETED", found))
            self.changed.notify_all()
        return found

    def wake(self) -> None:
        """Have the watches look at how ill it is."""
        with self.changed:
            self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    state: FakeApi
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, query = self._begin()
        if path == "/version":
            self._answer({"gitVersion": "v1.34.4", "major": "1", "minor": "34"})
        elif (found := _discovery(path)) is not None:
            self._answer(found)
        elif query.get("watch", "").lower() == "true":
            self._watch(path, int(query["resourceVersion"]))
        else:
            collection, key = self._target(path)
            there = self.state.objects.get(collection, {})
            if key is None:
                version = {"resourceVersion": str(len(self.state.changes))}
                self._answer({"kind": "List", "metadata": version, "items": list(there.values())})
            else:
                self._one(there.get(key))

    def do_PATCH(self) -> None:
        path, _ = self._begin()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        collection, key = self._target(path)
        if self.state.conflict:
            self._answer({"kind": "Status", "message": self.state.conflict, "code": 409}, status=409)
            return
        assert key is not None
        there = self.state.objects.get(collection, {}).get(key, {})
        self._answer(self.state.put(collection, _merged(there, body)))

    def do_DELETE(self) -> None:
        path, _ = self._begin()
        collection, key = self._target(path)
        if key not in self.state.objects.get(collection, {}):
            self._one(None)
            return
        self._answer(self.state.remove(collection, key))

    def _begin(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        self.state.requests.append(f"{self.command} {self.path}")
        if self.state.ill == "hangs":
            self.state.ended.wait(30)
        return parts.path, dict(parse_qsl(parts.query))

    def _target(self, path: str) -> tuple[str, str | None]:
        """The collection's path without a namespace, and namespace/name of the object."""
        words = path.strip("/").split("/")
        head = words[:2] if words[0] == "api" else words[:3]
        rest = words[len(head) :]
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        name = rest[1] if len(rest) > 1 else None
        return "/" + "/".join([*head, rest[0]]), None if name is None else f"{namespace}/{name}"

    def _one(self, found: dict[str, Any] | None) -> None:
        if found is None:
            self._answer({"kind": "Status", "message": "there is none", "code": 404}, status=404)
        else:
            self._answer(found)

    def _answer(self, document: Any, *, status: int = 200) -> None:
        if self.state.ill == "refuses":
            document, status = {"kind": "Status", "message": "etcd is down", "code": 500}, 500
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _watch(self, path: str, since: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if since < self.state.oldest:
            status = {
                "kind": "Status",
                "code": 410,
                "reason": "Expired",
                "message": "too old resource version",
            }
            self._chunk({"type": "ERROR", "object": status})
            self.wfile.write(b"0\r\n\r\n")
            return
        while not self.state.ended.is_set():
            news = self._news(since)
            since += len(news)
            if self.state.ill:
                self.close_connection = True
                return
            for collection, kind, found in news:
                if collection == path:
                    self._chunk({"type": kind, "object": found})

    def _news(self, since: int) -> list[tuple[str, str, dict[str, Any]]]:
        """What has changed since, as soon as something has."""
        state = self.state
        with state.changed:
            state.changed.wait_for(
                lambda: state.ended.is_set() or bool(state.ill) or len(state.changes) > since
            )
            return state.changes[since:]

    def _chunk(self, document: Any) -> None:
        data = json.dumps(document).encode() + b"\n"
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def kubeconfig(server: str, **cluster: str) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
        "clusters": [{"name": "fake", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "fake", "user": {}}],
    }
    return yaml.safe_dump(document)


def _discovery(path: str) -> dict[str, Any] | None:
    if path == "/apis":
        return {
            "kind": "APIGroupList",
            "groups": [
                {
                    "name": "apps",
                    "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
                    "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
                }
            ],
        }
    version = path.removeprefix("/api/").removeprefix("/apis/")
    if version not in KINDS or path not in ("/api/v1", "/apis/apps/v1"):
        return None
    return {
        "kind": "APIResourceList",
        "groupVersion": version,
        "resources": [
            {
                "name": plural,
                "singularName": "",
                "namespaced": namespaced,
                "kind": kind,
                "verbs": ["get", "watch"],
            }
            for kind, plural, namespaced in KINDS[version]
        ],
    }


def _key(found: dict[str, Any]) -> str:
    return f"{found['metadata'].get('namespace', '')}/{found['metadata']['name']}"


def _merged(there: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    return {
        **there,
        **{
            name: _merged(there.get(name, {}), value) if isinstance(value, dict) else value
            for name, value in change.items()
        },
    }
