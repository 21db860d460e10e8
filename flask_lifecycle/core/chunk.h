/* The next chunk of a body: instrumentation/body_proxy.py, `_next`. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* What the method in Python uses, as the shortcut's data has it: `next`, the tracepoint's number, and
 * what takes the end or an exception, and a chunk that is not only counted. */
enum { NEXT, BODY, LEFT, ADD_CHUNK, PARTS_OF_BODY };

static bool
are_parts_of_body(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_BODY) && PyLong_CheckExact(PyTuple_GET_ITEM(data, BODY));
}

/* One call of `next` with a body. */
typedef struct {
    State *state;
    PyObject *parts;
    PyObject *body;
    /* Owned: what the body holds, the proxied object in it first; and of its recording. */
    PyObject *held;
    PyObject *recording;
    Fields *trace;
    PyObject *outer;
    Py_ssize_t step;
    bool is_outer;
} Chunk;

static void
chunk_free(Chunk *chunk)
{
    Py_XDECREF(chunk->outer);
    Py_XDECREF(chunk->trace);
    Py_XDECREF(chunk->recording);
    Py_XDECREF(chunk->held);
}

/* Take what the body holds; return whether its trace is one that runs, and may not be held. */
static bool
chunk_take(Chunk *chunk)
{
    State *state = chunk->state;
    chunk->held = get_attr(state, chunk->body, &state->names._flask_lifecycle);
    if (chunk->held == NULL || !is_tuple_of(chunk->held, 4) || is_armed(state))
        return false;
    chunk->recording = Py_NewRef(PyTuple_GET_ITEM(chunk->held, 1));
    PyObject *trace = get_attr(state, chunk->recording, &state->names.trace);
    if (trace == NULL || !PyObject_TypeCheck(trace, state->Fields)) {
        Py_XDECREF(trace);
        return false;
    }
    chunk->trace = (Fields *)trace;
    Log *log = log_of(state, chunk->trace);
    bool is_running = log != NULL && log_length((PyObject *)log) > 0;
    Py_XDECREF(log);
    chunk->outer = is_running ? current_trace(state) : NULL;
    return chunk->outer != NULL;
}

/* Begin the step of the body. */
static int
begin_body(Chunk *chunk, PyObject *sent)
{
    State *state = chunk->state;
    Log *log = log_of(state, chunk->trace);
    if (log == NULL)
        return -1;
    Step step = {.parent = -1};
    chunk->step = log_length((PyObject *)log);
    PyObject *offset = NULL;
    int status = as_int32(PyTuple_GET_ITEM(chunk->parts, BODY), &step.tracepoint);
    if (status == 0)
        status = put_note(state, chunk->trace, &state->names.details, chunk->step, sent);
    if (status == 0) {
        step.begin = now();
        offset = PyLong_FromSsize_t(log_append(log, step));
        status = PyErr_Occurred()
                     ? -1 : set_attr(state, chunk->recording, &state->names.step, offset);
    }
    Py_XDECREF(offset);
    Py_DECREF(log);
    return status;
}

/* Go on with the body's step, which may have to begin; return -1 with an exception. */
static int
chunk_enter(Chunk *chunk)
{
    State *state = chunk->state;
    PyObject *sent = PyTuple_GET_ITEM(chunk->held, 2);
    PyObject *step;
    if (take_thread(state, chunk->trace) < 0
        || set_attr(state, chunk->recording, &state->names.sent, sent) < 0
        || set_attr(state, chunk->recording, &state->names.is_over, Py_False) < 0
        || (step = get_attr(state, chunk->recording, &state->names.step)) == NULL)
        return -1;
    chunk->step = PyLong_AsSsize_t(step);
    Py_DECREF(step);
    if (PyErr_Occurred())
        return -1;
    if (chunk->step < 0 ? begin_body(chunk, sent) < 0
                        : put_note(state, chunk->trace, &state->names.details, chunk->step, sent) < 0)
        return -1;
    chunk->trace->current = chunk->step;
    int is_outer = add_to_stopwatch(state, (PyObject *)chunk->trace, now());
    chunk->is_outer = is_outer > 0;
    return is_outer < 0 ? -1 : 0;
}

/* End the trace of a body that has no `close`; return -1 with an exception. */
static int
end_unclosed(Chunk *chunk)
{
    State *state = chunk->state;
    PyObject *close = NULL, *finished = NULL;
    int has_close = 1;
    if (PyTuple_GET_ITEM(chunk->held, 3) == Py_True)
        has_close = PyObject_GetOptionalAttr(
            PyTuple_GET_ITEM(chunk->held, 0), state->names.close, &close);
    Py_XDECREF(close);
    if (has_close == 0)
        finished = PyObject_CallMethodNoArgs((PyObject *)chunk->trace, state->names.finish);
    Py_XDECREF(finished);
    if (has_close == 0 && finished == NULL)
        return fail_open(state, (PyObject *)state->Recording);
    return has_close < 0 ? -1 : 0;
}

/* End the step of the body after its last chunk. Return 1; 0 if that is left to Python, or -1 with an
 * exception. */
static int
end_body(Chunk *chunk)
{
    State *state = chunk->state;
    Log *log = is_armed(state) ? NULL : log_of(state, chunk->trace);
    if (log == NULL)
        return 0;
    /* Another thread may have closed it in the meantime. */
    if (log_length((PyObject *)log) > chunk->step)
        log_end(log, chunk->step, now());
    Py_DECREF(log);
    return set_attr(state, chunk->recording, &state->names.is_over, Py_True) < 0
                   || end_unclosed(chunk) < 0 ? -1 : 1;
}

/* Leave an exception to Python, which returns None. */
static PyObject *
leave_chunk(Chunk *chunk, PyObject *error)
{
    Handled before = begin_handling(error);
    PyObject *left = PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(chunk->parts, LEFT), chunk->body, error, NULL);
    end_handling(before);
    return left;
}

/* Handle the exception that is raised, which is raised still afterwards. */
static void
chunk_left(Chunk *chunk)
{
    bool is_end = PyErr_ExceptionMatches(PyExc_StopIteration);
    PyObject *error = take_error();
    int status = is_end ? end_body(chunk) : 0;
    if (status == 0) {
        PyErr_Clear();
        PyObject *left = leave_chunk(chunk, error);
        status = left == NULL ? -1 : 1;
        Py_XDECREF(left);
    }
    /* The body's own exception reaches the server, unless one is raised here that is not ours. */
    if (status < 0 && !PyErr_ExceptionMatches(PyExc_Exception))
        Py_SETREF(error, take_error());
    PyErr_Clear();
    raise_error(error);
}

/* Count a chunk, if nothing else is to be done with it: return 1, or 0, or -1 with an exception. */
static int
count_chunk(Chunk *chunk, PyObject *value)
{
    State *state = chunk->state;
    PyObject *sent = get_attr(state, chunk->recording, &state->names.sent);
    PyObject *streamed = get_attr(state, (PyObject *)chunk->trace, &state->names.streamed);
    int status = 0;
    if (sent != NULL && streamed == Py_False && PyBytes_CheckExact(value) && PyList_Check(sent)
        && PyList_GET_SIZE(sent) == 4) {
        PyObject *added[2] = {PyLong_FromLong(1), PyLong_FromSsize_t(PyBytes_GET_SIZE(value))};
        status = 1;
        for (int at = 0; at < 2; at++) {
            PyObject *before = PyList_GetItem(sent, at); /* borrowed: a number that a list keeps */
            PyObject *sum = before == NULL || added[at] == NULL
                                ? NULL : PyNumber_Add(before, added[at]);
            Py_XDECREF(added[at]);
            if (sum == NULL || PyList_SetItem(sent, at, sum) < 0)
                status = -1;
        }
    }
    Py_XDECREF(streamed);
    Py_XDECREF(sent);
    return PyErr_Occurred() ? -1 : status;
}

/* Return the next chunk, or NULL with an exception; the step has begun. */
static PyObject *
chunk_next(Chunk *chunk)
{
    State *state = chunk->state;
    PyObject *result = PyTuple_GET_ITEM(chunk->held, 0);
    PyObject *value = PyObject_CallOneArg(PyTuple_GET_ITEM(chunk->parts, NEXT), result);
    if (value == NULL)
        chunk_left(chunk);
    PyObject *error = value == NULL ? take_error() : NULL;
    if (chunk->is_outer)
        (void)add_to_stopwatch(state, (PyObject *)chunk->trace, -now());
    (void)set_current(state, chunk->outer);
    PyErr_Clear();
    if (error != NULL) {
        raise_error(error);
        return NULL;
    }
    int status = count_chunk(chunk, value);
    if (status == 0) {
        PyObject *passed = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(chunk->parts, ADD_CHUNK), chunk->recording, value, chunk->body, NULL);
        if (passed != NULL || !PyErr_ExceptionMatches(PyExc_Exception))
            Py_SETREF(value, passed);
        else
            PyErr_Clear();
    } else if (status < 0) {
        PyErr_Clear();
    }
    return value;
}

/* Return the next chunk of a body; `*is_done` is false, without an exception, if that is left to
 * Python. */
static PyObject *
next_chunk(State *state, PyObject *parts, PyObject *body, bool *is_done)
{
    Chunk chunk = {.state = state, .parts = parts, .body = body};
    PyObject *value = NULL;
    *is_done = chunk_take(&chunk);
    if (*is_done) {
        if (set_current(state, (PyObject *)chunk.trace) < 0 || chunk_enter(&chunk) < 0) {
            /* Nothing that the app sees has run. */
            PyErr_Clear();
            (void)set_current(state, chunk.outer);
            *is_done = false;
        } else {
            value = chunk_next(&chunk);
        }
    }
    if (!*is_done)
        PyErr_Clear();
    chunk_free(&chunk);
    return value;
}

/* `_next`: what the body itself raises passes. */
static PyObject *
next_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *chunk = NULL;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 1)
        chunk = next_chunk(state, self->data, args[0], &is_done);
    return is_done ? chunk : leave_to_python(object, args, nargsf, kwnames);
}

/* `_itself(body)`. */
static PyObject *
itself(Shortcut *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count)
{
    return count == 1 ? Py_NewRef(args[0]) : NULL;
}
VECTORCALL(itself)
