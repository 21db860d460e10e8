"""Mask and truncate values before they are stored.

Pure: no object of the user's is changed, and no code of its class is run. Only built-in types are
traversed, with their own methods, also if a class derives from them. The only external call is the
function of ``LIFECYCLE_REDACT_WITH``, which gets the values that these rules have not masked.
"""

from .patterns import MASK, prepare
from .redactor import Redactor, cookie_names
from .values import SCALARS, Decide, Path, type_name, weight

__all__ = [
    "MASK",
    "SCALARS",
    "Decide",
    "Path",
    "Redactor",
    "cookie_names",
    "prepare",
    "type_name",
    "weight",
]
