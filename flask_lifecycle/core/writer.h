/* Writers, as far as steps need them, and whether they may be held. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "fields.h"
#include "log.h"
#include "slots.h"
#include "state.h"

/* Return a value of a dict: a new reference, or NULL, where there may be an exception. */
static PyObject *
get_item(PyObject *dict, PyObject *key)
{
    if (key == NULL || !PyDict_Check(dict))
        return NULL;
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *value;
    (void)PyDict_GetItemRef(dict, key, &value);
    return value;
#else
    return Py_XNewRef(PyDict_GetItemWithError(dict, key));
#endif
}

/* Return the value for the identity of an object, which is a key as `id` returns it. */
static PyObject *
get_by_id(PyObject *dict, PyObject *object)
{
    PyObject *key = PyLong_FromVoidPtr(object);
    PyObject *value = get_item(dict, key);
    Py_XDECREF(key);
    return value;
}

/* Return whether an attribute is None. */
static bool
is_none_in(State *state, PyObject *object, PyObject **name)
{
    PyObject *value = get_attr(state, object, name);
    Py_XDECREF(value);
    return value == Py_None;
}

/* Call a function of a namespace, which has no arguments. */
static PyObject *
call_in(PyObject *namespace, PyObject *name)
{
    PyObject *func = get_item(namespace, name);
    PyObject *result = func == NULL ? NULL : PyObject_CallNoArgs(func);
    Py_XDECREF(func);
    return result;
}

/* Return an attribute if it is a number that fits, else -1, where there may be an exception. */
static Py_ssize_t
size_of(State *state, PyObject *object, PyObject **name)
{
    PyObject *value = get_attr(state, object, name);
    Py_ssize_t size = value != NULL && PyLong_CheckExact(value) ? PyLong_AsSsize_t(value) : -1;
    Py_XDECREF(value);
    return size;
}

/* Return what a weak reference refers to, or NULL; it is only good for a comparison. */
static PyObject *
referent(PyObject *reference)
{
    PyObject *object = NULL;
    if (!PyWeakref_CheckRef(reference))
        return NULL;
#if PY_VERSION_HEX >= 0x030D0000
    (void)PyWeakref_GetRef(reference, &object);
    Py_XDECREF(object);
#else
    object = PyWeakref_GetObject(reference);
#endif
    return object;
}

/* Return whether an attribute is a certain object, which something else keeps; there may be an
 * exception if not. */
static bool
attribute_is(PyObject *object, PyObject *name, PyObject *expected)
{
    PyObject *value = PyObject_GetAttr(object, name);
    Py_XDECREF(value);
    return value != NULL && value == expected;
}

/* Return whether a writer's app is the given one. */
static bool
is_app_of(State *state, Fields *writer, PyObject *app)
{
    PyObject *owner = field(writer, &writer->owner);
    PyObject *reference = owner == NULL || owner == Py_None
                              ? NULL : get_attr(state, owner, &state->names.app);
    bool is_app = reference != NULL && referent(reference) == app;
    Py_XDECREF(reference);
    Py_XDECREF(owner);
    return is_app;
}

/* Return one of the dicts in `writer.notes`, in the same way. */
static PyObject *
notes_of(State *state, Fields *writer, PyObject **name)
{
    PyObject *notes = field(writer, &writer->notes);
    PyObject *dict = notes == NULL ? NULL : get_attr(state, notes, name);
    Py_XDECREF(notes);
    return dict;
}

/* Do `writer.notes.<name>[offset] = value`. */
static int
put_note(State *state, Fields *writer, PyObject **name, Py_ssize_t offset, PyObject *value)
{
    PyObject *notes = notes_of(state, writer, name);
    PyObject *step = notes == NULL ? NULL : PyLong_FromSsize_t(offset);
    int status = step == NULL ? -1 : PyObject_SetItem(notes, step, value);
    Py_XDECREF(notes);
    Py_XDECREF(step);
    return status;
}

/* Return the log of the writer, whose type is checked: a new reference, or NULL with an exception. */
static Log *
log_of(State *state, Fields *writer)
{
    PyObject *log = field(writer, &writer->log);
    if (log == NULL || Py_IS_TYPE(log, state->Log))
        return (Log *)log;
    PyErr_Format(PyExc_TypeError, "%.100s is not a log", Py_TYPE(log)->tp_name);
    Py_DECREF(log);
    return NULL;
}

/* Return whether this thread is the writer's, or -1 with an exception. Where threads are greenlets,
 * `get_ident` is the library's that replaces `threading.get_ident`. */
static int
is_own_thread(State *state, Fields *writer)
{
    PyObject *get_ident = state->get_ident;
    if (get_ident == NULL)
        return writer->ident == PyThread_get_thread_ident();
    PyObject *ident = PyObject_CallNoArgs(get_ident);
    if (ident == NULL)
        return -1;
    unsigned long long number = PyLong_AsUnsignedLongLongMask(ident);
    Py_DECREF(ident);
    return PyErr_Occurred() ? -1 : writer->ident == number;
}

/* Make this thread the writer's; return -1 with an exception. */
static int
take_thread(State *state, Fields *writer)
{
    unsigned long long ident = PyThread_get_thread_ident();
    if (state->get_ident != NULL) {
        PyObject *number = PyObject_CallNoArgs(state->get_ident);
        ident = number == NULL ? 0 : PyLong_AsUnsignedLongLongMask(number);
        Py_XDECREF(number);
        if (PyErr_Occurred())
            return -1;
    }
    writer->ident = ident;
    return 0;
}

/* Return a name of recorder/holding.py: a new reference, or NULL without an exception. */
static PyObject *
from_holding(State *state, PyObject *name)
{
    PyObject *value = NULL;
    if (state->holding == NULL)
        return NULL;
#if PY_VERSION_HEX >= 0x030D0000
    if (PyDict_GetItemRef(state->holding, name, &value) < 0)
        PyErr_Clear();
#else
    value = Py_XNewRef(PyDict_GetItemWithError(state->holding, name));
    if (value == NULL)
        PyErr_Clear();
#endif
    return value;
}

/* Return whether any request may be held. */
static bool
is_armed(State *state)
{
    PyObject *armed = from_holding(state, state->names.armed);
    Py_XDECREF(armed); /* It is a bool. */
    return armed == Py_True;
}

/* Hold a request after a step; return -1 with an exception. */
static int
hold_after_step(State *state, Fields *writer, Py_ssize_t step)
{
    PyObject *callable = from_holding(state, state->names.after);
    PyObject *result = callable == NULL
                           ? Py_NewRef(Py_None) : PyObject_CallFunction(callable, "On", writer, step);
    Py_XDECREF(callable);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}
