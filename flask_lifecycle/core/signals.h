/* What a signal is sent to: collectors/signals.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* Record a signal that has no receivers: return an empty list, or NULL, where there may be an exception,
 * if that is left to Python. */
static PyObject *
send_to_nobody(State *state, PyObject *tracepoint, PyObject *signal, PyObject *sender)
{
    Step step = {0};
    if (as_int32(tracepoint, &step.tracepoint) < 0)
        return NULL;
    PyObject *receivers = get_attr(state, signal, &state->names.receivers);
    bool has_none = receivers != NULL && PyDict_CheckExact(receivers)
                    && PyDict_GET_SIZE(receivers) == 0;
    Py_XDECREF(receivers);
    PyObject *trace = has_none ? current_trace(state) : NULL;
    Fields *writer = trace == NULL ? NULL : as_writer(state, trace);
    bool is_done = writer != NULL && !is_app_of(state, writer, sender);
    if (writer != NULL && !is_done) {
        Log *log = open_log(state, writer);
        step.parent = (int32_t)writer->current;
        step.begin = step.end = now();
        is_done = log != NULL && log_append(log, step) >= 0;
        Py_XDECREF(log);
    }
    Py_XDECREF(trace);
    return is_done ? PyList_New(0) : NULL;
}

/* `send(signal, sender)`: it is done if the signal has no receivers. Its data
 * is the number of the signal's tracepoint. */
static PyObject *
send(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 2 ? send_to_nobody(state, self->data, args[0], args[1]) : NULL;
}

/* With keywords as well, which only receivers would get. */
static PyObject *
send_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *result = send((Shortcut *)object, args, PyVectorcall_NARGS(nargsf));
    return result != NULL ? result : leave_to_python(object, args, nargsf, kwnames);
}

/* What `send` of `before_render_template` uses, as the shortcut's data has it: the number of the signal's
 * tracepoint, the apps whose templates are recorded, the ids of the classes of those, and the code that
 * sends it for a stream. */
enum { SIGNAL, OWNERS_OF_TEMPLATES, RECORDED_CLASSES, STREAM_CODE, PARTS_OF_ANNOUNCEMENT };

static bool
are_parts_of_announcement(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_ANNOUNCEMENT)
           && PyLong_Check(PyTuple_GET_ITEM(data, SIGNAL))
           && PyAnySet_Check(PyTuple_GET_ITEM(data, OWNERS_OF_TEMPLATES))
           && PyAnySet_Check(PyTuple_GET_ITEM(data, RECORDED_CLASSES));
}

/* Return whether templates of the current request's app are recorded; true, where there may be an
 * exception, if there is no such request. */
static bool
may_record_templates(State *state, PyObject *owners)
{
    PyObject *trace = current_trace(state);
    Fields *writer = trace == NULL ? NULL : as_writer(state, trace);
    bool may_be = writer == NULL || is_owner_in(writer, owners) != 0;
    Py_XDECREF(trace);
    return may_be;
}

/* Return whether a template has been announced before, and is not streamed. Otherwise there may be an
 * exception. */
static bool
is_announced(
    State *state, PyObject *data, PyObject *const *args, Py_ssize_t count, PyObject *kwnames)
{
    PyObject *template = NULL;
    for (Py_ssize_t at = 0; kwnames != NULL && at < PyTuple_GET_SIZE(kwnames); at++)
        if (PyUnicode_Compare(PyTuple_GET_ITEM(kwnames, at), state->names.template) == 0)
            template = args[count + at];
    PyFrameObject *frame = PyEval_GetFrame();
    if (template == NULL || frame == NULL)
        return false;
    PyCodeObject *code = PyFrame_GetCode(frame);
    bool is_streamed = (PyObject *)code == PyTuple_GET_ITEM(data, STREAM_CODE);
    Py_DECREF(code);
    return !is_streamed && is_class_in(PyTuple_GET_ITEM(data, RECORDED_CLASSES), template) == 1;
}

/* `send(signal, sender)` of `before_render_template`: it is done if the announcement of the template does
 * nothing. */
static PyObject *
send_template(Shortcut *self, PyObject *const *args, Py_ssize_t count, PyObject *kwnames)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *data = self->data;
    bool is_done = count == 2
                   && (is_announced(state, data, args, count, kwnames)
                       || !may_record_templates(state, PyTuple_GET_ITEM(data, OWNERS_OF_TEMPLATES)));
    return is_done && !PyErr_Occurred()
               ? send_to_nobody(state, PyTuple_GET_ITEM(data, SIGNAL), args[0], args[1]) : NULL;
}

static PyObject *
send_template_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *result = send_template((Shortcut *)object, args, PyVectorcall_NARGS(nargsf), kwnames);
    return result != NULL ? result : leave_to_python(object, args, nargsf, kwnames);
}
