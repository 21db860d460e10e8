"""What a request says of where it comes from: names of hosts, and whether it is local.

Names are compared exactly; there is no regular expression.
"""

from __future__ import annotations

import ipaddress
import string
import typing as t

from .peer import peer_address

Environ = dict[str, t.Any]

# What proxies, tunnels and content networks add; each name stands for those that begin with it.
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
    """Take the name out of a Host header, without the port; None where it is malformed.

    :returns: a name of letters, digits, hyphens and underscores, in small letters; or what
        stands in the brackets of an IPv6 address.
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
    # As a server that listens on both sees who comes by IPv4.
    mapped = getattr(given, "ipv4_mapped", None)
    return bool((mapped or given).is_loopback) and "%" not in address


def is_local(environ: Environ) -> bool:
    """Return whether a request comes from this machine, by a local name and through no proxy."""
    name = host_name(environ.get("HTTP_HOST", ""))
    return (
        # An address, no name: Waitress says "localhost" of whoever comes by a Unix socket.
        is_loopback(environ.get("REMOTE_ADDR", ""))
        # Middleware around the app may have rewritten it.
        and is_loopback(peer_address(environ, environ.get("REMOTE_ADDR", "")))
        and name is not None
        and is_local_name(name)
        # As nginx before 1.29.7 asks what it stands before, by that one's own name and with no
        # header that says so, unless it is told otherwise.
        and environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and not any(key.startswith(_FORWARDED) for key in environ)
        # Waitress takes such headers away, unless it is told whom to trust.
        and "waitress.client_disconnected" not in environ
    )


__all__ = ["Environ", "host_name", "is_local", "is_local_name"]
