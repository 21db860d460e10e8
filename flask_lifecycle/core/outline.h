/* What is shown of a template's context: collectors/templates/rendering.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "objects.h"
#include "shortcut.h"
#include "state.h"
#include "texts.h"
#include "writer.h"

/* `_TEXT`. */
#define LONGEST_IN_CONTEXT 1000

/* Return the value of a context's name as it is shown; NULL with an exception. */
static PyObject *
shown_value(PyObject *plain, PyObject *value_of, PyObject *redactor, PyObject *name, PyObject *value)
{
    bool is_short = !PyUnicode_CheckExact(value) || PyUnicode_GET_LENGTH(value) <= LONGEST_IN_CONTEXT;
    if (is_tuple_of(plain, PARTS_OF_PLAIN) && is_short) {
        if (plain_size(plain, value) >= 0)
            return Py_NewRef(value);
        if (PyErr_Occurred())
            return NULL;
    }
    return PyObject_CallFunctionObjArgs(value_of, redactor, name, value, NULL);
}

/* Return the values that are shown of a context by name; NULL with an exception. */
static PyObject *
shown_values(State *state, PyObject *value_of, PyObject *redactor, PyObject *valued, PyObject *context)
{
    PyObject *plain = PyObject_GetAttr(redactor, state->names.plain);
    PyObject *values = plain == NULL ? NULL : PyDict_New();
    for (Py_ssize_t at = 0; values != NULL && at < PyTuple_GET_SIZE(valued); at++) {
        PyObject *pair = PyTuple_GET_ITEM(valued, at), *value = NULL, *shown = NULL;
        if (is_tuple_of(pair, 2))
            value = get_item(context, PyTuple_GET_ITEM(pair, 1));
        if (value != NULL)
            shown = shown_value(plain, value_of, redactor, PyTuple_GET_ITEM(pair, 1), value);
        if (shown == NULL || PyDict_SetItem(values, PyTuple_GET_ITEM(pair, 0), shown) < 0)
            Py_CLEAR(values);
        Py_XDECREF(shown);
        Py_XDECREF(value);
    }
    Py_XDECREF(plain);
    return values;
}

/* Return what the outline of a context is found by: its names, and the ids of its values' types. NULL,
 * where there may be an exception, if that is left to Python. */
static PyObject *
key_of_context(PyObject *context)
{
    Py_ssize_t count = PyDict_GET_SIZE(context), place = 0, at = 0;
    PyObject *names = PyTuple_New(count), *kinds = PyTuple_New(count), *key = NULL, *name, *value;
    bool are_texts = names != NULL && kinds != NULL;
    while (are_texts && at < count && PyDict_Next(context, &place, &name, &value)) {
        PyTuple_SET_ITEM(names, at, Py_NewRef(name));
        PyObject *id = PyLong_FromVoidPtr(Py_TYPE(value));
        PyTuple_SET_ITEM(kinds, at, id);
        are_texts = id != NULL && PyUnicode_CheckExact(name);
        at++;
    }
    if (are_texts && at == count && at == PyDict_GET_SIZE(context))
        key = PyTuple_Pack(2, names, kinds);
    Py_XDECREF(kinds);
    Py_XDECREF(names);
    return key;
}

/* Return the known outline of a context; NULL, where there may be an exception, if there is none. */
static PyObject *
outline_of(Fields *writer, PyObject *outlines, PyObject *context)
{
    PyObject *owner = field(writer, &writer->owner);
    PyObject *of_owner = owner == NULL ? NULL : get_item(outlines, owner);
    PyObject *key = of_owner == NULL ? NULL : key_of_context(context);
    PyObject *outline = key == NULL ? NULL : get_item(of_owner, key);
    Py_XDECREF(key);
    Py_XDECREF(of_owner);
    Py_XDECREF(owner);
    return outline;
}

/* `take(self, context, writer)`: it is done if the outline of such
 * contexts is known. Its data is the outlines by owner, and what shows a value. */
static PyObject *
take(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 3 ? as_writer(state, args[2]) : NULL;
    if (writer == NULL || !PyDict_CheckExact(args[1]))
        return NULL;
    /* Which only a writer of the request's own thread has. */
    PyObject *redactor = PyObject_GetAttr(args[2], state->names.redactor);
    PyObject *outline = redactor == NULL ? NULL : outline_of(
        writer, PyTuple_GET_ITEM(self->data, 0), args[1]);
    PyObject *valued = outline == NULL ? NULL : PyObject_GetAttr(outline, state->names.valued);
    PyObject *names = valued == NULL ? NULL : PyLong_FromSsize_t(PyDict_GET_SIZE(args[1]));
    bool is_done = names != NULL && PyTuple_CheckExact(valued);
    if (is_done && PyTuple_GET_SIZE(valued) > 0) {
        PyObject *values = shown_values(
            state, PyTuple_GET_ITEM(self->data, 1), redactor, valued, args[1]);
        is_done = values != NULL && PyObject_SetAttr(args[0], state->names.values, values) == 0;
        Py_XDECREF(values);
    }
    is_done = is_done && PyObject_SetAttr(args[0], state->names.outline, outline) == 0
              && PyObject_SetAttr(args[0], state->names.count, names) == 0;
    Py_XDECREF(names);
    Py_XDECREF(valued);
    Py_XDECREF(outline);
    Py_XDECREF(redactor);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(take)
