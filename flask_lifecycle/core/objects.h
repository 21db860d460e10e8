/* What is asked of objects in many places. */

#pragma once

#include <Python.h>

#include <stdbool.h>

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

/* Return the value for the identity of an object, which is a key as `id` returns it, in the same way. */
static PyObject *
get_by_id(PyObject *dict, PyObject *object)
{
    PyObject *key = PyLong_FromVoidPtr(object);
    PyObject *value = get_item(dict, key);
    Py_XDECREF(key);
    return value;
}

/* Return the value for the hash of an object, in the same way. */
static PyObject *
get_by_hash(PyObject *dict, PyObject *object)
{
    Py_hash_t hash = PyObject_Hash(object);
    PyObject *key = hash == -1 ? NULL : PyLong_FromSsize_t(hash);
    PyObject *value = get_item(dict, key);
    Py_XDECREF(key);
    return value;
}

/* Return whether the identity of an object's class is in a set, or -1 with an exception. */
static int
is_class_in(PyObject *ids, PyObject *object)
{
    PyObject *id = PyLong_FromVoidPtr(Py_TYPE(object));
    int is_in = id == NULL ? -1 : PySet_Contains(ids, id);
    Py_XDECREF(id);
    return is_in;
}

static bool
is_tuple_of(PyObject *object, Py_ssize_t count)
{
    return PyTuple_CheckExact(object) && PyTuple_GET_SIZE(object) == count;
}

/* Return whether an attribute is a certain object, which something else keeps; there may be an
 * exception if not. */
static bool
attribute_is(State *state, PyObject *object, PyObject **name, PyObject *expected)
{
    PyObject *value = get_attr(state, object, name);
    Py_XDECREF(value);
    return value == expected;
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

/* Call a function of a namespace, which has no arguments. */
static PyObject *
call_in(PyObject *namespace, PyObject *name)
{
    PyObject *func = get_item(namespace, name);
    PyObject *result = func == NULL ? NULL : PyObject_CallNoArgs(func);
    Py_XDECREF(func);
    return result;
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

/* Return a truth value, or -1 with an exception. Takes the reference. */
static int
is_true(PyObject *value)
{
    if (value == NULL)
        return -1;
    int truth = PyObject_IsTrue(value);
    Py_DECREF(value);
    return truth;
}

/* Return a tuple of some objects, whose references it takes; NULL, with an exception, if one is NULL. Unlike
 * `Py_BuildValue`, it reads no format: in most requests, that code would be used by nothing else, and be
 * far from the processor each time. */
static PyObject *
tuple_of(Py_ssize_t count, PyObject *const *items)
{
    PyObject *made = PyTuple_New(count);
    for (Py_ssize_t at = 0; at < count; at++) {
        if (items[at] == NULL)
            Py_CLEAR(made);
        if (made == NULL)
            Py_XDECREF(items[at]);
        else
            PyTuple_SET_ITEM(made, at, items[at]);
    }
    return made;
}

/* Return a list of one object, in the same way. */
static PyObject *
list_of(PyObject *item)
{
    PyObject *made = item == NULL ? NULL : PyList_New(1);
    if (made == NULL)
        Py_XDECREF(item);
    else
        PyList_SET_ITEM(made, 0, item);
    return made;
}

static bool
is_text(PyObject *object, const char *text)
{
    return object != NULL && PyUnicode_CheckExact(object)
           && PyUnicode_CompareWithASCIIString(object, text) == 0;
}

/* Return the `__dict__` of an attribute of an object, or of the object itself: a dict, or NULL. */
static PyObject *
namespace_of(State *state, PyObject *object, PyObject *name)
{
    PyObject *owner = name == NULL ? Py_NewRef(object) : PyObject_GetAttr(object, name);
    PyObject *dict = owner == NULL ? NULL : get_attr(state, owner, &state->names.__dict__);
    Py_XDECREF(owner);
    if (dict != NULL && !PyDict_Check(dict)) {
        Py_CLEAR(dict);
        PyErr_SetString(PyExc_TypeError, "a namespace is a dict");
    }
    return dict;
}

/* Return what the `__dict__` of an object has by a name: a new reference, or NULL, where there may be an
 * exception. The dict itself is only read where code of a class might run otherwise: where there is none
 * yet, it would be made, and slow down every access to the object from then on. */
static PyObject *
own_attr(State *state, PyObject *object, PyObject *name)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject *value = NULL;
    if (type->tp_getattro == PyObject_GenericGetAttr && _PyType_Lookup(type, name) == NULL) {
        (void)PyObject_GetOptionalAttr(object, name, &value);
        return value;
    }
    PyObject *names = namespace_of(state, object, NULL);
    value = names == NULL ? NULL : get_item(names, name);
    Py_XDECREF(names);
    return value;
}
