/* A shortcut: does in C what a function in Python does nearly always, and leaves all else to that. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include "functions.h"
#include "state.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    /* What does it in Python. */
    PyObject *func;
    PyObject *data;
    PyObject *dict;
    PyObject *weakrefs;
} Shortcut;

/* Leave a call to Python, after a shortcut that could not do it. */
static PyObject *
leave_to_python(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    /* Whatever it was, the function in Python says what has to be said; what is no Exception, such
     * as KeyboardInterrupt, is not ours. */
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception))
        return NULL;
    PyErr_Clear();
    return PyObject_Vectorcall(((Shortcut *)self)->func, args, nargsf, kwnames);
}

/* Does what a function in Python does, if it has no keywords; NULL, where there may be an exception, if
 * that is left to Python. */
typedef PyObject *(*Function)(Shortcut *, PyObject *const *, Py_ssize_t);

static PyObject *
shorten(Function function, PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *result = NULL;
    if (kwnames == NULL)
        result = function((Shortcut *)self, args, PyVectorcall_NARGS(nargsf));
    return result != NULL ? result : leave_to_python(self, args, nargsf, kwnames);
}

/* What calls such a function. */
#define VECTORCALL(name) \
    static PyObject *name##_vectorcall( \
        PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) \
    { \
        return shorten(name, self, args, nargsf, kwnames); \
    }

static PyObject *
make_shortcut(PyObject *module, vectorcallfunc vectorcall, PyObject *data, PyObject *func)
{
    State *state = PyModule_GetState(module);
    Shortcut *self = (Shortcut *)state->Shortcut->tp_alloc(state->Shortcut, 0);
    if (self == NULL)
        return NULL;
    self->vectorcall = vectorcall;
    self->func = Py_NewRef(func);
    self->data = Py_NewRef(data);
    self->dict = PyDict_New();
    if (self->dict == NULL || PyDict_SetItem(self->dict, state->names.__wrapped__, func) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int
shortcut_traverse(PyObject *object, visitproc visit, void *arg)
{
    Shortcut *self = (Shortcut *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->func);
    Py_VISIT(self->data);
    Py_VISIT(self->dict);
    return 0;
}

/* Not what a call needs, `func` and `data`: they are in no cycle in which nothing else can be cleared. */
static int
shortcut_clear(PyObject *object)
{
    Py_CLEAR(((Shortcut *)object)->dict);
    return 0;
}

static void
shortcut_dealloc(PyObject *object)
{
    Shortcut *self = (Shortcut *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(object);
    (void)shortcut_clear(object);
    Py_XDECREF(self->func);
    Py_XDECREF(self->data);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMemberDef shortcut_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Shortcut, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Shortcut, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Shortcut, weakrefs), READONLY, NULL},
    {NULL},
};

static PyType_Slot shortcut_slots[] = {
    {Py_tp_doc, "Does what a function in Python does, in C as far as that is possible."},
    {Py_tp_dealloc, shortcut_dealloc},
    {Py_tp_traverse, shortcut_traverse},
    {Py_tp_clear, shortcut_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, function_get},
    {Py_tp_repr, function_repr},
    {Py_tp_methods, function_methods},
    {Py_tp_getset, function_getset},
    {Py_tp_members, shortcut_members},
    {0, NULL},
};

static PyType_Spec shortcut_spec = {
    .name = "flask_lifecycle.core._core.Shortcut",
    .basicsize = sizeof(Shortcut),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | FUNCTION_FLAGS
             | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = shortcut_slots,
};
