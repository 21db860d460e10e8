/* The measuring of CPU time and memory: collectors/cpu.py and memory.py. */

#pragma once

#include <Python.h>

#include "shortcut.h"
#include "state.h"
#include "writer.h"

/* `collectors/cpu.py` and `memory.py`, `_begin_for_some(writer)`: it is done for an app that does not
 * ask for it. Its data is the apps that do. */
static PyObject *
begin_for_some(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 1 ? as_writer(state, args[0]) : NULL;
    return writer != NULL && is_owner_in(writer, self->data) == 0 ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(begin_for_some)
