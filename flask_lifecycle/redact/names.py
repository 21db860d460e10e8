"""Names that say that what stands under them is secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

#: Tells whether what stands under a name is masked.
IsSecret = Callable[[str], bool]

# Compared without case and without what separates the words of a name. An author is no secret.
_NAMES = (
    "passw",
    "passphrase",
    "passcode",
    "(?<!com)(?<!by)pass$",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "fernetkey",
    "subscriptionkey",
    "jwt",
    "bearer",
    "auth(?!or(?!i[sz]))",
    "cookie",
    "credential",
    "creditcard",
    "cardnumber",
    "cvv",
    "private",
    "session",
    "csrf",
    "xsrf",
    "signature",
    "dsn",
    "otp$",
    "^sig$",
)
_SEPARATORS = str.maketrans("", "", "-_. ")


def secret_names(more: Iterable[str]) -> IsSecret:
    """Make what tells secret names.

    :param more: those beside the built-in ones.
    """
    known = (re.escape(folded) for name in more if (folded := _folded(name)))
    pattern = re.compile("|".join((*_NAMES, *known)))
    return lambda name: pattern.search(_folded(name)) is not None


def _folded(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


__all__ = ["IsSecret", "secret_names"]
