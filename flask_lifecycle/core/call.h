/* The whole call of an app: instrumentation/wsgi.py. */

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

/* What `record` uses, as the shortcut's data has it: what measures steps, what begins a trace, the
 * number of the tracepoint, `partial`, the function around the server's `start_response`, what takes
 * an exception, and what records the body and its two last arguments. */
enum {
    MEASURES, BEGIN_TRACE, WSGI, PARTIAL, RECORDED_START, LEFT_APP, RECORDED_BODY, BROKE, PREVIEW,
    SKIPPED, PARTS_OF_CALL,
};

static bool
are_parts_of_call(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_CALL)
           && PyList_CheckExact(PyTuple_GET_ITEM(data, MEASURES))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, WSGI));
}

/* One call of `record(app, environ, start_response, run)`. */
typedef struct {
    State *state;
    PyObject *parts;
    PyObject *app, *environ, *start_response, *run;
    /* Owned. */
    PyObject *outer;
    PyObject *trace;
    Log *log;
} AppCall;

/* Return whether nothing measures steps, no request may be held, and this one is for no websocket. */
static bool
is_plain_call(AppCall *call)
{
    State *state = call->state;
    return PyDict_CheckExact(call->environ) && !is_armed(state)
           && PyList_GET_SIZE(PyTuple_GET_ITEM(call->parts, MEASURES)) == 0
           && PyDict_Contains(call->environ, state->names.HTTP_UPGRADE) == 0
           && (call->outer = current_trace(state)) != NULL;
}

/* Begin the step of the whole call; return -1 with an exception. */
static int
begin_call(AppCall *call)
{
    Fields *trace = (Fields *)call->trace;
    Step step = {.parent = -1};
    if (!is_writer(call->state, call->trace))
        return -1;
    PyObject *origin = get_attr(call->state, call->trace, &call->state->names.origin);
    int status = origin == NULL ? -1 : as_double(origin, &step.begin);
    Py_XDECREF(origin);
    if (status < 0 || as_int32(PyTuple_GET_ITEM(call->parts, WSGI), &step.tracepoint) < 0
        || (call->log = log_of(call->state, trace)) == NULL || log_append(call->log, step) < 0)
        return -1;
    trace->current = 0;
    return 0;
}

/* Call the app inside the step. */
static PyObject *
call_app(AppCall *call)
{
    PyObject *parts = call->parts;
    PyObject *answer = PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(parts, PARTIAL), PyTuple_GET_ITEM(parts, RECORDED_START), call->trace,
        call->environ, call->start_response, NULL);
    PyObject *result = NULL;
    if (answer != NULL)
        result = PyObject_CallFunctionObjArgs(call->run, call->app, call->environ, answer, NULL);
    Py_XDECREF(answer);
    if (result != NULL && is_armed(call->state)) {
        log_end(call->log, 0, now());
        if (hold_after_step(call->state, (Fields *)call->trace, 0) < 0)
            Py_CLEAR(result);
    }
    return result;
}

/* End the step, and return the body to be passed to the server. Takes the reference. */
static PyObject *
leave_call(AppCall *call, PyObject *result)
{
    State *state = call->state;
    PyObject *parts = call->parts, *body = NULL;
    double ended = now();
    /* It ended before it was held after that. */
    Py_BEGIN_CRITICAL_SECTION(call->log);
    if (call->log->steps[0].end == 0)
        call->log->steps[0].end = ended;
    Py_END_CRITICAL_SECTION();
    ((Fields *)call->trace)->current = -1;
    if (add_to_stopwatch(state, call->trace, -ended) >= 0)
        body = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, RECORDED_BODY), call->trace, result, call->environ,
            PyTuple_GET_ITEM(parts, BROKE), PyTuple_GET_ITEM(parts, PREVIEW), NULL);
    Py_DECREF(result);
    return body;
}

/* Call an app whose request is not recorded. */
static PyObject *
call_skipped(AppCall *call)
{
    PyObject *result = NULL;
    if (set_current(call->state, PyTuple_GET_ITEM(call->parts, SKIPPED)) == 0)
        result = PyObject_CallFunctionObjArgs(
            call->run, call->app, call->environ, call->start_response, NULL);
    return result;
}

/* Record the call, or call the app alone if its trace is None. */
static PyObject *
call_recorded(AppCall *call)
{
    State *state = call->state;
    PyObject *result = NULL;
    bool is_recorded = call->trace != Py_None;
    if (!is_recorded)
        result = call_skipped(call);
    else if (set_current(state, call->trace) == 0 && begin_call(call) == 0)
        result = call_app(call);
    PyObject *error = result == NULL ? take_error() : NULL;
    if (error != NULL) {
        Handled before = begin_handling(error);
        PyObject *left = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(call->parts, LEFT_APP), call->trace, error, call->environ, NULL);
        end_handling(before);
        /* What the app raises reaches the server, unless something is raised here that is not ours. */
        if (left == NULL && !PyErr_ExceptionMatches(PyExc_Exception))
            Py_SETREF(error, take_error());
        PyErr_Clear();
        Py_XDECREF(left);
    }
    (void)set_current(state, call->outer);
    PyErr_Clear();
    if (error != NULL)
        raise_error(error);
    return result == NULL || !is_recorded ? result : leave_call(call, result);
}

/* `record(app, environ, start_response, run)`; `*is_done` is false, without an exception, if it is left
 * to Python. */
static PyObject *
record_call(State *state, PyObject *parts, PyObject *const *args, bool *is_done)
{
    AppCall call = {
        .state = state, .parts = parts, .app = args[0], .environ = args[1],
        .start_response = args[2], .run = args[3],
    };
    PyObject *result = NULL;
    *is_done = is_plain_call(&call);
    if (*is_done)
        call.trace = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, BEGIN_TRACE), call.app, call.environ, call.outer, NULL);
    else
        PyErr_Clear();
    if (call.trace != NULL)
        result = call_recorded(&call);
    Py_XDECREF(call.log);
    Py_XDECREF(call.trace);
    Py_XDECREF(call.outer);
    return result;
}

/* `record`: what the app raises passes. */
static PyObject *
call_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 4)
        result = record_call(state, self->data, args, &is_done);
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}
