"""The bytes of a recording's file: limited when they are read, replaced at once when written."""

from __future__ import annotations

import gzip
import os
import tempfile
import typing as t
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from .json_text import read_json, write_json

#: The maximum of bytes, uncompressed, that are written and read: what a browser can open, too.
MOST = 100_000_000
_GZIP = b"\x1f\x8b"
_TEXT = ".json"
_COMPRESSED = ".json.gz"


def read_file(path: Path) -> t.Any:
    """Return the JSON of a file, which may be compressed with gzip under any name.

    :raises ValueError: it cannot be read; the message says why.
    :raises OSError: as from :func:`open`.
    """
    with path.open("rb") as file:
        return parse(file.read(MOST + 1))


def parse(data: bytes) -> t.Any:
    """Return the JSON of a file's content, as :func:`read_file`."""
    if data.startswith(_GZIP):
        data = _unzipped(data)
    if len(data) > MOST:
        raise ValueError(f"it is larger than {_mb(MOST)} MB, the most that is read.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8, from byte {error.start:,} on.") from None
    return read_json(text)


def content_of(value: t.Any) -> bytes:
    """Return the content of a file with some JSON.

    :raises ValueError: it would be too large to be read again.
    """
    content = f"{write_json(value)}\n".encode("ascii")
    if len(content) > MOST:
        raise ValueError(
            f"it would have {_mb(len(content))} MB; at most {_mb(MOST)} are read again:"
            " save fewer requests."
        )
    return content


def write_file(path: Path, value: t.Any) -> None:
    """Write a file of JSON that only its owner may read: the whole of it, or nothing.

    :param path: ends with ``.json`` or ``.json.gz``.
    :raises ValueError: it has another ending, or would be too large to be read again.
    """
    name = path.name.lower()
    if not name.endswith((_TEXT, _COMPRESSED)):
        raise ValueError(
            f"{path.name} has an ending that is not known; it takes .json or .json.gz."
        )
    content = content_of(value)
    # The target of a symbolic link is replaced, not the link.
    _replace(path.resolve(), content if name.endswith(_TEXT) else gzip.compress(content, mtime=0))


def _unzipped(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            return file.read(MOST + 1)
    except EOFError:
        raise ValueError("its compressed content is cut off.") from None
    except (OSError, zlib.error) as error:
        raise ValueError(f"its compressed content is damaged: {error}.") from None


def _replace(path: Path, data: bytes) -> None:
    # Files of mkstemp have the mode 0600.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".lifecycle-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(number)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f}"


__all__ = ["MOST", "content_of", "parse", "read_file", "write_file"]
