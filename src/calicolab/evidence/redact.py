"""Take secrets out of whatever is stored: keys, passwords, tokens.

A report is handed on and signed; a lab's CA key or a cluster's BGP password must never be in it. What is taken out is
said where it was, so that a reader sees that something stood there.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: What stands where a secret was.
MARK = "[redacted]"

#: A private key in PEM, as text or inside a JSON string; one without its end (cut off by `tail`) goes up to the last
#: line that can belong to it. RFC 7468; OpenSSL's older headers are matched too.
_PEM = re.compile(
    r"-----BEGIN (?P<label>[A-Z0-9 ]*PRIVATE KEY)-----"
    r"(?:.*?-----END (?P=label)-----|(?:\\n|\\r|[A-Za-z0-9+/=:,\-\s](?!-----BEGIN))*)",
    re.DOTALL,
)
#: base64 of "-----BEGIN": how Kubernetes' Secrets and kubeconfigs hold PEM.
_BASE64_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]*={0,2}")
#: Names whose value is a secret, as `name: value`, `name=value`, `"name": "value"` and BIRD's `password "value"`.
_GUARDED_NAME = (
    r"(?:[A-Za-z0-9]+[_.-])*"
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client-key-data|"
    r"authorization|credentials?)"
)
_NAMED = re.compile(
    rf"(?P<name>(?<![A-Za-z0-9_.-]){_GUARDED_NAME})"
    r"(?P<between>\\?[\"']?\s*[:=]\s*|(?<=password)\s+(?=[\"']))"
    r"(?P<value>\\?\"(?:[^\"\\]|\\[^\"])*\\?\"|'[^']*'|(?:Bearer|Basic)\s+\S+|[^\s,;}\]\"']+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}")
#: A signed JSON Web Token (RFC 7519), such as a service account's.
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
#: The user information of an address: https://user:password@host.
_USER_INFORMATION = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@\"']*:[^\s/@\"']*@", re.IGNORECASE)
#: Values that tell nothing, and file names: `ETCD_KEY_FILE` and the like stay readable.
_HARMLESS = re.compile(r"^\\?[\"']?(?:|null|none|true|false|<none>|/[\w./-]*)\\?[\"']?$", re.IGNORECASE)
#: Without one of these there is nothing to look for: most texts are short and harmless, and there are many.
_SUSPECT = re.compile(
    r"-----BEGIN|LS0tLS1|passw|passphrase|secret|token|key|authorization|credential|bearer|basic|eyJ|://",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` without private keys, passwords and tokens, and without what UTF-8 cannot hold."""
    if not text.isascii():
        text = text.encode("utf-8", errors="replace").decode("utf-8")
    if not _SUSPECT.search(text):
        return text
    text = _PEM.sub(lambda match: f"[redacted {match['label'].lower()}]", text)
    text = _BASE64_PEM.sub(_redact_base64, text)
    text = _JWT.sub(MARK, text)
    text = _NAMED.sub(_redact_named, text)
    text = _BEARER.sub(lambda match: f"{match[1]} {MARK}", text)
    return _USER_INFORMATION.sub(lambda match: f"{match['scheme']}{MARK}@", text)


def redact_all(value: Any, *, then: Callable[[str], str] = str) -> Any:
    """`value`, a tree of lists, dicts and scalars, with every text in it redacted, and what a secret's name holds.

    Args:
        value: the tree.
        then: what is done to every text afterwards; a large tree is walked once for both.
    """
    if isinstance(value, str):
        return then(redact(value))
    if isinstance(value, dict):
        return {
            then(_redact_key(str(key))): _redact_entry(str(key), entry, then=then)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        # Most entries are numbers: an upgrade alone measures a hundred thousand.
        return [entry if isinstance(entry, float | int) else redact_all(entry, then=then) for entry in value]
    return value


_ONLY_GUARDED = re.compile(_GUARDED_NAME, re.IGNORECASE)


# The mesh of 50 nodes has 2450 sessions, with the same few keys in each.
_redact_key = lru_cache(maxsize=1024)(redact)


@lru_cache(maxsize=1024)
def _is_guarded(key: str) -> bool:
    return _ONLY_GUARDED.fullmatch(key) is not None


def _redact_entry(key: str, entry: Any, *, then: Callable[[str], str]) -> Any:
    if isinstance(entry, str) and _is_guarded(key) and not _HARMLESS.match(entry):
        return MARK
    return redact_all(entry, then=then)


def _redact_named(match: re.Match[str]) -> str:
    value = match["value"]
    if _HARMLESS.match(value):
        return match[0]
    quote = re.match(r"\\?[\"']", value)
    shown = f"{quote[0]}{MARK}{quote[0]}" if quote else MARK
    return f"{match['name']}{match['between']}{shown}"


def _redact_base64(match: re.Match[str]) -> str:
    text = match[0]
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return "[redacted unreadable pem]"
    return "[redacted private key]" if b"PRIVATE KEY" in decoded else text
