/* The slots of classes in Python, which are read and written without looking for their names. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include "state.h"

PyDoc_STRVAR(know_doc,
"know($module, type, /)\n--\n\n"
"Find the slots of a class whose objects are used in each request.");

static PyObject *
know(PyObject *module, PyObject *type)
{
    State *state = PyModule_GetState(module);
    if (!PyType_Check(type) || state->known_count == MOST_KNOWN) {
        PyErr_SetString(PyExc_TypeError, "one of a few classes is expected");
        return NULL;
    }
    KnownType *known = &state->known[state->known_count];
    PyObject **names = (PyObject **)&state->names;
    for (int at = 0; at < NAME_COUNT; at++) {
        PyObject *slot = PyObject_GetAttr(type, names[at]);
        known->offsets[at] = 0;
        if (slot == NULL)
            PyErr_Clear();
        else if (Py_IS_TYPE(slot, &PyMemberDescr_Type)) {
            PyMemberDef *member = ((PyMemberDescrObject *)slot)->d_member;
            if (member->type == T_OBJECT_EX && !(member->flags & READONLY))
                known->offsets[at] = member->offset;
        }
        Py_XDECREF(slot);
    }
    known->type = (PyTypeObject *)Py_NewRef(type);
    state->known_count++;
    Py_RETURN_NONE;
}

/* Return the place of a slot in an object, or NULL. The name is one of the state's. */
static PyObject **
slot_of(State *state, PyObject *object, PyObject **name)
{
    for (int at = 0; at < state->known_count; at++) {
        KnownType *known = &state->known[at];
        if (Py_TYPE(object) == known->type) {
            Py_ssize_t offset = known->offsets[name - (PyObject **)&state->names];
            return offset ? (PyObject **)((char *)object + offset) : NULL;
        }
    }
    return NULL;
}

/* Return an attribute: a new reference, or NULL with an exception. */
static PyObject *
get_attr(State *state, PyObject *object, PyObject **name)
{
    PyObject **slot = slot_of(state, object, name), *value = NULL;
    if (slot != NULL) {
        Py_BEGIN_CRITICAL_SECTION(object);
        value = Py_XNewRef(*slot);
        Py_END_CRITICAL_SECTION();
    }
    return value == NULL ? PyObject_GetAttr(object, *name) : value;
}

/* Set an attribute; return -1 with an exception. */
static int
set_attr(State *state, PyObject *object, PyObject **name, PyObject *value)
{
    PyObject **slot = slot_of(state, object, name), *before;
    if (slot == NULL)
        return PyObject_SetAttr(object, *name, value);
    Py_BEGIN_CRITICAL_SECTION(object);
    before = *slot;
    *slot = Py_NewRef(value);
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(before);
    return 0;
}
