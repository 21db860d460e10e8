/* The fields of a writer that are used for each step. */

#pragma once

#include <Python.h>
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    PyObject *owner;
    PyObject *log;
    PyObject *notes;
    PyObject *seen;
    Py_ssize_t current;
    Py_ssize_t limit;
    unsigned long long ident;
} Fields;

static PyMemberDef fields_members[] = {
    {"owner", T_OBJECT_EX, offsetof(Fields, owner), 0, NULL},
    {"log", T_OBJECT_EX, offsetof(Fields, log), 0, NULL},
    {"notes", T_OBJECT_EX, offsetof(Fields, notes), 0, NULL},
    {"seen", T_OBJECT_EX, offsetof(Fields, seen), 0, NULL},
    {"current", T_PYSSIZET, offsetof(Fields, current), 0, NULL},
    {"limit", T_PYSSIZET, offsetof(Fields, limit), 0, NULL},
    {"ident", T_ULONGLONG, offsetof(Fields, ident), 0, NULL},
    {NULL},
};

static int
fields_traverse(PyObject *self, visitproc visit, void *arg)
{
    Fields *fields = (Fields *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(fields->owner);
    Py_VISIT(fields->log);
    Py_VISIT(fields->notes);
    Py_VISIT(fields->seen);
    return 0;
}

static int
fields_clear(PyObject *self)
{
    Fields *fields = (Fields *)self;
    Py_CLEAR(fields->owner);
    Py_CLEAR(fields->log);
    Py_CLEAR(fields->notes);
    Py_CLEAR(fields->seen);
    return 0;
}

static void
fields_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)fields_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot fields_slots[] = {
    {Py_tp_doc, "The fields of a writer that are used for each step."},
    {Py_tp_dealloc, fields_dealloc},
    {Py_tp_traverse, fields_traverse},
    {Py_tp_clear, fields_clear},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_members, fields_members},
    {0, NULL},
};

static PyType_Spec fields_spec = {
    .name = "flask_lifecycle.core._core.Fields",
    .basicsize = sizeof(Fields),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = fields_slots,
};

/* Return an object that a writer refers to: a new reference, or NULL with an exception. */
static PyObject *
field(Fields *writer, PyObject **place)
{
    PyObject *value;
    (void)writer; /* which has no lock where there is a GIL */
    Py_BEGIN_CRITICAL_SECTION(writer);
    value = Py_XNewRef(*place);
    Py_END_CRITICAL_SECTION();
    if (value == NULL)
        PyErr_SetString(PyExc_AttributeError, "the writer is not complete");
    return value;
}
