"""JSON that every browser can parse: lone surrogates are escaped."""

from __future__ import annotations

import json
import typing as t

from flask.json.provider import DefaultJSONProvider

from ..recording.json_text import escaped


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


__all__ = ["Json", "Provider"]
