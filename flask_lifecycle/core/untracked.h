/* Classes of objects that the garbage collector does not visit: see `untracked` in __init__.py. */

#pragma once

#include <Python.h>
#include <structmember.h>

/* Attributes, as many as the class has. */
typedef struct {
    PyObject_HEAD
    PyObject *attributes[];
} Untracked;

static Py_ssize_t
untracked_count(PyTypeObject *type)
{
    return (type->tp_basicsize - sizeof(Untracked)) / sizeof(PyObject *);
}

static void
untracked_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    for (Py_ssize_t at = 0; at < untracked_count(type); at++)
        Py_CLEAR(((Untracked *)object)->attributes[at]);
    type->tp_free(object);
    Py_DECREF(type);
}

PyDoc_STRVAR(untracked_doc,
"untracked($module, names, /)\n--\n\n"
"Return a class whose objects have these attributes, and which the garbage collector does not visit.");

/* What Python makes of a `class` statement would always be visited, even without attributes. */
static PyObject *
make_untracked(PyMemberDef *members, Py_ssize_t count)
{
    PyType_Slot slots[] = {
        {Py_tp_dealloc, untracked_dealloc},
        {Py_tp_members, members},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = "flask_lifecycle.core._core.Untracked",
        .basicsize = sizeof(Untracked) + count * sizeof(PyObject *),
        .flags = Py_TPFLAGS_DEFAULT,
        .slots = slots,
    };
    return PyType_FromSpec(&spec);
}

static PyObject *
untracked(PyObject *Py_UNUSED(module), PyObject *names)
{
    if (!PyTuple_CheckExact(names))
        return PyErr_Format(PyExc_TypeError, "the names of attributes are a tuple");
    Py_ssize_t count = PyTuple_GET_SIZE(names), at = 0;
    PyMemberDef *members = PyMem_Calloc(count + 1, sizeof(PyMemberDef));
    if (members == NULL)
        return PyErr_NoMemory();
    for (; at < count; at++) {
        members[at].name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, at));
        members[at].type = T_OBJECT_EX;
        members[at].offset = offsetof(Untracked, attributes) + at * sizeof(PyObject *);
        if (members[at].name == NULL)
            break;
    }
    PyObject *kind = at == count ? make_untracked(members, count) : NULL;
    /* The class has a copy of the members; their names are those of the texts, which it keeps. */
    PyMem_Free(members);
    if (kind != NULL && PyObject_SetAttrString(kind, "__slots__", names) < 0)
        Py_CLEAR(kind);
    return kind;
}
