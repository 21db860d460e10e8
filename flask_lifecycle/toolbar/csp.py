"""Content Security Policies: whether a policy lets the toolbar run, and with which nonce."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

from .keys import Environ

#: The headers that have policies.
POLICIES = ("content-security-policy", "content-security-policy-report-only")
_META = re.compile(r"<meta\b[^>]*content-security-policy[^>]*>", re.IGNORECASE)
_CONTENT = re.compile(r"""\bcontent\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'", re.IGNORECASE)
Policies = Iterable[Mapping[str, str]]


def policy_on(
    headers: Iterable[tuple[str, str]], begin: str, environ: Environ, own: str | None
) -> tuple[str | None, str | None]:
    """Return which policy of the page blocks the toolbar, and the nonce that allows it.

    :param own: the nonce of the page's own scripts: a proxy may add the policy later.

    Report-only policies count as well: the app would get reports about the toolbar.
    """
    texts = [value for name, value in headers if name.lower() in POLICIES]
    for meta in _META.finditer(begin) if POLICIES[0] in begin.lower() else ():
        content = _CONTENT.search(meta[0])
        if content is not None:
            texts.append(html.unescape(content[1] or content[2] or ""))
    if not texts:
        return None, own

    policies = [_directives(policy) for text in texts for policy in text.split(",")]
    nonces = _NONCE.findall(" ".join(texts))
    owns = () if own is None else (own,)
    refusals = {nonce: _refusal(policies, nonce, environ) for nonce in (*owns, *nonces, None)}
    allowed = [nonce for nonce, refusal in refusals.items() if refusal is None]
    return (None, allowed[0]) if allowed else (next(iter(refusals.values())), None)


def _directives(policy: str) -> dict[str, str]:
    """Parse a policy: of two equal directives the first counts, and one may have no value."""
    found: dict[str, str] = {}
    for directive in policy.split(";"):
        name, _, value = directive.strip().partition(" ")
        found.setdefault(name.lower(), value.strip())
    return found


def _refusal(policies: Policies, nonce: str | None, environ: Environ) -> str | None:
    for policy in policies:
        sandbox = policy.get("sandbox")
        if sandbox is not None and not {"allow-scripts", "allow-same-origin"} <= set(
            sandbox.split()
        ):
            return f"its Content-Security-Policy has: sandbox {sandbox}".rstrip()
        for names in (
            ("script-src-elem", "script-src", "default-src"),
            ("connect-src", "default-src"),
        ):
            name = next((each for each in names if each in policy), None)
            if name is not None and not _admits(policy[name], nonce, environ):
                return f"its Content-Security-Policy has: {name} {policy[name]}".rstrip()
    return None


def _admits(sources: str, nonce: str | None, environ: Environ) -> bool:
    """Return whether a directive allows loading from the app's own origin."""
    # Nonces are for scripts; other directives have none.
    if nonce is not None and f"'nonce-{nonce}'" in sources:
        return True
    given = sources.lower().split()
    if "'strict-dynamic'" in given:
        return False
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST", "").lower().partition(":")[0]
    return any(
        source in ("'self'", "*", "http:", f"{scheme}:") or _is_host(source, host)
        for source in given
    )


def _is_host(source: str, host: str) -> bool:
    name = source.rpartition("://")[2].partition("/")[0].partition(":")[0]
    return host.endswith(name[1:]) if name.startswith("*.") else name == host


__all__ = ["POLICIES", "policy_on"]
