/* Texts, headers and other values that are known to need no masking: redact/redactor.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"

/* What is known of texts that need no masking, as the redactor has it: hashes of names, and of texts,
 * and the length of the longest text; and what a value is masked with. */
enum { USUAL, PLAIN, LONGEST, MASK, PARTS_OF_PLAIN };

/* One word of this length is in no secret format: `_SHORT`. */
#define SHORT_WORD 11
/* Every card number is larger: `redact/values.py`, `SMALL`. */
#define SMALL 1000000000000LL

/* Return whether the hash of a text is in a set, or -1 with an exception. */
static int
is_known_text(PyObject *hashes, PyObject *text)
{
    PyObject *hash = PyLong_FromSsize_t(PyObject_Hash(text));
    int is_in = hash == NULL ? -1 : PySet_Contains(hashes, hash);
    Py_XDECREF(hash);
    return is_in;
}

static bool
is_short_word(PyObject *text)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (length == 0 || length >= SHORT_WORD || !PyUnicode_IS_ASCII(text))
        return false;
    const Py_UCS1 *letters = PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t at = 0; at < length; at++)
        if (!Py_ISALNUM(letters[at]))
            return false;
    return true;
}

/* Return the bytes that a value takes that is shown as it is, beside what each takes; -1, where there
 * may be an exception, if it may have to be masked. */
static Py_ssize_t
plain_size(PyObject *plain, PyObject *value)
{
    if (value == Py_None || PyBool_Check(value))
        return 0;
    if (PyLong_CheckExact(value)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0 && -SMALL < number && number < SMALL ? 0 : -1;
    }
    if (!PyUnicode_CheckExact(value))
        return -1;
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    Py_ssize_t longest = PyLong_AsSsize_t(PyTuple_GET_ITEM(plain, LONGEST));
    if (length > longest)
        return -1;
    bool is_plain = is_short_word(value) || is_known_text(PyTuple_GET_ITEM(plain, PLAIN), value) == 1;
    return is_plain ? 50 + length : -1;
}

/* Return what is known of texts: a new reference, or NULL, where there may be an exception, if the user
 * decides what is masked. */
static PyObject *
plain_of(State *state, PyObject *redactor)
{
    PyObject *plain = get_attr(state, redactor, &state->names.plain);
    if (plain != NULL && !is_tuple_of(plain, PARTS_OF_PLAIN))
        Py_CLEAR(plain);
    return plain;
}

/* Return a text if it is known to need no masking, else NULL, where there may be an exception. */
static PyObject *
known_text(State *state, PyObject *redactor, PyObject *text)
{
    PyObject *plain = plain_of(state, redactor);
    bool is_plain = plain != NULL
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
    PyObject *attributes = equals < 0 ? NULL : PyUnicode_Substring(
        value, Py_MIN(semicolon + 1, length), length);
    PyObject *begin = NULL, *masked = NULL, *end = NULL, *shown = NULL;
    if (attributes != NULL && plain_size(plain, attributes) >= 0)
        begin = PyUnicode_Substring(value, 0, equals + 1);
    if (begin != NULL)
        masked = PyUnicode_Concat(begin, PyTuple_GET_ITEM(plain, MASK));
    if (masked != NULL)
        end = PyUnicode_Substring(value, semicolon, length);
    if (end != NULL)
        shown = PyUnicode_Concat(masked, end);
    Py_XDECREF(end);
    Py_XDECREF(masked);
    Py_XDECREF(begin);
    Py_XDECREF(attributes);
    return shown;
}

/* Return the header of a new cookie as it is shown, or NULL in the same way. */
static PyObject *
shown_set_cookie(State *state, PyObject *redactor, PyObject *pair)
{
    if (!is_text(PyTuple_GET_ITEM(pair, 0), "Set-Cookie"))
        return NULL;
    PyObject *plain = plain_of(state, redactor), *value = NULL, *shown = NULL;
    if (plain != NULL)
        value = shown_cookie(plain, PyTuple_GET_ITEM(pair, 1));
    if (value != NULL)
        shown = PyTuple_Pack(2, PyTuple_GET_ITEM(pair, 0), value);
    Py_XDECREF(value);
    Py_XDECREF(plain);
    return shown;
}

/* Return whether a header is a pair of Python's own texts: those of a subclass may be hashed by the app. */
static bool
is_plain_header(PyObject *pair)
{
    return is_tuple_of(pair, 2) && PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 0))
           && PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 1));
}

/* Return a header as it is shown, or None if it is invalid; NULL with an exception. */
static PyObject *
shown_header(State *state, PyObject *redactor, PyObject *known, PyObject *pair, PyObject *path)
{
    if (!is_plain_header(pair))
        return Py_NewRef(Py_None);
    PyObject *shown = get_by_hash(known, pair);
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
    PyObject *plain = plain_of(state, redactor), *name, *value;
    PyObject *copy = plain == NULL ? NULL : PyDict_Copy(args);
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

/* `text(self, value, path=())`: it is done for a text that is known to need no
 * masking. */
static PyObject *
text(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count < 2 || count > 3 || !PyUnicode_CheckExact(args[1]))
        return NULL;
    return known_text(state, args[0], args[1]);
}
VECTORCALL(text)

/* Return whether a tuple has nothing but integers that are together too small to be a card number. */
static bool
are_small(PyObject *values, Py_ssize_t most)
{
    long long sum = 0;
    bool is_small = PyTuple_CheckExact(values) && PyTuple_GET_SIZE(values) <= most;
    for (Py_ssize_t at = 0; is_small && at < PyTuple_GET_SIZE(values); at++) {
        PyObject *value = PyTuple_GET_ITEM(values, at);
        int overflow = 0;
        bool is_whole = PyLong_CheckExact(value) || PyBool_Check(value);
        long long number = is_whole ? PyLong_AsLongLongAndOverflow(value, &overflow) : 0;
        is_small = is_whole && overflow == 0 && -SMALL < number && number < SMALL;
        sum += number < 0 ? -number : number;
        is_small = is_small && sum < SMALL;
    }
    return is_small;
}

/* `is_plain(self, statement, values)`: for a known statement. */
static PyObject *
is_plain(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 3 || !PyUnicode_CheckExact(args[1]))
        return NULL;
    PyObject *statements = get_attr(state, args[0], &state->names._statements);
    PyObject *known = statements == NULL ? NULL : get_by_hash(statements, args[1]), *few = NULL;
    bool has_none = args[2] == Py_None || is_tuple_of(args[2], 0);
    if (known == Py_True && !has_none) {
        few = get_attr(state, args[0], &state->names._few);
        if (few == NULL || !are_small(args[2], PyLong_AsSsize_t(few)))
            Py_CLEAR(known);
    }
    Py_XDECREF(few);
    Py_XDECREF(statements);
    if (known != NULL && !PyBool_Check(known))
        Py_CLEAR(known);
    return known;
}
VECTORCALL(is_plain)

/* `query(self, value, path=())`: it is done for names that are known not to be secret. Its data
 * is the length of the shortest key. */
static PyObject *
query(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count < 2 || count > 3 || !PyUnicode_CheckExact(args[1])
        || attribute_is(state, args[0], &state->names.plain, Py_None))
        return NULL;
    PyObject *names = names_of_query(args[1], PyLong_AsSsize_t(self->data));
    PyObject *open = names == NULL ? NULL : get_attr(state, args[0], &state->names._open_queries);
    bool is_open = open != NULL && is_known_text(open, names) == 1;
    Py_XDECREF(open);
    Py_XDECREF(names);
    return is_open ? Py_NewRef(args[1]) : NULL;
}
VECTORCALL(query)

/* `headers(self, pairs, path)`. */
static PyObject *
headers(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_list = count == 3 && PyList_CheckExact(args[1]);
    return is_list ? shown_headers(state, args[0], args[1], args[2]) : NULL;
}
VECTORCALL(headers)
