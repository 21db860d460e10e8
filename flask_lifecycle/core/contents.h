/* Dicts as they were at the last look at them: `_Contents` of collectors/changes/mappings.py. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include <stdbool.h>

#include "objects.h"
#include "state.h"

/* A dict, with its contents at the last comparison; `containers` is NULL if there are no lists and
 * dicts in it. */
typedef struct {
    PyObject_HEAD
    PyObject *mapping;
    PyObject *keys;
    PyObject *values;
    PyObject *containers;
} Contents;

static PyObject *
get_containers(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *containers = ((Contents *)self)->containers;
    return containers == NULL ? PyTuple_New(0) : Py_NewRef(containers);
}

static PyMemberDef contents_members[] = {
    {"keys", T_OBJECT_EX, offsetof(Contents, keys), READONLY, NULL},
    {"values", T_OBJECT_EX, offsetof(Contents, values), READONLY, NULL},
    {NULL},
};

static PyGetSetDef contents_getset[] = {
    {"containers", get_containers, NULL, NULL, NULL},
    {NULL},
};

static int
contents_traverse(PyObject *object, visitproc visit, void *arg)
{
    Contents *self = (Contents *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->mapping);
    Py_VISIT(self->keys);
    Py_VISIT(self->values);
    Py_VISIT(self->containers);
    return 0;
}

/* Not the mapping, which a comparison needs: what is in it clears itself. */
static int
contents_clear(PyObject *object)
{
    Contents *self = (Contents *)object;
    Py_CLEAR(self->keys);
    Py_CLEAR(self->values);
    Py_CLEAR(self->containers);
    return 0;
}

static void
contents_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    (void)contents_clear(object);
    Py_XDECREF(((Contents *)object)->mapping);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyType_Slot contents_slots[] = {
    {Py_tp_doc, "A dict, with its contents at the last comparison."},
    {Py_tp_dealloc, contents_dealloc},
    {Py_tp_traverse, contents_traverse},
    {Py_tp_clear, contents_clear},
    {Py_tp_members, contents_members},
    {Py_tp_getset, contents_getset},
    {0, NULL},
};

static PyType_Spec contents_spec = {
    .name = "flask_lifecycle.core._core.Contents",
    .basicsize = sizeof(Contents),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = contents_slots,
};

/* The last known contents of one app context, and of the session of its request if it has one. */
typedef struct {
    PyObject_HEAD
    Contents *g;
    Contents *session;
} Looked;

static int
looked_traverse(PyObject *object, visitproc visit, void *arg)
{
    Looked *self = (Looked *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->g);
    Py_VISIT(self->session);
    return 0;
}

static int
looked_clear(PyObject *object)
{
    Looked *self = (Looked *)object;
    Py_CLEAR(self->g);
    Py_CLEAR(self->session);
    return 0;
}

static void
looked_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    (void)looked_clear(object);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyType_Slot looked_slots[] = {
    {Py_tp_doc, "The last known contents of one app context."},
    {Py_tp_dealloc, looked_dealloc},
    {Py_tp_traverse, looked_traverse},
    {Py_tp_clear, looked_clear},
    {0, NULL},
};

static PyType_Spec looked_spec = {
    .name = "flask_lifecycle.core._core.Looked",
    .basicsize = sizeof(Looked),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = looked_slots,
};

static bool
is_container(PyObject *value)
{
    return PyList_CheckExact(value) || PyDict_CheckExact(value) || PyTuple_CheckExact(value);
}

/* Copy the keys and values of a dict; return whether there are containers, or -1 if it has another
 * size by now: the memory for the copies may have come by a garbage collection, which runs code. */
static int
copy_dict(PyObject *mapping, PyObject *keys, PyObject *values)
{
    Py_ssize_t place = 0, at = 0, count = PyTuple_GET_SIZE(keys);
    PyObject *key, *value;
    int found = 0;
    Py_BEGIN_CRITICAL_SECTION(mapping);
    if (PyDict_GET_SIZE(mapping) != count)
        found = -1;
    while (found >= 0 && at < count && PyDict_Next(mapping, &place, &key, &value)) {
        PyTuple_SET_ITEM(keys, at, Py_NewRef(key));
        PyTuple_SET_ITEM(values, at, Py_NewRef(value));
        found |= is_container(value);
        at++;
    }
    Py_END_CRITICAL_SECTION();
    return found;
}

/* Return the contents of a dict, whose containers `nested` finds; NULL with an exception. */
static Contents *
contents_of(State *state, PyObject *nested, PyObject *mapping)
{
    Contents *self = (Contents *)state->Contents->tp_alloc(state->Contents, 0);
    if (self == NULL)
        return NULL;
    self->mapping = Py_NewRef(mapping);
    int found;
    do {
        Py_ssize_t count = PyDict_GET_SIZE(mapping);
        Py_XSETREF(self->keys, PyTuple_New(count));
        Py_XSETREF(self->values, PyTuple_New(count));
        if (self->keys == NULL || self->values == NULL) {
            Py_DECREF(self);
            return NULL;
        }
        found = copy_dict(mapping, self->keys, self->values);
    } while (found < 0);
    if (found > 0) {
        self->containers = PyObject_CallOneArg(nested, self->values);
        if (self->containers != NULL && !PyTuple_CheckExact(self->containers)) {
            Py_CLEAR(self->containers);
            PyErr_SetString(PyExc_TypeError, "a tuple of containers");
        }
        if (self->containers == NULL)
            Py_CLEAR(self);
    }
    return self;
}

/* Return whether a dict has the very keys and values; those are tuples, or one tuple in which the
 * values come after the keys. */
static bool
has_same_items(PyObject *dict, PyObject *const *keys, PyObject *const *values, Py_ssize_t count)
{
    Py_ssize_t place = 0, at = 0;
    PyObject *key, *value;
    bool is_same;
    Py_BEGIN_CRITICAL_SECTION(dict);
    is_same = PyDict_GET_SIZE(dict) == count;
    while (is_same && PyDict_Next(dict, &place, &key, &value)) {
        is_same = at < count && keys[at] == key && values[at] == value;
        at++;
    }
    Py_END_CRITICAL_SECTION();
    return is_same;
}

static bool
has_same_elements(PyObject *list, PyObject *const *elements, Py_ssize_t count)
{
    bool is_same;
    Py_BEGIN_CRITICAL_SECTION(list);
    is_same = PyList_GET_SIZE(list) == count;
    for (Py_ssize_t at = 0; is_same && at < count; at++)
        is_same = PyList_GET_ITEM(list, at) == elements[at];
    Py_END_CRITICAL_SECTION();
    return is_same;
}

#define ITEMS(tuple) (((PyTupleObject *)(tuple))->ob_item)

/* Return whether a container, the first of a pair, has the contents that are the second. */
static bool
is_same_container(PyObject *pair)
{
    if (!is_tuple_of(pair, 2))
        return false;
    PyObject *container = PyTuple_GET_ITEM(pair, 0), *held = PyTuple_GET_ITEM(pair, 1);
    if (!PyTuple_CheckExact(held))
        return false;
    Py_ssize_t count = PyTuple_GET_SIZE(held);
    if (PyList_CheckExact(container))
        return has_same_elements(container, ITEMS(held), count);
    return PyDict_CheckExact(container) && count % 2 == 0
           && has_same_items(container, ITEMS(held), ITEMS(held) + count / 2, count / 2);
}

/* Return whether the dict, and what is in it, is as it was. */
static bool
is_unchanged(Contents *self)
{
    /* The garbage collector has taken it apart. */
    if (self->keys == NULL || self->values == NULL)
        return true;
    if (!has_same_items(
            self->mapping, ITEMS(self->keys), ITEMS(self->values), PyTuple_GET_SIZE(self->keys)))
        return false;
    Py_ssize_t count = self->containers == NULL ? 0 : PyTuple_GET_SIZE(self->containers);
    for (Py_ssize_t at = 0; at < count; at++)
        if (!is_same_container(PyTuple_GET_ITEM(self->containers, at)))
            return false;
    return true;
}
