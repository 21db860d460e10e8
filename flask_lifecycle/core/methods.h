/* Methods of an app that are called in each request: instrumentation/methods.py, functions.py and
 * sessions.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "contexts.h"
#include "errors.h"
#include "facts.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* `instrumentation/functions.py`, `ensure_sync(app, func)`: it is done if the recorder of the
 * function is known, for the method of Flask's that asks. Its data is a dict of those methods, by
 * the identity of their code. */
static PyObject *
ensure_sync(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    PyFrameObject *frame = PyEval_GetFrame();
    if (count != 2 || frame == NULL)
        return NULL;
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *caller = get_by_id(self->data, (PyObject *)code);
    PyObject *bound = NULL;
    if (caller != NULL && PyTuple_Check(caller) && PyTuple_GET_SIZE(caller) == 3) {
        PyObject *recorder = get_by_id(PyTuple_GET_ITEM(caller, 2), args[1]);
        if (recorder != NULL)
            bound = PyMethod_New(recorder, args[1]);
        Py_XDECREF(recorder);
    }
    Py_XDECREF(caller);
    Py_DECREF(code);
    return bound;
}
VECTORCALL(ensure_sync)

/* `instrumentation/sessions.py`, `_is_another_apps(writer, first)`. */
static PyObject *
is_another_apps(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 2 ? as_writer(state, args[0]) : NULL;
    if (writer == NULL)
        return NULL;
    bool is_own = is_app_of(state, writer, args[1]);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(!is_own);
}
VECTORCALL(is_another_apps)

/* `instrumentation/methods.py`, `_made_from(first)`: it is done for a value of a usual type. Its data is
 * the type of details, and the descriptions of values by their types. */
static PyObject *
made_from(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *from = count == 1 ? get_item(PyTuple_GET_ITEM(self->data, 1), (PyObject *)Py_TYPE(args[0]))
                                : NULL;
    return make_facts(PyTuple_GET_ITEM(self->data, 0), state->names.from, from);
}
VECTORCALL(made_from)

/* The same, `_note_response(writer, step, result)`. */
static PyObject *
note_response(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 3 ? as_writer(state, args[0]) : NULL;
    PyObject *details = writer == NULL ? NULL : notes_of(state, writer, &state->names.details);
    PyObject *made = details == NULL ? NULL : get_item(details, args[1]);
    PyObject *name = made == NULL
                         ? NULL : get_attr(state, (PyObject *)Py_TYPE(args[2]), &state->names.__name__);
    bool is_done = name != NULL && PyObject_SetItem(made, state->names.to, name) == 0;
    Py_XDECREF(name);
    Py_XDECREF(made);
    Py_XDECREF(details);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(note_response)

/* `instrumentation/methods.py`, `request_context(self, environ)`: it is done unless the path may be of
 * the panel. Its data is the mark of such a path, and the function that records. */
static PyObject *
request_context_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_apps = false;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 2 && PyDict_CheckExact(args[1])) {
        PyObject *path = get_item(args[1], state->names.PATH_INFO);
        is_apps = path != NULL && PyUnicode_CheckExact(path)
                  && PyUnicode_Contains(path, PyTuple_GET_ITEM(self->data, 0)) == 0;
        Py_XDECREF(path);
    }
    if (is_apps)
        return PyObject_Vectorcall(PyTuple_GET_ITEM(self->data, 1), args, nargsf, NULL);
    return leave_to_python(object, args, nargsf, kwnames);
}

/* What `process_response` uses, as the shortcut's data has it: the app's class, the identity of the app,
 * what is called with its responses, the variable of the request's context, and the name of the request
 * there. */
enum { BASE, APP, ON_RESPONSE, CONTEXT_VARIABLE, REQUEST_NAME, PARTS_OF_PROCESSING };

static bool
are_parts_of_processing(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_PROCESSING)
           && PyContextVar_CheckExact(PyTuple_GET_ITEM(data, CONTEXT_VARIABLE));
}

/* Return what is sent in place of a response: a new reference, or NULL with an exception. */
static PyObject *
on_response_of(State *state, PyObject *parts, PyObject *response)
{
    PyObject *context = NULL, *request = NULL, *environ = NULL, *trace = NULL, *result = NULL;
    if (PyContextVar_Get(PyTuple_GET_ITEM(parts, CONTEXT_VARIABLE), Py_None, &context) == 0)
        request = PyObject_GetAttr(context, PyTuple_GET_ITEM(parts, REQUEST_NAME));
    if (request != NULL)
        environ = PyObject_GetAttr(request, state->names.environ);
    if (environ != NULL)
        trace = current_trace(state);
    if (trace != NULL)
        result = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, ON_RESPONSE), response, trace, environ, NULL);
    Py_XDECREF(trace);
    Py_XDECREF(environ);
    Py_XDECREF(request);
    Py_XDECREF(context);
    return result;
}

/* `process_response(self, response)`: what the app raises passes. */
static PyObject *
process_response_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *parts = self->data, *response = NULL;
    PyObject *method = PyObject_GetAttr(PyTuple_GET_ITEM(parts, BASE), state->names.process_response);
    if (method != NULL)
        response = PyObject_Vectorcall(method, args, nargsf, kwnames);
    Py_XDECREF(method);
    if (response == NULL)
        return NULL;
    int is_recorded = is_in_request_of(state, PyTuple_GET_ITEM(parts, APP));
    if (is_recorded <= 0) {
        PyErr_Clear();
        return response;
    }
    PyObject *sent = on_response_of(state, parts, response);
    if (sent == NULL && fail_open(state, PyTuple_GET_ITEM(parts, ON_RESPONSE)) == 0)
        return response;
    Py_DECREF(response);
    return sent;
}
