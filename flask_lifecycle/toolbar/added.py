"""What the toolbar changes on a response."""

from __future__ import annotations

import typing as t

#: The names and values of a response's headers.
Headers = list[tuple[str, str]]
LENGTH = "Content-Length"


class Added(t.NamedTuple):
    """The changes that the toolbar made to the response that carries it."""

    tag: bytes
    #: The tag's offset in the body.
    offset: int
    #: The app's own headers that were changed or removed, by index, except for the length.
    before: dict[int, tuple[str, str]]
    #: The headers in their place.
    after: list[tuple[str, str]]
    #: All headers with the toolbar, and the app's own, if nothing else is different; or None.
    both: tuple[Headers, Headers] | None = None

    @classmethod
    def of(cls, tag: bytes, offset: int, own: Headers, now: Headers) -> Added:
        """Compare the headers of a response with those of the copy that carries the tag."""
        gone = {pair for pair in {*own}.difference(now) if pair[0].lower() != "content-length"}
        before = {place: pair for place, pair in enumerate(own) if pair in gone} if gone else {}
        return cls(tag, offset, before, [*{*now}.difference(own)])

    def taken_out_of(self, headers: Headers) -> tuple[Headers, Headers, list[str]]:
        """Separate the headers without the toolbar from the toolbar's own.

        The names of the removed headers come third. A header that was changed again on the way to
        the server stays as it is.
        """
        if self.both is not None and headers == self.both[0]:
            # Unchanged, as in most cases.
            added = [pair for pair in self.after if pair[0] != LENGTH]
            return self.both[1], added, []
        own: Headers = []
        added = []
        removed: list[str] = []
        changed: set[str] = set()
        after = self.after
        for pair in headers:
            if pair not in after:
                own.append(pair)
                continue
            name = pair[0].lower()
            changed.add(name)
            if name == "content-length":
                own.append((pair[0], str(int(pair[1]) - len(self.tag))))
            else:
                added.append(pair)
        if self.before:
            names = {pair[0].lower() for pair in own}
            for place, pair in self.before.items():
                name = pair[0].lower()
                if name not in names:
                    own.insert(place, pair)
                    if name not in changed:
                        removed.append(pair[0])
        return own, added, removed

    def taken_out_of_body(self, beginning: bytes) -> bytes:
        """Return the beginning of the body as it would be without the toolbar."""
        begin, end = self.offset, self.offset + len(self.tag)
        if not self.tag.startswith(beginning[begin:end]):
            return beginning
        return beginning[:begin] + beginning[end:]


__all__ = ["LENGTH", "Added", "Headers"]
