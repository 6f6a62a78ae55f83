"""Run a program in a pod's container, over the API server's websocket, as `kubectl exec` does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import websocket
import yaml
from kubernetes.stream import ws_client

from calicolab.command import CommandResult, CommandTimedOut
from calicolab.kubernetes.errors import ApiRefused, ApiSilent

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds to open the connection, and for each of its frames to come whole.
CONNECT_TIMEOUT = 30.0
_STDIN, _ERROR = 0, 3


def execute(
    configuration: Any,
    *,
    namespace: str,
    pod: str,
    argv: Sequence[str],
    container: str | None = None,
    stdin: str | None = None,
    timeout: float = 30,
) -> CommandResult:
    """Run `argv` in a container and return how it ended, whatever its exit code.

    Args:
        configuration: the official client's, of the cluster.
        namespace: the pod's.
        pod: its name.
        argv: program and arguments.
        container: the pod's only one when None.
        stdin: text for its standard input; none when None.
        timeout: seconds; then the connection is closed, which does not end the program.

    Raises:
        ApiRefused: the API server or the kubelet would not run it.
        ApiSilent: there was no connection to be had.
        CommandTimedOut: it was still running.
    """
    started = time.monotonic()
    shown = ("exec", f"{namespace}/{pod}", *argv)
    connection = _connect(configuration, _path(namespace, pod, argv, container, stdin is not None))
    try:
        if stdin is not None:
            connection.write_stdin(stdin)
            connection.close_channel(_STDIN)  # of protocol v5, Kubernetes v1.30 and later
        connection.run_forever(timeout=timeout)
        if connection.is_open():
            raise CommandTimedOut(f"`{' '.join(shown)}` did not end within {timeout:g} s")
        stdout, stderr = connection.read_stdout(timeout=0), connection.read_stderr(timeout=0)
        code = _exit_code(connection.read_channel(_ERROR))
    except (websocket.WebSocketException, OSError) as error:
        raise ApiSilent(configuration.host, f"{type(error).__name__}: {error}") from error
    finally:
        # Not `close`: that leaves the socket open when the other end has said good-bye first.
        connection.sock.shutdown()
    return CommandResult(
        argv=shown, returncode=code, stdout=stdout, stderr=stderr, seconds=time.monotonic() - started
    )


def _path(namespace: str, pod: str, argv: Sequence[str], container: str | None, stdin: bool) -> str:
    query = [("command", word) for word in argv]
    query += [("stdout", "true"), ("stderr", "true"), ("stdin", "true" if stdin else "false")]
    query += [("container", container)] if container else []
    return f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(query)}"


def _connect(configuration: Any, path: str) -> Any:
    websocket.setdefaulttimeout(CONNECT_TIMEOUT)  # it can be set for all only; nothing else here uses it
    try:
        return ws_client.WSClient(
            configuration, ws_client.get_websocket_url(configuration.host + path), {}, capture_all=False
        )
    except websocket.WebSocketBadStatusException as error:
        said = error.resp_body.decode(errors="replace") if error.resp_body else str(error)
        raise ApiRefused(error.status_code, said) from error
    except (websocket.WebSocketException, OSError) as error:
        raise ApiSilent(configuration.host, f"{type(error).__name__}: {error}") from error


def _exit_code(said: str) -> int:
    """From the status that ends the error channel: success, an exit code, or why it could not be run."""
    status = yaml.safe_load(said) if said else None
    if not isinstance(status, dict):
        raise ApiRefused(0, "the connection of exec ended without a status of the program")
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise ApiRefused(int(status.get("code") or 0), str(status.get("message")))
