"""Keys of known services are masked by their formats."""

from __future__ import annotations

import pytest

from flask_lifecycle.redact import Redactor
from tests.helpers.samples import KEY_FORMATS, Sampler

redactor = Redactor()


# Formats that are no more than what they are found beside.
_BESIDE = {
    "curl-auth-user": "curl -u bob:{}xyz https://host/",
    "curl-auth-header": "curl -H 'Key: {}' https://host/",
    "generic-api-key": "api_key = {}",
    "kubernetes-secret-yaml": "kind: Secret\ndata:\n  a: {}\n",
    "slack-webhook-url": "https://hooks.slack.com/services/{}",
    "sourcegraph-access-token": "sourcegraph: {}",
}


@pytest.mark.parametrize("name", KEY_FORMATS)
def test_keys_of_all_formats_are_masked(name: str) -> None:
    for seed in range(10):
        if name in _BESIDE:
            secret, _ = Sampler(seed).sample("[a-f0-9]{40}")
            text = _BESIDE[name].format(secret)
        else:
            text, secret = Sampler(seed).sample(KEY_FORMATS[name])
        if name == "sonar-api-token":
            secret = text.partition(" = ")[2]
        for mask in (redactor.text, redactor.query, redactor.value, redactor.sql, redactor.code):
            is_found_beside = name in _BESIDE or "=" in KEY_FORMATS[name]
            if mask in (redactor.sql, redactor.code) and is_found_beside:
                # What is told by what stands before it may be so in texts alone.
                continue
            shown = mask(f"see {text}")
            assert secret not in shown
            # Nor most of it.
            assert len(secret) < 32 or secret[-20:] not in shown


def test_there_are_as_many_formats_as_rules() -> None:
    # And one that tells a file by its name alone.
    assert len(KEY_FORMATS) == 221
