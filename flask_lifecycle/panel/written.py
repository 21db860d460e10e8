"""JSON that every browser can parse: lone surrogates are escaped."""

from __future__ import annotations

import json
import re
import typing as t

from flask.json.provider import DefaultJSONProvider

_ESCAPE = re.compile(r"\\(?:\\|ud[89ab]..\\ud[c-f]..|(ud[89a-f]..))")


def escaped(text: str) -> str:
    """Escape lone surrogates as Python does, such as those of a file name that is not UTF-8.

    :param text: JSON in ASCII.
    """
    return _ESCAPE.sub(_twice, text) if r"\ud" in text else text


def _twice(found: re.Match[str]) -> str:
    return rf"\\{found[1]}" if found[1] else found[0]


class Provider(DefaultJSONProvider):
    """The JSON provider of the panel's responses."""

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write JSON."""
        return escaped(super().dumps(obj, **kwargs))


class Json:
    """Encodes and decodes the messages of the live stream."""

    loads: t.Callable[..., t.Any] = staticmethod(json.loads)

    @staticmethod
    def dumps(obj: t.Any, **kwargs: t.Any) -> str:
        """Write JSON."""
        return escaped(json.dumps(obj, **kwargs))


__all__ = ["Json", "Provider", "escaped"]
