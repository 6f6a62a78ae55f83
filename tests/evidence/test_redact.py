"""Whatever looks like a secret is gone, and what is not stays readable."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from calicolab.evidence.redact import MARK, redact, redact_all

PLANTED = "hunter2-planted"  # what must not come out


def real_key(form: serialization.PrivateFormat) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
@pytest.mark.parametrize("shape", ["plain", "json", "indented", "base64", "unended"])
def test_no_line_of_a_real_private_key_survives(form: serialization.PrivateFormat, shape: str) -> None:
    pem = real_key(form)
    secret_lines = pem.splitlines()[1:-1]
    text = {
        "plain": pem,
        "json": json.dumps({"key": pem}),
        "indented": "\n".join(f"    {line}" for line in pem.splitlines()),
        "base64": f"  etcd-key: {base64.b64encode(pem.encode()).decode()}\n",
        "unended": "\n".join(pem.splitlines()[:-1]),
    }[shape]
    clean = redact(f"before\n{text}\nafter")
    assert clean.startswith("before\n")
    for line in secret_lines:
        assert line not in clean
        assert base64.b64encode(line.encode()).decode()[8:40] not in clean
    assert "redacted" in clean
    if shape != "unended":
        assert clean.endswith("after")


@pytest.mark.parametrize(
    "text",
    [
        f'  password "{PLANTED}";',
        f"password: {PLANTED}",
        f"ETCD_PASSWORD={PLANTED}",
        f'{{"password": "{PLANTED}"}}',
        f'{{"bgp_password":"{PLANTED}","x":1}}',
        f'{{\\"password\\": \\"{PLANTED}\\"}}',
        f"    token: {PLANTED}",
        f"Authorization: Bearer {PLANTED}",
        f"curl -H 'Authorization: Basic {PLANTED}'",
        f"AWS_SECRET_ACCESS_KEY={PLANTED}",
        f"client-key-data: {PLANTED}",
        f"https://root:{PLANTED}@192.168.21.11:2379/health",
        f"passphrase = '{PLANTED} with words'",
        f"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ{PLANTED}.sig{PLANTED}",
    ],
)
def test_a_planted_secret_is_taken_out(text: str) -> None:
    assert PLANTED not in redact(text)
    assert "redacted" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUPUBLIC\n-----END CERTIFICATE-----\n",
        "172.18.0.1 | node-to-node mesh | start | Active Socket: Connection refused",
        "ETCD_KEY_FILE=/calico-secrets/etcd-key",
        "etcdKeyFile: /calico-secrets/etcd-key",
        "password: null",
        "calico/node is not ready: BIRD is not ready: BGP not established with 172.18.0.1",
        "https://192.168.21.11:2379,https://192.168.21.12:2379",
        "a token of it; the secret is out",
        "  key: node02",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_values_under_a_secrets_name_go_wherever_they_stand() -> None:
    tree = {"spec": [{"password": PLANTED, "peer": "172.18.0.1"}], "note": f"token={PLANTED}", "count": 3}
    assert redact_all(tree) == {
        "spec": [{"password": MARK, "peer": "172.18.0.1"}],
        "note": f"token={MARK}",
        "count": 3,
    }


def test_what_utf8_cannot_hold_is_replaced() -> None:
    assert redact("a\udc80b").encode() == b"a?b"


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(), st.text())
def test_a_key_goes_whatever_stands_around_it(before: str, after: str) -> None:
    text = f"{before}\n-----BEGIN PRIVATE KEY-----\nUExBTlRFRFBMQU5URUQ\n-----END PRIVATE KEY-----\n{after}"
    assert "UExBTlRFRFBMQU5URUQ" not in redact(text)


def test_a_long_log_is_redacted_in_little_time() -> None:
    """Not a timing: a pattern that backtracks without bound would take minutes here, and the suite would hang."""
    assert len(redact("password " * 20_000 + "-" * 50_000 + "=" * 50_000 + "a_" * 50_000)) > 100_000
