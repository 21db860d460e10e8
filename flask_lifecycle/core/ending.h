/* The end of a request, when its body is closed: instrumentation/body_proxy.py, `_closed`. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "chunk.h"
#include "errors.h"
#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* What `close` of a body uses: the number of its tracepoint, and what takes an exception. */
enum { CLOSE, CLOSE_FAILED, PARTS_OF_CLOSE };

static bool
are_parts_of_close(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_CLOSE) && PyLong_CheckExact(PyTuple_GET_ITEM(data, CLOSE));
}

/* Return whether a body, as its server has it, has come to its end, and no preview of it is kept. */
static bool
is_at_end(Chunk *chunk)
{
    State *state = chunk->state;
    PyObject *is_over = get_attr(state, chunk->recording, &state->names.is_over);
    PyObject *sent = get_attr(state, chunk->recording, &state->names.sent);
    bool is_end = is_over == Py_True && sent != NULL && PyList_Check(sent)
                  && PyList_GET_SIZE(sent) == 4 && PyTuple_GET_ITEM(chunk->held, 3) == Py_True
                  && attribute_is(state, (PyObject *)chunk->trace, &state->names.ended, Py_None);
    Py_XDECREF(sent);
    Py_XDECREF(is_over);
    return is_end;
}

/* Begin the step of `close`; return its log, or NULL with an exception. */
static Log *
begin_close(Chunk *chunk)
{
    Fields *trace = chunk->trace;
    Log *log = log_of(chunk->state, trace);
    Step step = {.parent = -1, .begin = now()};
    if (log == NULL)
        return NULL;
    if (take_thread(chunk->state, trace) < 0
        || as_int32(PyTuple_GET_ITEM(chunk->parts, CLOSE), &step.tracepoint) < 0
        || add_to_stopwatch(chunk->state, (PyObject *)trace, step.begin) < 0
        || (chunk->step = log_append(log, step)) < 0)
        Py_CLEAR(log);
    else
        trace->current = chunk->step;
    return log;
}

/* Call a body's own `close` in its step, which has begun, and end the trace. */
static PyObject *
close_in_step(Chunk *chunk, PyObject *close, Log *log)
{
    State *state = chunk->state;
    PyObject *trace = (PyObject *)chunk->trace;
    PyObject *result = PyObject_CallNoArgs(close);
    if (result == NULL)
        report_error(PyTuple_GET_ITEM(chunk->parts, CLOSE_FAILED), chunk->recording, chunk->step);
    PyObject *error = result == NULL ? take_error() : NULL;
    log_end(log, chunk->step, now());
    int status = is_armed(state) ? hold_after_step(state, chunk->trace, chunk->step) : 0;
    PyObject *finished = status < 0 ? NULL : PyObject_CallMethodNoArgs(trace, state->names.finish);
    if (finished == NULL && fail_open(state, (PyObject *)state->Recording) < 0) {
        Py_XSETREF(error, take_error());
        Py_CLEAR(result);
    }
    Py_XDECREF(finished);
    (void)set_current(state, chunk->outer);
    PyErr_Clear();
    if (error != NULL)
        raise_error(error);
    return result;
}

/* `_closed(body)`; `*is_done` is false, without an exception, if it is left to Python. */
static PyObject *
close_body(State *state, PyObject *parts, PyObject *body, bool *is_done)
{
    Chunk chunk = {.state = state, .parts = parts, .body = body};
    PyObject *result = NULL, *close = NULL;
    Log *log = NULL;
    *is_done = chunk_take(&chunk) && is_at_end(&chunk);
    if (*is_done) {
        close = get_attr(state, PyTuple_GET_ITEM(chunk.held, 0), &state->names.close);
        *is_done = close == NULL || set_current(state, (PyObject *)chunk.trace) == 0;
    }
    if (close != NULL && *is_done) {
        log = begin_close(&chunk);
        *is_done = log != NULL;
        if (log != NULL)
            result = close_in_step(&chunk, close, log);
        else
            (void)set_current(state, chunk.outer);
    }
    if (!*is_done)
        PyErr_Clear();
    Py_XDECREF(log);
    Py_XDECREF(close);
    chunk_free(&chunk);
    return result;
}

/* `_closed`. */
static PyObject *
close_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 1)
        result = close_body(state, self->data, args[0], &is_done);
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}
