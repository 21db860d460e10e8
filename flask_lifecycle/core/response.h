/* The start of a response: instrumentation/start_response.py, and what collectors/http.py records
 * of it. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "log.h"
#include "named.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "texts.h"
#include "writer.h"

/* What `Messages.answered` uses, as the shortcut's data has it: the type of what it returns, the path
 * of the headers, the estimated bytes of each, and the most of them. */
enum { ANSWERED, PATH, HEADER_BYTES, MOST_HEADERS, PARTS_OF_ANSWER };

static bool
are_parts_of_answer(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_ANSWER)
           && is_named_type(PyTuple_GET_ITEM(data, ANSWERED))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, HEADER_BYTES))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, MOST_HEADERS));
}

/* The fields of what the toolbar added, `toolbar/added.py`. */
enum { ADDED_TAG, ADDED_AT, ADDED_BEFORE, ADDED_AFTER, ADDED_BOTH, FIELDS_OF_ADDED };

/* Return the headers of a response as the app made it, which are borrowed from what the toolbar added, if
 * nothing has changed them since; NULL, where there may be an exception, if that is left to Python. */
static PyObject *
own_headers(PyObject *added, PyObject *headers)
{
    if (!PyTuple_Check(added) || PyTuple_GET_SIZE(added) != FIELDS_OF_ADDED
        || !PyBytes_CheckExact(PyTuple_GET_ITEM(added, ADDED_TAG))
        || !PyList_CheckExact(PyTuple_GET_ITEM(added, ADDED_AFTER)))
        return NULL;
    PyObject *both = PyTuple_GET_ITEM(added, ADDED_BOTH);
    if (!is_tuple_of(both, 2)
        || PyObject_RichCompareBool(headers, PyTuple_GET_ITEM(both, 0), Py_EQ) != 1)
        return NULL;
    PyObject *own = PyTuple_GET_ITEM(both, 1);
    return PyList_CheckExact(own) ? own : NULL;
}

static bool
is_length(PyObject *pair)
{
    return is_tuple_of(pair, 2) && is_text(PyTuple_GET_ITEM(pair, 0), "Content-Length");
}

/* Return whether any header may end with the key of a request in quotes, which Python masks. */
static bool
may_have_key(PyObject *headers)
{
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(headers); at++) {
        PyObject *pair = PyList_GET_ITEM(headers, at);
        PyObject *value = is_tuple_of(pair, 2) ? PyTuple_GET_ITEM(pair, 1) : NULL;
        if (value == NULL || !PyUnicode_CheckExact(value))
            return true;
        Py_ssize_t length = PyUnicode_GET_LENGTH(value);
        if (length > 0 && PyUnicode_READ_CHAR(value, length - 1) == '"')
            return true;
    }
    return false;
}

/* Return what was added to a response on the way to the server: headers, first those of the toolbar
 * except for the length, the names of those that were removed, and the bytes of the tag. NULL, where
 * there may be an exception, if that is left to Python. */
static PyObject *
all_added(PyObject *by_toolbar, PyObject *headers)
{
    PyObject *all = PyList_New(0);
    PyObject *now = by_toolbar == Py_None ? NULL : PyTuple_GET_ITEM(by_toolbar, ADDED_AFTER);
    Py_ssize_t tag = now == NULL ? 0 : PyBytes_GET_SIZE(PyTuple_GET_ITEM(by_toolbar, ADDED_TAG));
    for (Py_ssize_t at = 0; all != NULL && now != NULL && at < PyList_GET_SIZE(now); at++) {
        PyObject *pair = PyList_GET_ITEM(now, at);
        if (!is_length(pair) && PyList_Append(all, pair) < 0)
            Py_CLEAR(all);
    }
    if (all != NULL && PyList_SetSlice(all, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, headers) < 0)
        Py_CLEAR(all);
    if (all != NULL && may_have_key(all))
        Py_CLEAR(all);
    PyObject *pairs = all == NULL ? NULL : PyList_AsTuple(all);
    Py_XDECREF(all);
    return pairs == NULL ? NULL : tuple_of(
        3, (PyObject *[]){pairs, PyTuple_New(0), PyLong_FromSsize_t(tag)});
}

/* Return the status and headers of a response, masked; NULL, where there may be an exception, if that is
 * left to Python. */
static PyObject *
shown_answer(State *state, PyObject *data, PyObject *redactor, PyObject *const *args,
             PyObject *by_toolbar)
{
    PyObject *own = by_toolbar == Py_None ? args[3] : own_headers(by_toolbar, args[3]);
    if (own == NULL
        || PyList_GET_SIZE(own) > PyLong_AsSsize_t(PyTuple_GET_ITEM(data, MOST_HEADERS)))
        return NULL;
    PyObject *status = known_text(state, redactor, args[2]), *made = NULL;
    PyObject *headers = status == NULL ? NULL : shown_headers(
        state, redactor, own, PyTuple_GET_ITEM(data, PATH));
    PyObject *added = headers == NULL ? NULL : all_added(by_toolbar, args[4]);
    if (added != NULL)
        made = make_named(PyTuple_GET_ITEM(data, ANSWERED), tuple_of(4, (PyObject *[]){
            Py_NewRef(status), Py_NewRef(headers), PyLong_FromSsize_t(PyTuple_GET_SIZE(headers)),
            Py_NewRef(added)}));
    Py_XDECREF(added);
    Py_XDECREF(headers);
    Py_XDECREF(status);
    return made;
}

/* `Messages.answered(self, trace, status, headers, added)`: it is done for texts and headers that
 * need no masking, if the headers are as the app, or then the toolbar, has made them. */
static PyObject *
answered(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 5 || !PyUnicode_CheckExact(args[2]) || !PyList_CheckExact(args[3]))
        return NULL;
    PyObject *by_toolbar = get_attr(state, args[1], &state->names.added);
    PyObject *redactor = by_toolbar == NULL ? NULL
                                            : get_attr(state, args[0], &state->names._redactor);
    PyObject *made = redactor == NULL ? NULL
                                      : shown_answer(state, self->data, redactor, args, by_toolbar);
    Py_ssize_t each = PyLong_AsSsize_t(PyTuple_GET_ITEM(self->data, HEADER_BYTES));
    if (made != NULL && add_detail_bytes(state, args[1], each * PyList_GET_SIZE(args[3])) < 0)
        Py_CLEAR(made);
    Py_XDECREF(redactor);
    Py_XDECREF(by_toolbar);
    return made;
}
VECTORCALL(answered)

/* What the function in Python uses: what is known of statuses, the name of the header with the
 * trace's id, `Messages.answered`, the context of a trace that has none, and what takes an
 * exception. */
enum { STATUSES, ID_HEADER, ANSWER, NO_CONTEXT, FAILED, PARTS_OF_START };

static bool
are_parts_of_start(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_START)
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, STATUSES));
}

/* What is known of a status: its tracepoint, its code, and whether it has a body. */
enum { OF_STATUS, CODE, HAS_BODY, PARTS_OF_STATUS };

#define MOST_STARTED 8

/* One call of a server's `start_response`, by the arguments of ours. */
typedef struct {
    State *state;
    PyObject *parts;
    Fields *trace;
    PyObject *environ, *start_response, *status, *headers;
    /* Owned. */
    PyObject *known;
    Log *log;
    Py_ssize_t step;
    bool is_sized;
} Start;

/* Return whether a request is one of those whose response is left to Python: for a websocket, or
 * sent by a script. */
static bool
is_special(Start *start)
{
    State *state = start->state;
    PyObject *sender = get_item(start->environ, state->names.HTTP_SEC_FETCH_DEST);
    bool is_plain = sender == NULL || (PyUnicode_CheckExact(sender)
                                       && PyUnicode_CompareWithASCIIString(sender, "empty") != 0);
    Py_XDECREF(sender);
    return !is_plain || PyDict_Contains(start->environ, state->names.HTTP_UPGRADE) != 0;
}

/* Return whether a list of headers has the length of the body, or -1 if there are others than Python's
 * own pairs. */
static int
has_length(PyObject *headers)
{
    static const char name[] = "content-length";
    int is_sized = 0;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(headers); at++) {
        PyObject *pair = PyList_GET_ITEM(headers, at);
        if (!is_tuple_of(pair, 2)
            || !PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 0)))
            return -1;
        PyObject *key = PyTuple_GET_ITEM(pair, 0);
        Py_ssize_t length = PyUnicode_GET_LENGTH(key), same = 0;
        if (!PyUnicode_IS_ASCII(key) || length != sizeof(name) - 1)
            continue;
        while (same < length && Py_TOLOWER(PyUnicode_1BYTE_DATA(key)[same]) == name[same])
            same++;
        is_sized |= same == length;
    }
    return is_sized;
}

/* Begin the step, unless something of it is unusual: return whether that is done. */
static bool
begin_start(Start *start)
{
    State *state = start->state;
    if (!PyObject_TypeCheck((PyObject *)start->trace, state->Fields)
        || !PyDict_CheckExact(start->environ) || !PyUnicode_CheckExact(start->status)
        || !PyList_CheckExact(start->headers) || is_armed(state) || is_special(start))
        return false;
    PyObject *context = get_attr(state, (PyObject *)start->trace, &state->names.context);
    int is_sized = has_length(start->headers);
    start->is_sized = is_sized > 0;
    Py_XDECREF(context);
    if (is_sized < 0 || context == NULL || context == PyTuple_GET_ITEM(start->parts, NO_CONTEXT))
        return false;
    start->known = get_item(PyTuple_GET_ITEM(start->parts, STATUSES), start->status);
    start->log = start->known == NULL ? NULL : log_of(state, start->trace);
    Step step = {.parent = (int32_t)start->trace->current};
    if (start->log == NULL || log_length((PyObject *)start->log) >= start->trace->limit
        || !is_tuple_of(start->known, PARTS_OF_STATUS)
        || !PyLong_CheckExact(PyTuple_GET_ITEM(start->known, OF_STATUS))
        || as_int32(PyTuple_GET_ITEM(start->known, OF_STATUS), &step.tracepoint) < 0)
        return false;
    step.begin = now();
    start->step = log_append(start->log, step);
    return start->step >= 0;
}

/* Return the headers that are added: a list, or NULL with an exception. */
static PyObject *
added_headers(Start *start)
{
    State *state = start->state;
    PyObject *name = PyTuple_GET_ITEM(start->parts, ID_HEADER);
    if (name == Py_None)
        return PyList_New(0);
    PyObject *route = get_attr(state, (PyObject *)start->trace, &state->names.route);
    PyObject *hidden = route == NULL || route == Py_None
                           ? route : get_attr(state, route, &state->names.ignored);
    if (hidden != route)
        Py_XDECREF(hidden); /* It is a bool. */
    Py_XDECREF(route);
    if (hidden == NULL || hidden == Py_True)
        return hidden == NULL ? NULL : PyList_New(0);
    PyObject *id = get_attr(state, (PyObject *)start->trace, &state->names.id);
    return id == NULL ? NULL : list_of(tuple_of(2, (PyObject *[]){Py_NewRef(name), id}));
}

/* Record the start of the response; return the headers to send, or NULL with an exception. */
static PyObject *
note_start(Start *start)
{
    State *state = start->state;
    PyObject *trace = (PyObject *)start->trace;
    PyObject *added = added_headers(start), *noted = NULL;
    if (added != NULL)
        noted = PyObject_CallFunctionObjArgs(PyTuple_GET_ITEM(start->parts, ANSWER), trace,
                                             start->status, start->headers, added, NULL);
    int status = noted == NULL
                     ? -1 : put_note(state, start->trace, &state->names.details, start->step, noted);
    PyObject *code = PyTuple_GET_ITEM(start->known, CODE);
    if (status == 0 && code != Py_None)
        status = set_attr(state, trace, &state->names.status, code);
    PyObject *streamed = start->is_sized ? Py_False : PyTuple_GET_ITEM(start->known, HAS_BODY);
    PyObject *headers = NULL;
    if (status == 0 && set_attr(state, trace, &state->names.streamed, streamed) == 0)
        headers = PyList_GET_SIZE(added) ? PySequence_Concat(start->headers, added)
                                         : Py_NewRef(start->headers);
    Py_XDECREF(noted);
    Py_XDECREF(added);
    return headers;
}

/* Call the server's `start_response` with these headers, and end the step. */
static PyObject *
pass_start(Start *start, PyObject *headers, PyObject *const *more, Py_ssize_t count)
{
    PyObject *values[MOST_STARTED + 2] = {start->status, headers};
    for (Py_ssize_t at = 0; at < count; at++)
        values[2 + at] = more[at];
    PyObject *result = PyObject_Vectorcall(start->start_response, values, 2 + count, NULL);
    if (result == NULL)
        report_error(PyTuple_GET_ITEM(start->parts, FAILED), (PyObject *)start->trace, start->step);
    PyObject *error = result == NULL ? take_error() : NULL;
    log_end(start->log, start->step, now());
    if (is_armed(start->state) && hold_after_step(start->state, start->trace, start->step) < 0) {
        Py_CLEAR(result);
        Py_CLEAR(error);
    }
    if (error != NULL)
        raise_error(error);
    return result;
}

/* `recorded(trace, environ, start_response, status, headers, *args)`; `*is_done` is false, without an
 * exception, if it is left to Python. */
static PyObject *
started(State *state, PyObject *parts, PyObject *const *args, Py_ssize_t count, bool *is_done)
{
    Start start = {
        .state = state, .parts = parts, .trace = (Fields *)args[0], .environ = args[1],
        .start_response = args[2], .status = args[3], .headers = args[4],
    };
    PyObject *result = NULL;
    *is_done = begin_start(&start);
    if (!*is_done) {
        PyErr_Clear();
    } else {
        PyObject *headers = note_start(&start);
        /* Invalid headers are left for the server to report. */
        if (headers == NULL && fail_open(state, PyTuple_GET_ITEM(parts, ANSWER)) == 0)
            headers = Py_NewRef(start.headers);
        if (headers != NULL)
            result = pass_start(&start, headers, args + 5, count - 5);
        Py_XDECREF(headers);
    }
    Py_XDECREF(start.log);
    Py_XDECREF(start.known);
    return result;
}

/* `instrumentation/start_response.py`, `recorded`: what the server's own raises passes. */
static PyObject *
start_response_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && 5 <= count && count <= 5 + MOST_STARTED)
        result = started(state, self->data, args, count, &is_done);
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}

/* `collectors/http.py`, `Messages.sent(self)`: it is done if no bodies are recorded. */
static PyObject *
sent_body(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *preview = count == 1 ? get_attr(state, args[0], &state->names.preview) : NULL;
    Py_XDECREF(preview);
    return preview == Py_False ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(sent_body)
