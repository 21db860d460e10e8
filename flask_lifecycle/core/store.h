/* The store of traces: store.py, and how extension.py gives it a new one. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"

/* `store.py`, `MemoryStore.add(self, trace)`. */
static PyObject *
add_to_store(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 2 || set_attr(state, args[1], &state->names.store, args[0]) < 0)
        return NULL;
    PyObject *kept = get_attr(state, args[0], &state->names._kept);
    PyObject *numbers = kept == NULL ? NULL : get_attr(state, args[0], &state->names._numbers);
    PyObject *pair = numbers == NULL ? NULL : PyTuple_New(2), *added = NULL;
    if (pair != NULL) {
        PyTuple_SET_ITEM(pair, 0, Py_NewRef(args[1]));
        /* Nothing of Python's runs from here until it is appended: other threads see both or none. */
        PyObject *number = PyIter_Next(numbers);
        if (number != NULL) {
            PyTuple_SET_ITEM(pair, 1, number);
            added = PyObject_CallMethodOneArg(kept, state->names.append, pair);
        }
    }
    Py_XDECREF(pair);
    Py_XDECREF(numbers);
    Py_XDECREF(kept);
    return added;
}
VECTORCALL(add_to_store)

/* `extension.py`, `on_trace(trace)`: it is done if nothing has been imported since the last one, and
 * other processes know of this one. Its data is the store, a list with the number of modules, the name
 * of OpenTelemetry's SDK, and what joins the other processes. */
static PyObject *
on_trace(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *modules = PyImport_GetModuleDict(), *known = PyTuple_GET_ITEM(self->data, 1);
    if (count != 1 || !PyList_CheckExact(known) || PyList_GET_SIZE(known) != 1
        || PyLong_AsSsize_t(PyList_GET_ITEM(known, 0)) != PyDict_Size(modules)
        || PyDict_Contains(modules, PyTuple_GET_ITEM(self->data, 2)) != 0)
        return NULL;
    PyObject *member = PyTuple_GET_ITEM(self->data, 3), *joined = NULL;
    bool is_known = member == Py_None || attribute_is(state, args[0], &state->names.outbox, Py_None);
    if (!is_known) {
        joined = get_attr(state, member, &state->names.joined);
        is_known = joined == Py_True;
    }
    Py_XDECREF(joined);
    return is_known ? PyObject_CallMethodOneArg(
                          PyTuple_GET_ITEM(self->data, 0), state->names.add, args[0])
                    : NULL;
}
VECTORCALL(on_trace)
