/* The look at what changed in `g` and the session: collectors/changes/mappings.py. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include <stdbool.h>
#include <string.h>

#include "contents.h"
#include "errors.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "texts.h"
#include "writer.h"

/* What the look in Python uses, as the shortcut's data has it. */
enum { APP_CONTEXT, REQUEST_CONTEXT, SESSION, OWNERS, NESTED, DIFFERENCE, PUT_NOTE, CHANGES, PARTS };

static bool
are_parts(PyObject *data)
{
    return is_tuple_of(data, PARTS)
           && PyContextVar_CheckExact(PyTuple_GET_ITEM(data, APP_CONTEXT))
           && PyContextVar_CheckExact(PyTuple_GET_ITEM(data, REQUEST_CONTEXT))
           && PyUnicode_CheckExact(PyTuple_GET_ITEM(data, SESSION))
           && PyAnySet_Check(PyTuple_GET_ITEM(data, OWNERS))
           && PyType_Check(PyTuple_GET_ITEM(data, CHANGES));
}

static bool
is_scalar(PyObject *value)
{
    return PyUnicode_CheckExact(value) || PyLong_CheckExact(value) || PyFloat_CheckExact(value)
           || PyBool_Check(value) || PyBytes_CheckExact(value) || value == Py_None;
}

/* Return whether a value is another one, or -1 with an exception, or 2 if that is left to Python. */
static int
is_another(PyObject *before, PyObject *now)
{
    if (before == now)
        return 0;
    if (Py_TYPE(before) != Py_TYPE(now))
        return 1;
    if (is_container(now))
        return 2;
    if (!is_scalar(now))
        return 1;
    int is_equal = PyObject_RichCompareBool(before, now, Py_EQ);
    return is_equal < 0 ? -1 : !is_equal;
}

static int
put(PyObject **dict, PyObject *name, PyObject *value)
{
    if (!PyUnicode_CheckExact(name))
        return 0;
    if (*dict == NULL && (*dict = PyDict_New()) == NULL)
        return -1;
    return PyDict_SetItem(*dict, name, value);
}

/* Find what was added and changed, as dicts, or NULL if nothing was. Return 1; 0 if that is left to
 * Python, or -1 with an exception. */
static int
find_difference(Contents *before, Contents *now, PyObject **added, PyObject **changed)
{
    Py_ssize_t count = PyTuple_GET_SIZE(before->keys), all = PyTuple_GET_SIZE(now->keys);
    if (before->containers != NULL || all < count
        || memcmp(ITEMS(before->keys), ITEMS(now->keys), count * sizeof(PyObject *)) != 0)
        return 0;
    for (Py_ssize_t at = 0; at < all; at++) {
        PyObject *name = PyTuple_GET_ITEM(now->keys, at), *value = PyTuple_GET_ITEM(now->values, at);
        int is_new = at < count ? is_another(PyTuple_GET_ITEM(before->values, at), value) : 1;
        if (is_new < 0 || is_new == 2)
            return is_new < 0 ? -1 : 0;
        if (is_new && put(at < count ? changed : added, name, value) < 0)
            return -1;
    }
    return 1;
}

/* Return the difference as Python has it, or None if there is none; NULL with an exception. */
static PyObject *
difference_of(PyObject *parts, Contents *before, Contents *now)
{
    PyObject *added = NULL, *changed = NULL, *difference = NULL;
    int found = find_difference(before, now, &added, &changed);
    if (found == 0)
        difference = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, DIFFERENCE), before, now, NULL);
    else if (found > 0 && added == NULL && changed == NULL)
        difference = Py_NewRef(Py_None);
    else if (found > 0)
        difference = tuple_of(3, (PyObject *[]){Py_NewRef(added == NULL ? Py_None : added),
                                                Py_NewRef(changed == NULL ? Py_None : changed),
                                                PyTuple_New(0)});
    Py_XDECREF(added);
    Py_XDECREF(changed);
    return difference;
}

/* Of one change no more are shown: `trace/header_changes.py`. */
#define NAMES_KEPT 50

/* Return names and values in turn if nothing of them is masked, and add to their size; NULL, where
 * there may be an exception, if that is left to Python. */
static PyObject *
plain_pairs(PyObject *plain, PyObject *names, Py_ssize_t *size)
{
    if (names == Py_None)
        return PyTuple_New(0);
    PyObject *pairs = PyTuple_New(2 * PyDict_GET_SIZE(names)), *name, *value;
    Py_ssize_t place = 0, at = 0;
    while (pairs != NULL && PyDict_Next(names, &place, &name, &value)) {
        Py_ssize_t more = is_known_text(PyTuple_GET_ITEM(plain, USUAL), name) == 1
                              ? plain_size(plain, value) : -1;
        *size += more;
        PyTuple_SET_ITEM(pairs, at++, Py_NewRef(name));
        PyTuple_SET_ITEM(pairs, at++, Py_NewRef(value));
        if (more < 0)
            Py_CLEAR(pairs);
    }
    return pairs;
}

/* Return what is noted of a difference if nothing of it is masked, as `Changed.found`; in the same
 * way. */
static PyObject *
plain_found(PyObject *plain, PyObject *where, PyObject *difference, Py_ssize_t *size)
{
    PyObject *added = PyTuple_GET_ITEM(difference, 0), *changed = PyTuple_GET_ITEM(difference, 1);
    PyObject *new = plain_pairs(plain, added, size), *found = NULL;
    PyObject *other = new == NULL ? NULL : plain_pairs(plain, changed, size);
    if (other != NULL && *size <= PyLong_AsSsize_t(PyTuple_GET_ITEM(plain, LONGEST)))
        found = tuple_of(4, (PyObject *[]){
            Py_NewRef(where), Py_NewRef(new), Py_NewRef(other), PyTuple_New(0)});
    Py_XDECREF(new);
    Py_XDECREF(other);
    return found;
}

/* Return an empty record of changes. */
static PyObject *
new_changes(State *state, PyObject *kind)
{
    PyObject *nothing = PyTuple_New(0), *size = PyLong_FromLong(0);
    PyObject *changes = nothing == NULL || size == NULL
                            ? NULL : ((PyTypeObject *)kind)->tp_new((PyTypeObject *)kind, nothing, NULL);
    /* As in its `__init__`, whose call would take longer than all of this. */
    if (changes != NULL && (PyObject_SetAttr(changes, state->names.found, nothing) < 0
                            || PyObject_SetAttr(changes, state->names.response, Py_None) < 0
                            || PyObject_SetAttr(changes, state->names.size, size) < 0))
        Py_CLEAR(changes);
    Py_XDECREF(size);
    Py_XDECREF(nothing);
    return changes;
}

/* Put what was found with a step, which has no changes yet; return -1 with an exception. */
static int
put_changes(State *state, PyObject *parts, Fields *writer, PyObject *step, PyObject *found,
            Py_ssize_t size)
{
    PyObject *changes = new_changes(state, PyTuple_GET_ITEM(parts, CHANGES));
    PyObject *number = changes == NULL ? NULL : PyLong_FromSsize_t(size);
    PyObject *changed = number == NULL ? NULL : notes_of(state, writer, &state->names.changed);
    int status = changed == NULL || set_attr(state, changes, &state->names.found, found) < 0
                         || set_attr(state, changes, &state->names.size, number) < 0
                         || PyObject_SetItem(changed, step, changes) < 0
                     ? -1
                     : add_detail_bytes(state, (PyObject *)writer, size);
    Py_XDECREF(changed);
    Py_XDECREF(number);
    Py_XDECREF(changes);
    return status;
}

/* Return whether a difference was found here, not in Python: the names are in new dicts or None. */
static bool
is_plain_difference(PyObject *difference)
{
    if (!is_tuple_of(difference, 3))
        return false;
    PyObject *removed = PyTuple_GET_ITEM(difference, 2);
    for (int at = 0; at < 2; at++) {
        PyObject *names = PyTuple_GET_ITEM(difference, at);
        if (names != Py_None
            && !(PyDict_CheckExact(names) && PyDict_GET_SIZE(names) <= NAMES_KEPT))
            return false;
    }
    return is_tuple_of(removed, 0);
}

/* Return the step that a change belongs to: the given one, or of the innermost function that runs; as
 * `_note` finds it. NULL with an exception. */
static PyObject *
place_of(State *state, PyObject *writer, PyObject *step)
{
    if (step != Py_None)
        return Py_NewRef(step);
    PyObject *function = PyObject_CallMethodNoArgs(writer, state->names.function);
    if (function == NULL || !PyLong_CheckExact(function) || PyLong_AsLong(function) != -1)
        return function;
    Py_DECREF(function);
    return PyLong_FromLong(0);
}

/* Note a difference in the request's own thread, if nothing of it is masked; `_note` in Python does
 * the rest. Return 1, 0 if that is left to Python, or -1 with an exception. */
static int
note_plainly(State *state, PyObject *parts, Fields *writer, PyObject *step, PyObject *where,
             PyObject *difference)
{
    if (!PyLong_CheckExact(step) || PyLong_AsSsize_t(step) < 0)
        return 0;
    PyObject *redactor = get_attr(state, (PyObject *)writer, &state->names.redactor);
    PyObject *plain = redactor == NULL ? NULL : plain_of(state, redactor);
    PyObject *changed = plain == NULL ? NULL : notes_of(state, writer, &state->names.changed);
    PyObject *found = NULL;
    Py_ssize_t size = 0;
    int status = 0;
    if (changed != NULL && PyDict_CheckExact(changed) && PyDict_Contains(changed, step) == 0)
        found = plain_found(plain, where, difference, &size);
    if (found != NULL)
        status = put_changes(state, parts, writer, step, found, size) < 0 ? -1 : 1;
    else
        PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(changed);
    Py_XDECREF(plain);
    Py_XDECREF(redactor);
    return status;
}

/* Compare one of the contents, and note what changed; return -1 with an exception. */
static int
compare(State *state, PyObject *parts, Contents **held, PyObject *mapping, PyObject *where,
        PyObject *writer, PyObject *step)
{
    Contents *now = contents_of(state, PyTuple_GET_ITEM(parts, NESTED), mapping);
    if (now == NULL)
        return -1;
    Contents *before = *held;
    *held = (Contents *)Py_NewRef(now);
    PyObject *difference = difference_of(parts, before, now);
    int status = difference == NULL ? -1 : difference == Py_None;
    if (status == 0 && is_plain_difference(difference)) {
        PyObject *place = place_of(state, writer, step);
        status = place == NULL ? -1 : note_plainly(state, parts, (Fields *)writer, place, where,
                                                   difference);
        Py_XDECREF(place);
    }
    if (status == 0) {
        PyObject *noted = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, PUT_NOTE), writer, step, where, difference, NULL);
        status = noted == NULL ? -1 : 0;
        Py_XDECREF(noted);
    }
    Py_XDECREF(difference);
    Py_DECREF(before);
    Py_DECREF(now);
    return status < 0 ? -1 : 0;
}

/* Return the session of the current request: a dict, or NULL, where there may be an exception. */
static PyObject *
current_session(State *state, PyObject *parts)
{
    PyObject *context = NULL, *session = NULL;
    if (PyContextVar_Get(PyTuple_GET_ITEM(parts, REQUEST_CONTEXT), Py_None, &context) < 0)
        return NULL;
    if (context != Py_None)
        session = own_attr(state, context, PyTuple_GET_ITEM(parts, SESSION));
    Py_DECREF(context);
    if (session != NULL && !PyDict_Check(session))
        Py_CLEAR(session);
    return session;
}

/* Return what is known of a context, which may have just begun; NULL, where there may be an
 * exception, if that is of the look in Python, or if it is another app's, which is not seen to be
 * popped: then `*is_foreign`. */
static Looked *
known_of(State *state, PyObject *parts, Fields *writer, PyObject *context, bool *is_foreign)
{
    PyObject *seen = field(writer, &writer->seen);
    PyObject *known = seen == NULL ? NULL : get_item(seen, context);
    Looked *looked = NULL;
    if (known != NULL) {
        if (Py_IS_TYPE(known, state->Looked))
            looked = (Looked *)Py_NewRef(known);
    } else if (seen != NULL && PyDict_CheckExact(seen) && !PyErr_Occurred()) {
        PyObject *app = get_attr(state, context, &state->names.app);
        *is_foreign = app != NULL && !is_app_of(state, writer, app);
        Py_XDECREF(app);
        PyObject *names = PyErr_Occurred() || *is_foreign
                              ? NULL
                              : namespace_of(state, context, state->names.g);
        if (names != NULL) {
            looked = (Looked *)state->Looked->tp_alloc(state->Looked, 0);
            if (looked != NULL)
                looked->g = contents_of(state, PyTuple_GET_ITEM(parts, NESTED), names);
            if (looked != NULL
                && (looked->g == NULL || PyDict_SetItem(seen, context, (PyObject *)looked) < 0))
                Py_CLEAR(looked);
            Py_DECREF(names);
        }
    }
    Py_XDECREF(known);
    Py_XDECREF(seen);
    return looked;
}

/* Return -1 with an exception. */
static int
compare_all(State *state, PyObject *parts, Looked *looked, PyObject *context, PyObject *writer,
            PyObject *step)
{
    if (!is_unchanged(looked->g)) {
        PyObject *names = namespace_of(state, context, state->names.g);
        int status = names == NULL ? -1
                                   : compare(state, parts, &looked->g, names, state->names.g,
                                             writer, step);
        Py_XDECREF(names);
        if (status < 0)
            return -1;
    }
    if (looked->session == NULL) {
        PyObject *session = current_session(state, parts);
        if (session != NULL) {
            Contents *contents = contents_of(state, PyTuple_GET_ITEM(parts, NESTED), session);
            Py_DECREF(session);
            Py_XSETREF(looked->session, contents);
        }
        return PyErr_Occurred() ? -1 : 0;
    }
    if (is_unchanged(looked->session))
        return 0;
    PyObject *session = Py_NewRef(looked->session->mapping);
    int status = compare(
        state, parts, &looked->session, session, state->names.session, writer, step);
    Py_DECREF(session);
    return status;
}

/* `look(writer, step=None)`. */
static PyObject *
look(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = 1 <= count && count <= 2 ? as_writer(state, args[0]) : NULL;
    if (writer == NULL)
        return NULL;
    int is_watched = is_owner_in(writer, PyTuple_GET_ITEM(self->data, OWNERS));
    if (is_watched <= 0)
        return is_watched < 0 ? NULL : Py_NewRef(Py_None);
    PyObject *context = NULL;
    if (PyContextVar_Get(PyTuple_GET_ITEM(self->data, APP_CONTEXT), Py_None, &context) < 0)
        return NULL;
    PyObject *step = count == 2 ? args[1] : Py_None;
    bool is_done = context == Py_None;
    Looked *looked = is_done ? NULL : known_of(state, self->data, writer, context, &is_done);
    if (looked != NULL) {
        is_done = compare_all(state, self->data, looked, context, args[0], step) == 0
                  || fail_open(state, (PyObject *)self) == 0;
        Py_DECREF(looked);
    }
    Py_DECREF(context);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(look)

/* `opened(writer, step, result)`: it is done for an empty session, and for an app whose
 * changes are not recorded. Its data is the apps whose changes are. */
static PyObject *
opened(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 3 ? as_writer(state, args[0]) : NULL;
    if (writer == NULL)
        return NULL;
    bool is_empty = PyDict_Check(args[2]) && PyDict_GET_SIZE(args[2]) == 0;
    return is_empty || is_owner_in(writer, self->data) == 0 ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(opened)
