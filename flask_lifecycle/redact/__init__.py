"""Mask and cap values before they are kept.

Pure: no object of the user's is changed, and no code of its class is run. Only built-in types
are looked into, by their own methods, also where a class derives from them. The one call out is
the function of ``LIFECYCLE_REDACT_WITH``, which is given what the rules here have left.
"""

from .patterns import MASK
from .redactor import Redactor, cookie_names
from .values import SCALARS, Decide, Path, type_name, weight

__all__ = ["MASK", "SCALARS", "Decide", "Path", "Redactor", "cookie_names", "type_name", "weight"]
