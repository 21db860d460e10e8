"""Record each rendering of a template: those that Flask renders, their parents and includes.

``flask.templating`` calls ``render`` or ``generate`` of a template: the template object gets a
subclass of its own class whose two methods record a step. Compiled templates get their parents,
includes and imports from their environment, which therefore gets a subclass as well, and call
their ``root_render_func``. A block runs where the parent places it, but its time belongs to the
template that defines it: if another template's step is the current one, the block gets a step.
"""

from .record import ANNOUNCED, announce, install, record

__all__ = ["ANNOUNCED", "announce", "install", "record"]
