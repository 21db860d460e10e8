"""Secrets that can be told by their looks alone."""

from __future__ import annotations

import re

MASK = "••••••"


def _pattern(hint: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return hint, re.compile(pattern, re.IGNORECASE)


# Each with what a text must hold for it.
_LOOKS = (
    _pattern("eyj", r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"),  # JSON in base64: JWT, Flask's session
    _pattern(".ej", r"\.eJ[\w-]{8,}\.[\w-]{6}\.[\w-]{20,}"),  # the latter, compressed
    _pattern("bearer ", r"(?<=bearer )[\w.~+/=-]{8,}"),
    _pattern("basic ", r"(?<=basic )(?=\S*(?-i:[\dA-Z=]))[\w+/]{6,}={0,2}"),
    _pattern(
        "-----begin",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    ),
    _pattern("akia", r"\bAKIA[0-9A-Z]{16}\b"),
    _pattern("asia", r"\bASIA[0-9A-Z]{16}\b"),
    _pattern("aiza", r"\bAIza[\w-]{35}"),
    _pattern("gh", r"\bgh[opsur]_\w{20,}"),
    _pattern("github_pat_", r"\bgithub_pat_\w{20,}"),
    _pattern("glpat-", r"\bglpat-[\w-]{16,}"),
    _pattern("xox", r"\bxox[a-z]-[\w-]{10,}"),
    _pattern("_live_", r"\b[rs]k_live_\w{10,}"),
    _pattern("_test_", r"\b[rs]k_test_\w{10,}"),
    _pattern("sk-", r"\bsk-[\w-]{20,}"),
    _pattern("sg.", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    _pattern("pypi-", r"\bpypi-[\w-]{16,}"),
    _pattern("hooks.slack", r"(?<=hooks\.slack\.com/services/)[\w/]+"),
    _pattern("/webhooks/", r"(?<=/webhooks/)\d+/[\w-]{20,}"),
    _pattern("npm_", r"\bnpm_\w{20,}"),
    _pattern("hf_", r"\bhf_\w{20,}"),
    # Hashed passwords: bcrypt, argon2, and Werkzeug's own.
    _pattern("$", r"\$(?:2[abxy]|argon2\w{1,2}|pbkdf2[\w-]*|scrypt)\$[\w./$=,+-]{16,}"),
    _pattern("$", r"\b(?:pbkdf2|scrypt)(?::\w+){1,3}\$\w+\$[\da-f]{16,}"),
)

# What stands before the host of a URL, also where a password bears "@" or "/" itself.
_USERINFO = re.compile(
    r"""(?<=://)(?:[^\s/?#"'<>@:]{0,128}:(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{0,256}"""
    r"""|[^\s/?#"'<>]{1,256})(?=@)"""
)


def mask_looks(text: str) -> str:
    """Mask what looks like a secret."""
    if "://" in text and "@" in text:
        text = _USERINFO.sub(MASK, text)
    folded = text.lower()
    for hint, pattern in _LOOKS:
        if hint in folded:
            text = pattern.sub(MASK, text)
    return text


__all__ = ["MASK", "mask_looks"]
