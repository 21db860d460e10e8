"""What runs for each step: compiled, or its twin in Python. This is the one place that decides.

The environment variable ``FLASK_LIFECYCLE_PURE`` decides, if it is set: 1 for Python, 0 for the
compiled core, without which the import fails.
"""

from __future__ import annotations

import os
import sysconfig
import typing as t
from importlib import import_module

from .twin import STEP, packed

_SWITCH = "FLASK_LIFECYCLE_PURE"
# That of _core.c.
_REVISION = 1


def _compiled() -> tuple[t.Any, str]:
    """Return the compiled core, or None, and why that is so."""
    asked = os.environ.get(_SWITCH)
    if asked == "1":
        return None, f"{_SWITCH} is 1"
    if asked != "0" and sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None, f"it has not been tested on Python without a GIL; {_SWITCH}=0 tries it"
    try:
        found = import_module("._core", __name__)
    except ImportError:
        if asked == "0":
            raise
        return None, "it is not built for this Python"
    if found.REVISION != _REVISION:
        return None, "it was built from other sources: install the package again"
    return found, f"{_SWITCH} is 0" if asked == "0" else "it is built for this Python"


#: The compiled core, or None.
compiled: t.Any
#: Why, as ``flask lifecycle doctor`` shows it.
why: str
compiled, why = _compiled()

if t.TYPE_CHECKING or compiled is None:
    from .twin import Fields, Log, pack
else:
    Fields, Log, pack = compiled.Fields, compiled.Log, compiled.pack

__all__ = ["STEP", "Fields", "Log", "compiled", "pack", "packed", "why"]
