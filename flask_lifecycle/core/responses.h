/* The look at what changed in a response: collectors/changes/responses.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "changes.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* What the functions of `collectors/changes/responses.py` use, as the shortcuts' data has it. */
enum {
    KNOWN_CLASSES, CLASS_OF_HEADERS, STATUS_NAME, LIST_NAME, RESPONSE_OWNERS, RESPONSE_PATH,
    RESPONSE_CHANGES, PARTS_OF_RESPONSE
};

static bool
are_parts_of_response(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_RESPONSE)
           && PyAnySet_Check(PyTuple_GET_ITEM(data, RESPONSE_OWNERS))
           && PyType_Check(PyTuple_GET_ITEM(data, RESPONSE_CHANGES));
}

/* Return the list of a response's headers if these are of Werkzeug's own class; NULL, where there may be
 * an exception, if not. */
static PyObject *
list_of_headers(State *state, PyObject *response, PyObject *kind, PyObject *name)
{
    PyObject *headers = get_attr(state, response, &state->names.headers), *list = NULL;
    if (headers != NULL && (PyObject *)Py_TYPE(headers) == kind)
        list = PyObject_GetAttr(headers, name);
    if (list != NULL && !PyList_CheckExact(list))
        Py_CLEAR(list);
    Py_XDECREF(headers);
    return list;
}

/* Take the status and the header list of a response whose class is known to have no code for them. */
static bool
has_status_and_headers(
    Shortcut *self, PyObject *response, PyObject **status, PyObject **headers)
{
    PyObject *known = PyTuple_GET_ITEM(self->data, KNOWN_CLASSES);
    PyObject *is_plain = get_by_id(known, (PyObject *)Py_TYPE(response));
    Py_XDECREF(is_plain); /* It is a bool. */
    if (is_plain != Py_True)
        return false;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    *headers = list_of_headers(state, response, PyTuple_GET_ITEM(self->data, CLASS_OF_HEADERS),
                               PyTuple_GET_ITEM(self->data, LIST_NAME));
    if (*headers == NULL)
        return false;
    *status = PyObject_GetAttr(response, PyTuple_GET_ITEM(self->data, STATUS_NAME));
    if (*status == NULL)
        Py_CLEAR(*headers);
    return *status != NULL;
}

/* `sent(last)`. */
static PyObject *
sent(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *status = NULL, *headers = NULL;
    if (count != 1 || !has_status_and_headers(self, args[0], &status, &headers))
        return NULL;
    PyObject *copy = PyList_GetSlice(headers, 0, PY_SSIZE_T_MAX);
    PyObject *result = copy == NULL ? NULL : PyTuple_Pack(2, status, copy);
    Py_XDECREF(copy);
    Py_DECREF(headers);
    Py_DECREF(status);
    return result;
}
VECTORCALL(sent)

/* Return whether one list begins with the very objects of the other. */
static bool
is_prolonged(PyObject *one, PyObject *other)
{
    Py_ssize_t count = Py_MIN(PyList_GET_SIZE(one), PyList_GET_SIZE(other));
    bool is_same = true;
    for (Py_ssize_t at = 0; is_same && at < count; at++)
        is_same = PyList_GET_ITEM(one, at) == PyList_GET_ITEM(other, at);
    return is_same;
}

static bool
is_same_status(PyObject *status, PyObject *before)
{
    return status == before
           || (PyUnicode_CheckExact(status) && PyUnicode_CheckExact(before)
               && PyUnicode_Compare(status, before) == 0);
}

/* Return both states of a response, masked, as `_changed` does if headers were only added or only
 * removed; NULL, where there may be an exception, if that is left to Python. */
static PyObject *
answers_of(State *state, PyObject *redactor, PyObject *path, PyObject *before, PyObject *after)
{
    PyObject *held = PyTuple_GET_ITEM(before, 1), *now = PyTuple_GET_ITEM(after, 1);
    Py_ssize_t was = PyList_GET_SIZE(held), is = PyList_GET_SIZE(now);
    PyObject *answers = NULL, *later = NULL;
    PyObject *shown = PyObject_CallMethodObjArgs(
        redactor, state->names.headers, is > was ? now : held, path, NULL);
    PyObject *first = shown == NULL ? NULL : PyObject_CallMethodOneArg(
        redactor, state->names.text, PyTuple_GET_ITEM(before, 0));
    if (first != NULL)
        later = PyTuple_GET_ITEM(before, 0) == PyTuple_GET_ITEM(after, 0)
                    ? Py_NewRef(first)
                    : PyObject_CallMethodOneArg(
                        redactor, state->names.text, PyTuple_GET_ITEM(after, 0));
    if (later != NULL && is_tuple_of(shown, Py_MAX(was, is)))
        answers = tuple_of(5, (PyObject *[]){Py_NewRef(first), PyLong_FromSsize_t(was), Py_NewRef(later),
                                             PyLong_FromSsize_t(is), Py_NewRef(shown)});
    Py_XDECREF(later);
    Py_XDECREF(first);
    Py_XDECREF(shown);
    return answers;
}

/* Put the changes of a response with a step; return -1 with an exception. */
static int
put_response(State *state, PyObject *kind, Fields *writer, PyObject *step, PyObject *answers)
{
    PyObject *changed = notes_of(state, writer, &state->names.changed);
    PyObject *changes = changed == NULL ? NULL : get_item(changed, step);
    int status = changed == NULL ? -1 : 0;
    if (changes == NULL && !PyErr_Occurred()) {
        changes = new_changes(state, kind);
        status = changes == NULL ? -1 : PyObject_SetItem(changed, step, changes);
    }
    if (status == 0)
        status = changes == NULL ? -1 : PyObject_SetAttr(changes, state->names.response, answers);
    Py_XDECREF(changes);
    Py_XDECREF(changed);
    return status;
}

/* Note a response that has changed, in the request's own thread; return whether it is done. */
static bool
note_changes(Shortcut *self, PyObject *const *args, PyObject *after)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = as_writer(state, args[0]);
    PyObject *before = args[2];
    if (writer == NULL || !PyLong_CheckExact(args[1]) || PyLong_AsSsize_t(args[1]) < 0
        || !is_prolonged(PyTuple_GET_ITEM(before, 1), PyTuple_GET_ITEM(after, 1))
        || is_owner_in(writer, PyTuple_GET_ITEM(self->data, RESPONSE_OWNERS)) <= 0)
        return false;
    /* Which only a writer of the request's own thread has. */
    PyObject *redactor = PyObject_GetAttr(args[0], state->names.redactor);
    PyObject *answers = redactor == NULL ? NULL : answers_of(
        state, redactor, PyTuple_GET_ITEM(self->data, RESPONSE_PATH), before, after);
    Py_ssize_t size = 100 * (PyList_GET_SIZE(PyTuple_GET_ITEM(before, 1))
                             + PyList_GET_SIZE(PyTuple_GET_ITEM(after, 1)));
    bool is_done = answers != NULL
                   && put_response(state, PyTuple_GET_ITEM(self->data, RESPONSE_CHANGES), writer,
                                   args[1], answers) == 0
                   && add_detail_bytes(state, args[0], size) == 0;
    Py_XDECREF(answers);
    Py_XDECREF(redactor);
    return is_done;
}

/* `look_at_response(writer, step, entered, last)`: it is done if the response has
 * the status and the headers that it had, or if headers were only added or only removed; and for an app
 * whose changes are not recorded. */
static PyObject *
look_at_response(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *status = NULL, *headers = NULL;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 4 ? as_writer(state, args[0]) : NULL;
    if (writer != NULL && is_owner_in(writer, PyTuple_GET_ITEM(self->data, RESPONSE_OWNERS)) == 0)
        return Py_NewRef(Py_None);
    if (count != 4 || !is_tuple_of(args[2], 2)
        || !PyList_CheckExact(PyTuple_GET_ITEM(args[2], 1))
        || !has_status_and_headers(self, args[3], &status, &headers))
        return NULL;
    PyObject *held = PyTuple_GET_ITEM(args[2], 1);
    /* A copy, as another thread may change the list. */
    PyObject *now = PyList_GetSlice(headers, 0, PY_SSIZE_T_MAX);
    PyObject *after = now == NULL ? NULL : PyTuple_Pack(2, status, now);
    bool is_done = after != NULL
                   && ((is_same_status(status, PyTuple_GET_ITEM(args[2], 0))
                        && PyList_GET_SIZE(held) == PyList_GET_SIZE(now) && is_prolonged(held, now))
                       || note_changes(self, args, after));
    Py_XDECREF(after);
    Py_XDECREF(now);
    Py_DECREF(headers);
    Py_DECREF(status);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(look_at_response)

/* `collectors/changes/probes.py`, `_look_at_returned(writer, step, entered, last, result)`: it is done
 * for the response that was passed. */
static PyObject *
look_at_returned(Shortcut *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count)
{
    return count == 5 && args[3] == args[4] ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(look_at_returned)
