"""The settings: the only table of keys, defaults and checks."""

from __future__ import annotations

import ipaddress
import os
import re
import string
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from . import collector_table

#: What is collected beside Flask's own steps by default.
COLLECTORS: tuple[str, ...] = tuple(
    name for name, each in collector_table.COLLECTORS.items() if each.by_default
)
#: Collectors that are off by default.
MORE_COLLECTORS: tuple[str, ...] = tuple(
    name for name, each in collector_table.COLLECTORS.items() if not each.by_default
)

# Headers that servers and browsers interpret: a trace's id in one would break the app's response.
_MEANT = re.compile(
    "access-control-.*|age|allow|cache-control|clear-site-data|connection|content-.*"
    "|cross-origin-.*|date|etag|expires|keep-alive|last-modified|link|location|proxy-.*"
    "|referrer-policy|refresh|retry-after|set-cookie|status|strict-transport-security|trailer"
    "|transfer-encoding|upgrade|vary|www-authenticate|x-content-type-options|x-frame-options",
    re.IGNORECASE,
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DATABASE = re.compile("(?:/[0-9]{0,5})?")
_OF_NAME = frozenset(string.ascii_letters + string.digits + "-_")

_A_DAY = 86_400

Check = Callable[[t.Any], bool]


def _is_flag(value: t.Any) -> bool:
    return isinstance(value, bool)


def _is_optional_flag(value: t.Any) -> bool:
    return value is None or isinstance(value, bool)


def _is_positive(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_positive_number(value: t.Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 < value <= _A_DAY


def _is_prefix(value: t.Any) -> bool:
    return (
        isinstance(value, str)
        and value.startswith("/")
        # Browsers resolve "." and ".." before they send the request.
        and all(part.strip(".") for part in value[1:].split("/"))
        and value.isascii()
        and value.isprintable()
        # The last two end a cookie's path.
        and not set(value) & set('?#%<> \\";')
    )


def _is_header(value: t.Any) -> bool:
    return value is None or (
        isinstance(value, str)
        and bool(value)
        and value.replace("-", "").isalnum()
        and value.isascii()
        and not _MEANT.fullmatch(value)
    )


def _is_name(value: str) -> bool:
    return all(label and set(label) <= _OF_NAME for label in value.split("."))


def _is_host(value: t.Any) -> bool:
    return value is None or (
        isinstance(value, str)
        and value == value.lower()
        and bool(value.strip(".-"))
        and _is_name(value)
    )


def _is_names(value: t.Any) -> bool:
    return isinstance(value, (tuple, list, set, frozenset)) and all(
        isinstance(name, str) and name for name in value
    )


def _are_parts(value: t.Any) -> bool:
    # Names are compared without these: an empty rest would match every name.
    return _is_names(value) and all(name.strip("-_. ") for name in value)


def _are_hosts(value: t.Any) -> bool:
    return _is_names(value) and all(_is_name(name) or _is_ipv6(name) for name in value)


def _is_ipv6(value: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(value.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False


def _are_collectors(value: t.Any) -> bool:
    return _is_names(value) and set(value) <= {*COLLECTORS, *MORE_COLLECTORS}


def _is_token(value: t.Any) -> bool:
    return value is None or (
        isinstance(value, str)
        and len(value) >= 16
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _is_optional_callable(value: t.Any) -> bool:
    return value is None or callable(value)


def _is_history(value: t.Any) -> bool:
    if isinstance(value, str):
        if _URL.match(value):
            return _is_redis_url(value)
        # What no file system takes.
        return bool(value) and "\0" not in value
    return value is None or value is True or isinstance(value, os.PathLike)


def is_redis(history: object) -> t.TypeGuard[str]:
    """Return whether a setting for the history is the URL of a Redis."""
    return isinstance(history, str) and bool(_URL.match(history))


def _is_redis_url(value: str) -> bool:
    if not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port  # which raises, too
    except ValueError:
        return False
    if parts.scheme == "unix":
        return not parts.hostname and bool(parts.path)
    # In a password, these are escaped: otherwise, its rest would be shown as the path.
    is_whole = not parts.fragment and "@" not in f"{parts.path}{parts.query}"
    is_database = bool(_DATABASE.fullmatch(parts.path))
    return parts.scheme in ("redis", "rediss") and is_whole and is_database


def _setting(default: t.Any, check: Check, takes: str) -> t.Any:
    return field(default=default, metadata={"check": check, "takes": takes})


_HISTORY = (
    "True (a file in the user's cache folder), the path of a file, None, or the URL of a Redis:"
    " redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/of/socket, with"
    " special characters of the password percent-encoded"
)
_NAMES = "a tuple or list of non-empty strings"


@dataclass(frozen=True)
class Settings:
    """The settings in ``app.config``, checked. Each field is the key ``LIFECYCLE_<NAME>``."""

    enabled: bool | None = _setting(None, _is_optional_flag, "None, True or False")
    url_prefix: str = _setting(
        "/_lifecycle", _is_prefix, 'a path such as "/_lifecycle": a leading slash, no trailing one'
    )
    max_traces: int = _setting(500, _is_positive, "a whole number of at least 1")
    max_bytes: int = _setting(64 * 1024 * 1024, _is_positive, "a whole number of bytes, at least 1")
    max_steps: int = _setting(2000, _is_positive, "a whole number of at least 1")
    max_detail_bytes: int = _setting(65536, _is_positive, "a whole number of bytes, at least 1")
    body_preview: bool = _setting(False, _is_flag, "True or False")
    toolbar: bool = _setting(True, _is_flag, "True or False")
    header: str | None = _setting(
        "X-Lifecycle-Trace",
        _is_header,
        "None or a header name of letters, digits and hyphens that has no meaning in HTTP",
    )
    ignore: tuple[str, ...] = _setting((), _is_names, f"{_NAMES}: endpoints or path globs")
    collectors: tuple[str, ...] = _setting(
        COLLECTORS,
        _are_collectors,
        f"a tuple or list of names from {', '.join((*COLLECTORS, *MORE_COLLECTORS))}",
    )
    redact: tuple[str, ...] = _setting((), _are_parts, f"{_NAMES}, of more than separators")
    redact_with: t.Any = field(
        default=None,
        metadata={"check": _is_optional_callable, "takes": "None or a function (path, value)"},
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), _are_hosts, f"{_NAMES}: whole host names, without a scheme, port or pattern"
    )
    host: str | None = _setting(
        None, _is_host, 'None or a host name without a port, such as "panel.localhost"'
    )
    token: str | None = _setting(
        None,
        _is_token,
        "None or a string of at least 16 printable ASCII characters, without spaces",
    )
    history: bool | str | os.PathLike[str] | None = field(
        default=True, repr=False, metadata={"check": _is_history, "takes": _HISTORY}
    )
    hold: bool = _setting(True, _is_flag, "True or False")
    hold_seconds: float = _setting(
        120, _is_positive_number, "a number of seconds, more than 0 and at most 86400"
    )

    @classmethod
    def from_config(cls, config: Mapping[str, t.Any]) -> Settings:
        """Read every ``LIFECYCLE_*`` key.

        :param config: the app's config.
        :raises ValueError: a key is unknown or its value is invalid; the text has the key, its
            value and what it takes.
        """
        known = {f"LIFECYCLE_{entry.name.upper()}": entry for entry in fields(cls)}
        values: dict[str, t.Any] = {}

        for key in config:
            # A key may be anything that is hashable.
            if isinstance(key, str) and key.startswith("LIFECYCLE_") and key not in known:
                raise ValueError(
                    f"{key} is not a setting of flask-lifecycle; it takes {', '.join(known)}."
                )

        for key, entry in known.items():
            value = config.get(key, entry.default)

            if not entry.metadata["check"](value):
                shown = _shown(entry.name, value)
                raise ValueError(f"{key} got {shown}; it takes {entry.metadata['takes']}.")

            values[entry.name] = tuple(value) if isinstance(entry.default, tuple) else value

        return cls(**values)


def _shown(name: str, value: t.Any) -> str:
    if name == "token":
        return "a wrong value"
    url = _URL.match(value) if isinstance(value, str) else None
    # The rest of a URL may have a password.
    return f"a URL ({url[0]}…)" if name == "history" and url else repr(value)


__all__ = ["COLLECTORS", "MORE_COLLECTORS", "Settings", "is_redis"]
