/* The end of a request: `close` of its body (instrumentation/body_proxy.py), and what its trace keeps
 * (trace/writer.py). */

#pragma once

#include <Python.h>

#include "body.h"
#include "errors.h"
#include "log.h"
#include "named.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* What `LiveTrace.finish` uses, as the shortcut's data has it: the type of what is kept, what paths and
 * endpoints of static files end with, and the estimated bytes of a step with all notes, and of a
 * trace, and the namespace of the module. */
enum { KEPT, PATHS, ENDPOINTS, STEP_BYTES, TRACE_BYTES, MODULE, PARTS_OF_END };

static bool
are_parts_of_end(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == PARTS_OF_END
           && is_named_type(PyTuple_GET_ITEM(data, KEPT))
           && PyTuple_CheckExact(PyTuple_GET_ITEM(data, PATHS))
           && PyTuple_CheckExact(PyTuple_GET_ITEM(data, ENDPOINTS))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, STEP_BYTES))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, TRACE_BYTES))
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, MODULE));
}

/* Return whether a text ends with one of others; true, where there may be an exception, if it is
 * none. */
static bool
ends_with(PyObject *text, PyObject *endings)
{
    bool ends = text == NULL || !PyUnicode_CheckExact(text);
    for (Py_ssize_t at = 0; !ends && at < PyTuple_GET_SIZE(endings); at++)
        ends = PyUnicode_Tailmatch(text, PyTuple_GET_ITEM(endings, at), 0, PY_SSIZE_T_MAX, 1) != 0;
    return ends;
}

/* Replace a dict of a trace that is not empty. */
static int
empty(State *state, PyObject *trace, PyObject **name)
{
    PyObject *dict = get_attr(state, trace, name), *other = NULL;
    int status = dict == NULL ? -1 : 0;
    if (dict != NULL && !(PyDict_CheckExact(dict) && PyDict_GET_SIZE(dict) == 0)) {
        other = PyDict_New();
        status = other == NULL ? -1 : set_attr(state, trace, name, other);
    }
    Py_XDECREF(other);
    Py_XDECREF(dict);
    return status;
}

/* Let go of what a finished trace needs no more; return -1 with an exception. */
static int
let_go(State *state, PyObject *trace)
{
    PyObject *log = PyObject_CallNoArgs((PyObject *)state->Log);
    int status = log == NULL ? -1 : set_attr(state, trace, &state->names.log, log);
    Py_XDECREF(log);
    ((Fields *)trace)->ident = 0;
    return status < 0 || set_attr(state, trace, &state->names.folded, Py_None) < 0
                   || set_attr(state, trace, &state->names.macros, Py_None) < 0
                   || set_attr(state, trace, &state->names.added, Py_None) < 0
                   || empty(state, trace, &state->names._spine) < 0
                   || empty(state, trace, &state->names.seen) < 0
                   || empty(state, trace, &state->names.connections) < 0
               ? -1 : 0;
}

/* Return whether the store has nothing to do for a trace: it is shown, of no static file, and not
 * larger than its share. Otherwise there may be an exception. */
static bool
is_settled(State *state, PyObject *parts, PyObject *trace, PyObject *store, Py_ssize_t steps)
{
    PyObject *route = get_attr(state, trace, &state->names.route);
    PyObject *path = get_attr(state, trace, &state->names.path);
    PyObject *endpoint = NULL, *ignored = NULL;
    bool is_shown = route != NULL && !ends_with(path, PyTuple_GET_ITEM(parts, PATHS));
    if (is_shown && route != Py_None) {
        ignored = get_attr(state, route, &state->names.ignored);
        endpoint = get_attr(state, route, &state->names.endpoint);
        is_shown = ignored == Py_False
                   && !ends_with(endpoint, PyTuple_GET_ITEM(parts, ENDPOINTS));
    }
    Py_ssize_t details = is_shown ? size_of(state, trace, &state->names.detail_bytes) : -1;
    Py_ssize_t share = details >= 0 ? size_of(state, store, &state->names.share) : -1;
    Py_ssize_t each = PyLong_AsSsize_t(PyTuple_GET_ITEM(parts, STEP_BYTES));
    Py_ssize_t own = PyLong_AsSsize_t(PyTuple_GET_ITEM(parts, TRACE_BYTES));
    Py_XDECREF(endpoint);
    Py_XDECREF(ignored);
    Py_XDECREF(path);
    Py_XDECREF(route);
    return share >= 0 && steps * each + details <= share - own;
}

/* `LiveTrace._hand_over(store, steps)`, which is called itself where a store has something to do. */
static int
hand_over(State *state, PyObject *parts, PyObject *trace, PyObject *store, Py_ssize_t steps)
{
    PyObject *result = NULL;
    if (is_settled(state, parts, trace, store, steps)) {
        PyObject *outbox = get_attr(state, trace, &state->names.outbox);
        if (outbox == Py_None)
            result = Py_NewRef(Py_None);
        else if (outbox != NULL)
            result = PyObject_CallMethodObjArgs(
                outbox, state->names.append, trace, Py_False, NULL);
        Py_XDECREF(outbox);
    } else {
        PyErr_Clear();
        PyObject *count = PyLong_FromSsize_t(steps);
        if (count != NULL)
            result = PyObject_CallMethodObjArgs(
                trace, state->names._hand_over, store, count, NULL);
        Py_XDECREF(count);
    }
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* `LiveTrace.finish(self)`: it is done for a trace that has one writer. */
static PyObject *
finish_trace(State *state, PyObject *parts, PyObject *trace)
{
    Fields *writer = (Fields *)trace;
    if (!is_none_in(state, trace, &state->names.ended) || !is_none_in(state, trace, &state->names.strands))
        return NULL;
    Log *log = log_of(state, writer);
    PyObject *notes = log == NULL ? NULL : field(writer, &writer->notes);
    Py_ssize_t steps = notes == NULL ? 0 : log->count;
    PyObject *packed = notes == NULL ? NULL : pack_log(log);
    PyObject *kept = packed == NULL ? NULL : make_named(
        PyTuple_GET_ITEM(parts, KEPT), PyTuple_Pack(3, packed, notes, Py_False));
    /* First: concurrent readers read this last. */
    int status = kept == NULL ? -1 : set_attr(state, trace, &state->names._kept, kept);
    PyObject *ended = status < 0 || let_go(state, trace) < 0
                          ? NULL : call_in(PyTuple_GET_ITEM(parts, MODULE), state->names.clock);
    status = ended == NULL ? -1 : set_attr(state, trace, &state->names.ended, ended);
    PyObject *store = status < 0 ? NULL : get_attr(state, trace, &state->names.store);
    /* It has ended: what fails now is not done again. */
    bool is_done = store != NULL;
    if (store != NULL && store != Py_None
        && (set_attr(state, trace, &state->names.store, Py_None) < 0
            || hand_over(state, parts, trace, store, steps) < 0))
        is_done = fail_open(state, (PyObject *)state->Recording) == 0;
    Py_XDECREF(store);
    Py_XDECREF(ended);
    Py_XDECREF(kept);
    Py_XDECREF(packed);
    Py_XDECREF(notes);
    Py_XDECREF(log);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* What `close` of a body uses: the number of its tracepoint, and what takes an exception. */
enum { CLOSE, CLOSE_FAILED, PARTS_OF_CLOSE };

static bool
are_parts_of_close(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == PARTS_OF_CLOSE
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, CLOSE));
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
                  && is_none_in(state, (PyObject *)chunk->trace, &state->names.ended);
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
