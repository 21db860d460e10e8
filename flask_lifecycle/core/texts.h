/* Texts and headers that are known to need no masking: redact/redactor.py. */

#pragma once

#include <Python.h>

#include "changes.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* Return a text if it is known to need no masking, else NULL, where there may be an exception. */
static PyObject *
known_text(State *state, PyObject *redactor, PyObject *text)
{
    PyObject *plain = get_attr(state, redactor, &state->names.plain);
    bool is_plain = plain != NULL && PyTuple_CheckExact(plain)
                    && PyUnicode_GET_LENGTH(text)
                           <= PyLong_AsSsize_t(PyTuple_GET_ITEM(plain, LONGEST))
                    && is_known_text(PyTuple_GET_ITEM(plain, PLAIN), text) == 1;
    Py_XDECREF(plain);
    return is_plain ? Py_NewRef(text) : NULL;
}

/* Return the value of `Set-Cookie` as it is shown, without the cookie's own; NULL, where there may be an
 * exception, if that is left to Python. */
static PyObject *
shown_cookie(PyObject *plain, PyObject *value)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(value), equals, semicolon;
    if (!PyUnicode_IS_ASCII(value))
        return NULL;
    semicolon = PyUnicode_FindChar(value, ';', 0, length, 1);
    semicolon = semicolon < 0 ? length : semicolon;
    equals = PyUnicode_FindChar(value, '=', 0, semicolon, 1);
    PyObject *name = PyUnicode_Substring(value, 0, equals < 0 ? semicolon : equals);
    PyObject *attributes = name == NULL ? NULL : PyUnicode_Substring(
        value, Py_MIN(semicolon + 1, length), length);
    PyObject *shown = NULL;
    if (attributes != NULL && plain_size(plain, attributes) >= 0)
        shown = PyUnicode_FromFormat("%U=%U%s%U", name, PyTuple_GET_ITEM(plain, MASK),
                                     semicolon < length ? ";" : "", attributes);
    Py_XDECREF(attributes);
    Py_XDECREF(name);
    return shown;
}

/* Return the header of a new cookie as it is shown, or NULL as above. */
static PyObject *
shown_set_cookie(State *state, PyObject *redactor, PyObject *pair)
{
    if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2
        || !PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 0))
        || !PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 1))
        || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(pair, 0), "Set-Cookie") != 0)
        return NULL;
    PyObject *plain = PyObject_GetAttr(redactor, state->names.plain), *value = NULL, *shown = NULL;
    if (plain != NULL && PyTuple_CheckExact(plain) && PyTuple_GET_SIZE(plain) == PARTS_OF_PLAIN)
        value = shown_cookie(plain, PyTuple_GET_ITEM(pair, 1));
    if (value != NULL)
        shown = PyTuple_Pack(2, PyTuple_GET_ITEM(pair, 0), value);
    Py_XDECREF(value);
    Py_XDECREF(plain);
    return shown;
}

/* Return a header as it is shown, or None if it is invalid; NULL with an exception. */
static PyObject *
shown_header(State *state, PyObject *redactor, PyObject *known, PyObject *pair, PyObject *path)
{
    Py_hash_t hash = PyObject_Hash(pair);
    PyObject *key = hash == -1 ? NULL : PyLong_FromSsize_t(hash);
    PyObject *shown = key == NULL ? NULL : get_item(known, key);
    Py_XDECREF(key);
    if (shown == NULL && !PyErr_Occurred())
        shown = shown_set_cookie(state, redactor, pair);
    if (shown != NULL || PyErr_Occurred())
        return shown;
    return PyObject_CallMethodObjArgs(redactor, state->names._pair, pair, path, NULL);
}

/* Return the headers of a list as they are shown: a tuple, or NULL, where there may be an exception, if
 * some are to be left out. Most have been masked before. */
static PyObject *
shown_headers(State *state, PyObject *redactor, PyObject *list, PyObject *path)
{
    PyObject *known = get_attr(state, redactor, &state->names._headers);
    PyObject *pairs = known == NULL ? NULL : PyList_AsTuple(list);
    PyObject *all = pairs == NULL ? NULL : PyTuple_New(PyTuple_GET_SIZE(pairs));
    for (Py_ssize_t at = 0; all != NULL && at < PyTuple_GET_SIZE(pairs); at++) {
        PyObject *shown = shown_header(state, redactor, known, PyTuple_GET_ITEM(pairs, at), path);
        if (shown == NULL || shown == Py_None) {
            Py_XDECREF(shown);
            Py_CLEAR(all);
        } else {
            PyTuple_SET_ITEM(all, at, shown);
        }
    }
    Py_XDECREF(pairs);
    Py_XDECREF(known);
    return all;
}

#define MOST_PAIRS 21

/* Return the names of a query without escapes, in which every pair is shorter than a key: a tuple, or
 * NULL, where there may be an exception, if it is another text. See `redact/redactor.py`,
 * `_is_simple`. */
static PyObject *
names_of_query(PyObject *query, Py_ssize_t shortest_key)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(query), begins[MOST_PAIRS], ends[MOST_PAIRS];
    int count = 0;
    if (!PyUnicode_IS_ASCII(query))
        return NULL;
    const Py_UCS1 *text = PyUnicode_1BYTE_DATA(query);
    for (Py_ssize_t at = 0; at <= length; at++) {
        Py_ssize_t begin = at, equals = -1;
        for (; at < length && text[at] != '&'; at++) {
            if (text[at] == '=' && equals < 0)
                equals = at;
            else if (!Py_ISALNUM(text[at]) && text[at] != '_')
                return NULL;
        }
        if (equals <= begin || Py_ISDIGIT(text[begin]) || at - begin >= shortest_key
            || count == MOST_PAIRS)
            return NULL;
        begins[count] = begin;
        ends[count++] = equals;
    }
    PyObject *names = PyTuple_New(count);
    for (int at = 0; names != NULL && at < count; at++) {
        PyObject *name = PyUnicode_Substring(query, begins[at], ends[at]);
        if (name == NULL)
            Py_CLEAR(names);
        else
            PyTuple_SET_ITEM(names, at, name);
    }
    return names;
}

/* Return a copy of named values if nothing of them is masked; NULL, where there may be an exception, if
 * that is left to Python. */
static PyObject *
plain_args(State *state, PyObject *redactor, PyObject *args)
{
    PyObject *plain = get_attr(state, redactor, &state->names.plain), *copy = NULL, *name, *value;
    if (plain != NULL && PyTuple_CheckExact(plain) && PyTuple_GET_SIZE(plain) == PARTS_OF_PLAIN)
        copy = PyDict_Copy(args);
    Py_ssize_t place = 0;
    bool is_plain = copy != NULL;
    while (is_plain && PyDict_Next(copy, &place, &name, &value))
        is_plain = PyUnicode_CheckExact(name) && plain_size(plain, value) >= 0
                   && is_known_text(PyTuple_GET_ITEM(plain, USUAL), name) == 1;
    if (!is_plain)
        Py_CLEAR(copy);
    Py_XDECREF(plain);
    return copy;
}

/* Return details with one fact. Takes the reference to it; NULL, with an exception, if that is NULL. */
static PyObject *
make_facts(PyObject *type, PyObject *name, PyObject *fact)
{
    PyObject *facts = fact == NULL ? NULL : PyObject_CallNoArgs(type);
    if (facts != NULL && PyObject_SetItem(facts, name, fact) < 0)
        Py_CLEAR(facts);
    if (facts != NULL)
        PyObject_GC_UnTrack(facts); /* It is in no cycle. */
    Py_XDECREF(fact);
    return facts;
}
