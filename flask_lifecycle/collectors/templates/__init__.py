"""Record each rendering of a template: those that Flask renders, and what they extend and include.

``flask.templating`` calls ``render`` or ``generate`` of a template: the template object gets a
subclass of its own class whose two methods record a step. Compiled templates get those that they
extend, include or import from their environment, which therefore gets a subclass as well, and
call their ``root_render_func``. A block runs where a parent has its place, but its time belongs to
the template that defines it: where another one's step is the current one, it gets a step.
"""

from .record import announce, install, record

__all__ = ["announce", "install", "record"]
