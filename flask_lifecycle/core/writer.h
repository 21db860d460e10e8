/* Writers, as far as steps need them: their thread, log and notes, which is the current one, and whether
 * they may be held. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "fields.h"
#include "log.h"
#include "objects.h"
#include "slots.h"
#include "state.h"

/* Return whether a writer's app is the given one. */
static bool
is_app_of(State *state, Fields *writer, PyObject *app)
{
    PyObject *owner = field(writer, &writer->owner);
    PyObject *reference = owner == NULL || owner == Py_None
                              ? NULL : get_attr(state, owner, &state->names.app);
    bool is_app = reference != NULL && referent(reference) == app;
    Py_XDECREF(reference);
    Py_XDECREF(owner);
    return is_app;
}

/* Return one of the dicts in `writer.notes`: a new reference, or NULL with an exception. */
static PyObject *
notes_of(State *state, Fields *writer, PyObject **name)
{
    PyObject *notes = field(writer, &writer->notes);
    PyObject *dict = notes == NULL ? NULL : get_attr(state, notes, name);
    Py_XDECREF(notes);
    return dict;
}

/* Do `writer.notes.<name>[offset] = value`. */
static int
put_note(State *state, Fields *writer, PyObject **name, Py_ssize_t offset, PyObject *value)
{
    PyObject *notes = notes_of(state, writer, name);
    PyObject *step = notes == NULL ? NULL : PyLong_FromSsize_t(offset);
    int status = step == NULL ? -1 : PyObject_SetItem(notes, step, value);
    Py_XDECREF(notes);
    Py_XDECREF(step);
    return status;
}

/* Return the log of the writer, whose type is checked: a new reference, or NULL with an exception. */
static Log *
log_of(State *state, Fields *writer)
{
    PyObject *log = field(writer, &writer->log);
    if (log == NULL || Py_IS_TYPE(log, state->Log))
        return (Log *)log;
    PyErr_Format(PyExc_TypeError, "%.100s is not a log", Py_TYPE(log)->tp_name);
    Py_DECREF(log);
    return NULL;
}

/* Return whether this thread is the writer's, or -1 with an exception. Where threads are greenlets,
 * `get_ident` is the library's that replaces `threading.get_ident`. */
static int
is_own_thread(State *state, Fields *writer)
{
    PyObject *get_ident = state->get_ident;
    if (get_ident == NULL)
        return writer->ident == PyThread_get_thread_ident();
    PyObject *ident = PyObject_CallNoArgs(get_ident);
    if (ident == NULL)
        return -1;
    unsigned long long number = PyLong_AsUnsignedLongLongMask(ident);
    Py_DECREF(ident);
    return PyErr_Occurred() ? -1 : writer->ident == number;
}

/* Make this thread the writer's; return -1 with an exception. */
static int
take_thread(State *state, Fields *writer)
{
    unsigned long long ident = PyThread_get_thread_ident();
    if (state->get_ident != NULL) {
        PyObject *number = PyObject_CallNoArgs(state->get_ident);
        ident = number == NULL ? 0 : PyLong_AsUnsignedLongLongMask(number);
        Py_XDECREF(number);
        if (PyErr_Occurred())
            return -1;
    }
    writer->ident = ident;
    return 0;
}

/* Return a name of recorder/holding.py: a new reference, or NULL without an exception. */
static PyObject *
from_holding(State *state, PyObject *name)
{
    if (state->holding == NULL) /* The module has been torn down. */
        return NULL;
    PyObject *value = get_item(state->holding, name);
    if (value == NULL)
        PyErr_Clear();
    return value;
}

/* Return whether any request may be held. */
static bool
is_armed(State *state)
{
    PyObject *armed = from_holding(state, state->names.armed);
    Py_XDECREF(armed); /* It is a bool. */
    return armed == Py_True;
}

/* Return the log of a writer if this thread may append a step that nothing holds: a new reference, or
 * NULL, where there may be an exception. */
static Log *
open_log(State *state, Fields *writer)
{
    if (is_own_thread(state, writer) <= 0 || is_armed(state))
        return NULL;
    Log *log = log_of(state, writer);
    if (log != NULL && log_length((PyObject *)log) >= writer->limit)
        Py_CLEAR(log);
    return log;
}

/* Give a step its outcome; return -1 with an exception. */
static int
put_outcome(State *state, Fields *writer, Py_ssize_t step, PyObject *error)
{
    if (state->describe_error == NULL) /* The module has been torn down. */
        return 0;
    PyObject *described = PyObject_CallOneArg(state->describe_error, error);
    int status = described == NULL
                     ? -1 : put_note(state, writer, &state->names.outcomes, step, described);
    Py_XDECREF(described);
    return status;
}

/* Hold a request after a step; return -1 with an exception. */
static int
hold_after_step(State *state, Fields *writer, Py_ssize_t step)
{
    PyObject *callable = from_holding(state, state->names.after);
    PyObject *result = callable == NULL
                           ? Py_NewRef(Py_None) : PyObject_CallFunction(callable, "On", writer, step);
    Py_XDECREF(callable);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Add to the bytes of a request's details; return -1 with an exception. */
static int
add_detail_bytes(State *state, PyObject *writer, Py_ssize_t more)
{
    PyObject *before = more == 0 ? NULL : get_attr(state, writer, &state->names.detail_bytes);
    PyObject *size = before == NULL ? NULL : PyLong_FromSsize_t(more);
    PyObject *sum = size == NULL ? NULL : PyNumber_Add(before, size);
    int status = sum == NULL ? (more == 0 ? 0 : -1)
                             : set_attr(state, writer, &state->names.detail_bytes, sum);
    Py_XDECREF(sum);
    Py_XDECREF(size);
    Py_XDECREF(before);
    return status;
}

/* Return whether the app of a writer is in a set, or -1 with an exception. */
static int
is_owner_in(Fields *writer, PyObject *owners)
{
    PyObject *owner = field(writer, &writer->owner);
    int is_in = owner == NULL ? -1 : PySet_Contains(owners, owner);
    Py_XDECREF(owner);
    return is_in;
}

/* Return an object as a writer; NULL, without an exception, if it is none. */
static Fields *
as_writer(State *state, PyObject *object)
{
    return PyObject_TypeCheck(object, state->Fields) ? (Fields *)object : NULL;
}

/* Return whether an argument is a writer; if not, there is a TypeError. */
static bool
is_writer(State *state, PyObject *object)
{
    if (PyObject_TypeCheck(object, state->Fields))
        return true;
    PyErr_Format(PyExc_TypeError, "%.100s is not a writer", Py_TYPE(object)->tp_name);
    return false;
}

/* Return the current trace: a new reference, or NULL, where there may be an exception. */
static PyObject *
current_trace(State *state)
{
    PyObject *trace = NULL;
    if (state->current == NULL /* the module has been torn down */
        || PyContextVar_Get(state->current, NULL, &trace) < 0)
        return NULL;
    return trace;
}

/* Make a trace the current one; return -1, where there may be an exception, if that fails. */
static int
set_current(State *state, PyObject *trace)
{
    PyObject *token = state->current == NULL ? NULL : PyContextVar_Set(state->current, trace);
    Py_XDECREF(token);
    return token == NULL ? -1 : 0;
}

/* Add a reading of the clock to the stopwatch of a trace, which starts it, or subtract one, which stops
 * it. Return 1, 0 if it runs already, or -1 with an exception. */
static int
add_to_stopwatch(State *state, PyObject *trace, double seconds)
{
    PyObject *before = get_attr(state, trace, &state->names.stopwatch);
    double reading = before == NULL ? -1.0 : PyFloat_AsDouble(before);
    Py_XDECREF(before);
    if (PyErr_Occurred())
        return -1;
    if (seconds > 0 && reading > 0)
        return 0;
    PyObject *after = PyFloat_FromDouble(reading + seconds);
    int status = after == NULL ? -1 : set_attr(state, trace, &state->names.stopwatch, after);
    Py_XDECREF(after);
    return status < 0 ? -1 : 1;
}
