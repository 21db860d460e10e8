"""Keys of known services are masked by their formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_lifecycle.redact import Redactor
from tests.helpers.samples import Sampler

redactor = Redactor()


# By the names of gitleaks' rules: what finds the key is its first group, or all.
FORMATS = dict(
    line.split(" ", 1)
    for line in (Path(__file__).parent / "key_formats.txt").read_text().splitlines()
)
# Formats that are no more than what they are found beside.
_BESIDE = {
    "curl-auth-user": "curl -u bob:{}xyz https://host/",
    "curl-auth-header": "curl -H 'Key: {}' https://host/",
    "generic-api-key": "api_key = {}",
    "kubernetes-secret-yaml": "kind: Secret\ndata:\n  a: {}\n",
    "slack-webhook-url": "https://hooks.slack.com/services/{}",
    "sourcegraph-access-token": "sourcegraph: {}",
}


@pytest.mark.parametrize("name", FORMATS)
def test_keys_of_all_formats_are_masked(name: str) -> None:
    for seed in range(10):
        if name in _BESIDE:
            secret, _ = Sampler(seed).sample("[a-f0-9]{40}")
            text = _BESIDE[name].format(secret)
        else:
            text, secret = Sampler(seed).sample(FORMATS[name])
        if name == "sonar-api-token":
            secret = text.partition(" = ")[2]
        for mask in (redactor.text, redactor.query, redactor.value, redactor.sql, redactor.code):
            if mask in (redactor.sql, redactor.code) and (name in _BESIDE or "=" in FORMATS[name]):
                # What is told by what stands before it may be so in texts alone.
                continue
            shown = mask(f"see {text}")
            assert secret not in shown
            # Nor most of it.
            assert len(secret) < 32 or secret[-20:] not in shown


def test_there_are_as_many_formats_as_rules() -> None:
    # And one that tells a file by its name alone.
    assert len(FORMATS) == 221
