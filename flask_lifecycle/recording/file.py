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

from .html import document_of, is_page
from .json_text import read_json

#: The maximum of bytes, uncompressed, that are written and read: what a browser can open, too.
MOST = 100_000_000
_GZIP = b"\x1f\x8b"
_GZ = ".gz"
_KINDS = {".json": "json", ".html": "html", ".htm": "html"}
_TAKES = ".json or .html, or one of these and .gz"


def read_file(path: Path) -> t.Any:
    """Return the JSON of a file, which may be compressed with gzip under any name.

    :raises ValueError: it cannot be read; the message says why.
    :raises OSError: as from :func:`open`.
    """
    with path.open("rb") as file:
        # A pipe has no size; what comes through it is counted.
        if os.fstat(file.fileno()).st_size > MOST:
            raise ValueError(_TOO_LARGE)
        return parse(file.read(MOST + 1))


def parse(data: bytes) -> t.Any:
    """Return the JSON of a file's content, as :func:`read_file`."""
    if data.startswith(_GZIP):
        data = _unzipped(data)
    if len(data) > MOST:
        raise ValueError(_TOO_LARGE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8, from byte {error.start:,} on.") from None
    return read_json(document_of(text) if is_page(text) else text)


def kind_of(path: Path) -> str:
    """Return the kind of content that a file's name asks for, ``"json"`` or ``"html"``.

    :raises ValueError: it has another ending.
    """
    kind = _KINDS.get(Path(path.name.lower().removesuffix(_GZ)).suffix)
    if kind is None:
        raise ValueError(f"{path.name} has an ending that is not known; it takes {_TAKES}.")
    return kind


def limited(text: str) -> bytes:
    """Return the content of a file.

    :raises ValueError: it would be too large to be read again.
    """
    content = text.encode("utf-8")
    if len(content) > MOST:
        raise ValueError(
            f"it would have {_mb(len(content))} MB; at most {_mb(MOST)} are read again:"
            " save fewer requests."
        )
    return content


def write_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read: the whole of it, or nothing.

    :param path: if it ends with ``.gz``, the content is compressed.
    """
    is_compressed = path.name.lower().endswith(_GZ)
    # The target of a symbolic link is replaced, not the link.
    _replace(path.resolve(), gzip.compress(content, mtime=0) if is_compressed else content)


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


_TOO_LARGE = f"it is larger than {_mb(MOST)} MB, the most that is read."


__all__ = ["MOST", "kind_of", "limited", "parse", "read_file", "write_file"]
