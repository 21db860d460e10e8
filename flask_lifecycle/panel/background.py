"""Which requests the scripts of a page sent by themselves, such as polls.

A poll comes without a person's input, or on its own beat. A page with the toolbar reports input;
of other pages, only the beat is known.
"""

from __future__ import annotations

import typing as t
from collections import deque

from ..toolbar.inject import CARRIED, SHOWN, why_absent

if t.TYPE_CHECKING:
    from collections.abc import Hashable

#: A page sends what it needs to be complete within this many seconds of its arrival.
_LOADING = 3.0
#: A script responds to input within this many seconds, even if it waits for the last key.
_RESPONDS = 2.5
#: Requests that input leads to together come within this many seconds of one another.
_TOGETHER = 0.5
# How far the browser's clock and the app's are apart on one machine.
_SKEW = 0.05
# How far a timer is from its beat: seconds, and as a share of the interval.
_JITTER = 0.05
_JITTER_SHARE = 0.1
# A timer that has missed more than this share of its interval has ended.
_MISSED = 2.5
_REMEMBERED = 500
_DOUBTFUL = 10


class _Sent:
    """The last time that a page sent a request by itself, as far as is known.

    :param at: when; None if a person has caused all of them.
    :param interval: the seconds between it and what was before it, if that is known.
    """

    __slots__ = ("at", "interval", "is_poll")

    def __init__(self, at: float | None, interval: float | None) -> None:
        self.at = at
        self.interval = interval
        self.is_poll = False

    def is_due(self, at: float) -> bool:
        """Return whether a timer sends the next one at that time, or a busy server gets it late."""
        if self.at is None or self.interval is None:
            return False
        return self.interval - self._jitter() <= at - self.at <= _MISSED * self.interval

    def again(self, at: float) -> None:
        """Record the next one that came without input."""
        if self.at is not None:
            interval = at - self.at
            is_beat = self.interval is not None and abs(interval - self.interval) <= self._jitter()
            self.is_poll |= is_beat
            self.interval = interval
        self.at = at

    def _jitter(self) -> float:
        return max(_JITTER, _JITTER_SHARE * (self.interval or 0))


class Scripts:
    """The requests of the scripts that run in one browser."""

    def __init__(self) -> None:
        #: When a person last clicked or typed in one of its pages.
        self._acted = float("-inf")
        # When the last request that followed on that was sent.
        self._led: float | None = None
        # The latest that input may have led to after all, and when they were sent.
        self._doubtful: deque[tuple[t.Any, float, _Sent]] = deque(maxlen=_DOUBTFUL)
        # By page and request; the oldest first.
        self._sent: dict[tuple[Hashable, Hashable], _Sent] = {}

    def acted(self, at: float) -> list[t.Any]:
        """Record that a person clicked or typed in one of its pages; reports of it may be late.

        :returns: the requests that this led to, though they counted as sent by a page itself.
        """
        self._acted = at
        self._led = None
        found = []
        for request, sent, known in self._doubtful:
            if sent >= at - _SKEW:
                known.at = known.interval = None
                self._led = sent
                found.append(request)
        self._doubtful.clear()
        return found

    def forget(self, page: Hashable) -> None:
        """Forget the requests of a page, which is loaded again."""
        self._sent = {key: sent for key, sent in self._sent.items() if key[0] != page}

    def sent(
        self,
        page: Hashable,
        wanted: Hashable,
        at: float,
        *,
        request: t.Any,
        arrived: float | None,
        reports: bool,
    ) -> str | None:
        """Record a request, and return whether a page sent it by itself.

        :param page: the page of the script.
        :param wanted: equal for requests for the same, such as those of one button or timer.
        :param at: when it was sent.
        :param request: what :meth:`acted` returns of it.
        :param arrived: when the page arrived, if that is known.
        :param reports: whether the page reports input.
        :returns: ``"always"``, ``"loading"`` if it did so while it loaded, or None if a person may
            have caused it.
        """
        known = self._sent.get((page, wanted))
        has_input = -_SKEW <= at - self._acted <= _RESPONDS
        if known is None:
            since = None if arrived is None else at - arrived
            is_loading = since is not None and since <= _LOADING
            answer = "loading" if is_loading else None
            if is_loading and self._led is not None and at - self._led > _TOGETHER:
                # The response to input has come: a timer of the page's own begins.
                has_input, answer = False, "always"
            first = _Sent(None, None) if has_input else _Sent(at, since)
            known = self._remember((page, wanted), first)
            is_due = False
        else:
            is_due = known.is_due(at)
            # What a page also sends by itself is the response only if nothing else is.
            has_input = has_input and (known.at is None or not (self._led is not None or is_due))
            if not has_input:
                known.again(at)
            answer = "always" if reports or known.is_poll else None
        if has_input:
            self._led = at
            return None
        if answer is not None and not is_due:
            self._doubtful.append((request, at, known))
        return answer

    def _remember(self, key: tuple[Hashable, Hashable], sent: _Sent) -> _Sent:
        self._sent[key] = sent
        if len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]
        return sent


def reports_input(toolbar: str | None, since: float) -> bool:
    """Return whether a page has the toolbar, which reports input.

    :param toolbar: the state of the toolbar.
    :param since: the seconds since the page arrived.
    """
    return toolbar in (CARRIED, SHOWN) and why_absent(toolbar, round(since * 1e9)) is None


__all__ = ["Scripts", "reports_input"]
