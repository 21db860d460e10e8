/* The recording of a body: instrumentation/body.py and body_recording.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"

/* What `recorded` of instrumentation/body.py uses, as the shortcut's data has it: the classes of proxies
 * by the identities of the bodies' classes, the classes of a recording and of its counts, and what
 * sets what a proxy holds. */
enum { PROXIES, RECORDING, COUNTS, HOLD, PARTS_OF_PROXY };

static bool
are_parts_of_proxy(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_PROXY)
           && PyDict_Check(PyTuple_GET_ITEM(data, PROXIES))
           && PyType_Check(PyTuple_GET_ITEM(data, RECORDING))
           && PyType_Check(PyTuple_GET_ITEM(data, COUNTS));
}

/* Return whether a body may be a file that the server sends by itself, or that is to be found out. */
static bool
may_be_file(State *state, PyObject *result, PyObject *environ)
{
    PyObject *wrapper = PyDict_CheckExact(environ)
                            ? get_item(environ, state->names.wsgi_file_wrapper) : Py_NewRef(Py_True);
    bool may_be = wrapper != NULL && wrapper != Py_None
                  && !(PyType_CheckExact(wrapper) && PyObject_IsInstance(result, wrapper) == 0);
    Py_XDECREF(wrapper);
    return may_be;
}

/* Return the counts of a body's chunks, and the recorder of its beginning if there is one. */
static PyObject *
make_counts(State *state, PyObject *parts, PyObject *trace, PyObject *preview)
{
    PyObject *shown = PyObject_CallNoArgs(preview), *values = NULL;
    PyObject *streamed = shown == NULL ? NULL : get_attr(state, trace, &state->names.streamed);
    if (streamed != NULL)
        values = tuple_of(shown == Py_None ? 4 : 5, (PyObject *[]){
            PyLong_FromLong(0), PyLong_FromLong(0), Py_NewRef(streamed), PyTuple_New(0),
            shown == Py_None ? NULL : Py_NewRef(shown)});
    PyObject *counts = values == NULL
                           ? NULL : PyObject_CallOneArg(PyTuple_GET_ITEM(parts, COUNTS), values);
    Py_XDECREF(values);
    Py_XDECREF(streamed);
    Py_XDECREF(shown);
    return counts;
}

/* Return the recording of a body, by the arguments of `recorded`. */
static PyObject *
make_recording(State *state, PyObject *parts, PyObject *const *args, PyObject *counts)
{
    PyTypeObject *type = (PyTypeObject *)PyTuple_GET_ITEM(parts, RECORDING);
    PyObject *recording = type->tp_alloc(type, 0), *step = PyLong_FromLong(-1);
    if (recording == NULL || step == NULL
        || set_attr(state, recording, &state->names.environ, args[2]) < 0
        || set_attr(state, recording, &state->names.failed, args[3]) < 0
        || set_attr(state, recording, &state->names.preview, args[4]) < 0
        || set_attr(state, recording, &state->names.sent, counts) < 0
        || set_attr(state, recording, &state->names.is_over, Py_False) < 0
        || set_attr(state, recording, &state->names.step, step) < 0
        || set_attr(state, recording, &state->names.trace, args[0]) < 0)
        Py_CLEAR(recording);
    Py_XDECREF(step);
    return recording;
}

/* `recorded(trace, result, environ, failed, preview)`: it is done for bodies of a class that has been
 * there before, and that are no files. */
static PyObject *
recorded_body(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 5)
        return NULL;
    PyObject *parts = self->data, *result = args[1], *proxy = NULL;
    PyObject *kind = get_by_id(PyTuple_GET_ITEM(parts, PROXIES), (PyObject *)Py_TYPE(result));
    PyObject *counts = NULL, *recording = NULL, *held = NULL, *set = NULL;
    if (kind != NULL && PyType_Check(kind) && !may_be_file(state, result, args[2]))
        counts = make_counts(state, parts, args[0], args[4]);
    if (counts != NULL)
        recording = make_recording(state, parts, args, counts);
    if (recording != NULL)
        held = PyTuple_Pack(4, result, recording, counts, Py_True);
    if (held != NULL)
        proxy = ((PyTypeObject *)kind)->tp_alloc((PyTypeObject *)kind, 0);
    if (proxy != NULL)
        set = PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(parts, HOLD), proxy, held, NULL);
    if (set == NULL)
        Py_CLEAR(proxy);
    Py_XDECREF(set);
    Py_XDECREF(held);
    Py_XDECREF(recording);
    Py_XDECREF(counts);
    Py_XDECREF(kind);
    return proxy;
}
VECTORCALL(recorded_body)

/* `instrumentation/body_recording.py`, `Recording.__del__`: it is done if the body was closed. */
static PyObject *
unclosed(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *trace = count == 1 ? get_attr(state, args[0], &state->names.trace) : NULL;
    PyObject *ended = trace == NULL ? NULL : get_attr(state, trace, &state->names.ended);
    bool is_done = ended != NULL && ended != Py_None;
    Py_XDECREF(ended);
    Py_XDECREF(trace);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(unclosed)
