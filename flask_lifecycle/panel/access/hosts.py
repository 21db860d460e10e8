"""Classify where a request comes from: host names, and whether the request is local.

Names are compared exactly; there is no regular expression.
"""

from __future__ import annotations

import ipaddress
import string
import typing as t

from .peer import peer_address

Environ = dict[str, t.Any]

# Headers that proxies, tunnels and CDNs add; each name is a prefix.
_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_X_ORIGINAL_",
    "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP",
    "HTTP_X_ENVOY_",
    "HTTP_X_AMZN_",
    "HTTP_CDN_LOOP",
    "HTTP_CF_",
    "HTTP_FLY_",
    "HTTP_NGROK_",
    "HTTP_TAILSCALE_",
    "HTTP_TRUE_CLIENT_IP",
)

_NAME = frozenset(string.ascii_letters + string.digits + "-_")


def host_name(host: str) -> str | None:
    """Return the host name in a Host header, without the port; None if it is malformed.

    :returns: letters, digits, dots, hyphens and underscores, in lower case; or the address inside
        the brackets of an IPv6 literal.
    """
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else None
        if not bracket or (rest and port is None):
            return None
    else:
        name, colon, port_text = host.partition(":")
        port = port_text if colon else None
        if not all(label and set(label) <= _NAME for label in name.split(".")):
            return None

    if port is not None and not (port.isascii() and port.isdigit()):
        return None
    return name.lower()


def is_local_name(name: str) -> bool:
    """Return whether a host name can only mean this machine (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def is_loopback(address: str) -> bool:
    try:
        given = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A dual-stack server shows IPv4 clients as IPv4-mapped addresses.
    mapped = getattr(given, "ipv4_mapped", None)
    return bool((mapped or given).is_loopback) and "%" not in address


def is_local(environ: Environ) -> bool:
    """Return whether a request comes from this machine, by a local name and not through a proxy."""
    name = host_name(environ.get("HTTP_HOST", ""))
    return (
        # An address, not a name: Waitress reports "localhost" for all clients of a Unix socket.
        is_loopback(environ.get("REMOTE_ADDR", ""))
        # Middleware around the app may have rewritten it.
        and is_loopback(peer_address(environ, environ.get("REMOTE_ADDR", "")))
        and name is not None
        and is_local_name(name)
        # nginx before 1.29.7 sends HTTP/1.0 with the upstream's own host name and without any
        # forwarding header, unless it is configured otherwise.
        and environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and not any(key.startswith(_FORWARDED) for key in environ)
        # Waitress removes such headers, unless it is configured to trust a proxy.
        and "waitress.client_disconnected" not in environ
    )


__all__ = ["Environ", "host_name", "is_local", "is_local_name"]
