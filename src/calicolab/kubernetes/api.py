"""The way to an API server: requests, objects and watches, by the official client (docs/decisions/0060).

Takes half a second to import: whoever does so, does it where it is first needed.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import urllib3
import yaml
from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import ResourceNotFoundError
from kubernetes.watch import Watch

from calicolab.kubernetes.errors import ApiRefused, ApiSilent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: Seconds: to connect, and then for each part of an answer.
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
#: Seconds after which the server ends a watch that is to be renewed; less than READ_TIMEOUT, so that one on which
#: nothing happens is told from a server that hangs.
WATCH_TIMEOUT = 20
#: Who owns the fields that are applied.
FIELD_MANAGER = "calicolab"
#: What the transport raises when there is no answer.
_SILENCE = (urllib3.exceptions.HTTPError, OSError)


class _PatientClient(client.ApiClient):  # type: ignore[misc] # the client's classes have no types here
    """Gives every request a time-out: the client's own default is to wait for ever."""

    def call_api(self, *arguments: Any, _request_timeout: Any = None, **options: Any) -> Any:
        timeout = _request_timeout or (CONNECT_TIMEOUT, READ_TIMEOUT)
        return super().call_api(*arguments, _request_timeout=timeout, **options)


class Api:
    """A cluster's API server. Safe to use from several threads."""

    def __init__(self, kubeconfig: str, *, folder: Path) -> None:
        """Use the server of the current context of `kubeconfig`; nothing is asked yet.

        Args:
            kubeconfig: its text.
            folder: private, for keys and what is remembered of the server; whoever made it removes it.
        """
        self.configuration = type.__call__(client.Configuration)
        config.load_kube_config_from_dict(
            yaml.safe_load(kubeconfig),
            client_configuration=self.configuration,
            persist_config=False,
            temp_file_path=str(folder),
        )
        self.configuration.proxy = None  # a proxy of this machine knows no lab
        self.configuration.retries = urllib3.Retry(0, redirect=0)
        self._client = _PatientClient(self.configuration)
        self._discovery_file = str(folder / "discovery.json")
        self._discovered: Any = None
        self._lock = threading.Lock()

    @property
    def server(self) -> str:
        """The server's URL."""
        return str(self.configuration.host)

    def version(self) -> str:
        """The server's version, such as v1.34.4."""
        return str(
            self._asked(lambda: self._dynamic.request("get", "/version", serialize=False))["gitVersion"]
        )

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, Any]:
        """One object.

        Args:
            kind: with its API version, such as "v1/Pod" or "apps/v1/DaemonSet".
            name: its name.
            namespace: its namespace; None when it is in none.

        Raises:
            ApiRefused: the server answered with an error, 404 when there is no such object.
            ApiSilent: it did not answer.
        """
        return self._asked(lambda: self._resource(kind).get(name=name, namespace=namespace, serialize=False))

    def list(self, kind: str, *, namespace: str | None = None, **selectors: str) -> dict[str, Any]:
        """All objects of a kind, as the server's list, which holds the version to watch from.

        Args:
            kind: as for `get`.
            namespace: of one namespace only.
            selectors: `label_selector` and `field_selector`.
        """
        return self._asked(
            lambda: self._resource(kind).get(namespace=namespace, serialize=False, **selectors)
        )

    def apply(self, object_: Mapping[str, Any]) -> dict[str, Any]:
        """Server-side apply: make the object, or set these fields of it.

        Raises:
            ApiRefused: 409 when another program owns one of the fields; the message names both.
        """
        kind = f"{object_['apiVersion']}/{object_['kind']}"
        return self._asked(
            lambda: self._resource(kind).server_side_apply(
                body=dict(object_), field_manager=FIELD_MANAGER, serialize=False
            )
        )

    def merge(
        self, kind: str, name: str, change: Mapping[str, Any], *, namespace: str | None = None
    ) -> dict[str, Any]:
        """Change fields of an object (JSON merge patch, RFC 7386)."""
        return self._asked(
            lambda: self._resource(kind).patch(
                body=dict(change),
                name=name,
                namespace=namespace,
                content_type="application/merge-patch+json",
                serialize=False,
            )
        )

    def delete(
        self, kind: str, name: str, *, namespace: str | None = None, grace: int | None = None
    ) -> dict[str, Any]:
        """Delete an object; it may go on existing while it ends.

        Args:
            kind: as for `get`.
            name: its name.
            namespace: its namespace.
            grace: seconds a pod has to end by itself; its own number when None.
        """
        return self._asked(
            lambda: self._resource(kind).delete(
                name=name, namespace=namespace, grace_period_seconds=grace, serialize=False
            )
        )

    def watch(
        self,
        kind: str,
        *,
        since: str,
        connected: Callable[[], None],
        watch: Watch | None = None,
        **selectors: str,
    ) -> Iterator[dict[str, Any]]:
        """What changes from a version on, as the server's events, until it ends the watch after WATCH_TIMEOUT.

        Args:
            kind: as for `get`.
            since: the version of a list or of the last event.
            connected: called when the server has taken the request.
            watch: one that whoever has it can stop.
            selectors: as for `list`.

        Raises:
            ApiRefused: 410 when the server no longer knows that version: list anew.
            ApiSilent: it did not answer, or no more.
        """

        def ask(**options: Any) -> Any:
            answer = self._resource(kind).get(**options)
            connected()
            return answer

        try:
            yield from (watch or new_watch()).stream(
                ask,
                serialize=False,
                resource_version=since,
                timeout_seconds=WATCH_TIMEOUT,
                allow_watch_bookmarks=True,
                **selectors,
            )
        except ApiException as error:
            raise _refused(error) from error
        except _SILENCE as error:
            raise self._silent(error) from error

    def close(self) -> None:
        """Close its connections."""
        self._client.rest_client.close()

    @property
    def _dynamic(self) -> Any:
        """The client that knows which kinds there are; asks the server for them once."""
        with self._lock:
            if self._discovered is None:
                self._discovered = dynamic.DynamicClient(self._client, cache_file=self._discovery_file)
            return self._discovered

    def _resource(self, kind: str) -> Any:
        version, _, name = kind.rpartition("/")
        resources = self._dynamic.resources
        with self._lock:  # it fills its memory as it is asked
            return resources.get(api_version=version, kind=name)

    def _asked(self, ask: Callable[[], Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(ask().data)
        except ApiException as error:
            raise _refused(error) from error
        except ResourceNotFoundError as error:
            raise ApiRefused(
                404, f"the API server at {self.server} has no such kind of object: {error}"
            ) from error
        except _SILENCE as error:
            raise self._silent(error) from error
        return answer

    def _silent(self, error: Exception) -> ApiSilent:
        return ApiSilent(self.server, f"{type(error).__name__}: {error}")


def new_watch() -> Any:
    """A watch that can be stopped from another thread."""
    return Watch()


def _refused(error: Any) -> ApiRefused:
    """The server's own words; of a fault on the way to it, those of the client."""
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        message = f"{error.reason}: {error.body}" if error.body else str(error.reason)
    return ApiRefused(int(error.status or 0), message)
