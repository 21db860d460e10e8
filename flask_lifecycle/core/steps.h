/* Begin and end steps that are no call of a function: recorder/steps.py. */

#pragma once

#include <Python.h>

#include "log.h"
#include "state.h"
#include "writer.h"

/* Append a step that begins now, inside the current one; return its offset, or -1 with an exception.
 * The tracepoint is a number or an object. */
static Py_ssize_t
begin_in(State *state, Fields *writer, PyObject *tracepoint, PyObject *note)
{
    Log *log = log_of(state, writer);
    if (log == NULL)
        return -1;
    Step step = {0};
    Py_ssize_t offset = log_length((PyObject *)log);
    int status = 0;
    /* Before the step, for concurrent readers. */
    if (note != Py_None)
        status = put_note(state, writer, &state->names.details, offset, note);
    if (status == 0 && PyLong_Check(tracepoint)) {
        status = as_int32(tracepoint, &step.tracepoint);
    } else if (status == 0) {
        status = put_note(state, writer, &state->names.tracepoints, offset, tracepoint);
        step.tracepoint = state->unnumbered;
    }
    if (status == 0) {
        step.parent = (int32_t)writer->current;
        step.begin = now();
        offset = log_append(log, step);
    }
    Py_DECREF(log);
    if (status < 0 || offset < 0)
        return -1;
    writer->current = offset;
    return offset;
}

PyDoc_STRVAR(begin_doc,
"begin($module, writer, tracepoint, note=None, /)\n--\n\n"
"Append a step that begins now, inside the current one; return its offset.");

static PyObject *
begin(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyModule_GetState(module);
    if (count < 2 || count > 3) {
        PyErr_SetString(PyExc_TypeError, "begin() takes a writer, a tracepoint, and a note");
        return NULL;
    }
    if (!is_writer(state, args[0]))
        return NULL;
    Py_ssize_t offset = begin_in(state, (Fields *)args[0], args[1], count == 3 ? args[2] : Py_None);
    return offset < 0 ? NULL : PyLong_FromSsize_t(offset);
}

PyDoc_STRVAR(end_doc,
"end($module, writer, step, /)\n--\n\n"
"End a step now.");

static PyObject *
end(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyModule_GetState(module);
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "end() takes a writer and a step");
        return NULL;
    }
    if (!is_writer(state, args[0]))
        return NULL;
    Fields *writer = (Fields *)args[0];
    Log *log = log_of(state, writer);
    if (log == NULL)
        return NULL;
    Py_ssize_t offset = PyLong_AsSsize_t(args[1]);
    /* If the request has ended in the meantime, its log is another one. */
    if (0 <= offset && offset < log_length((PyObject *)log))
        writer->current = log_end(log, offset, now());
    Py_DECREF(log);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}
