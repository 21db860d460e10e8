/* Recorded functions: recorder/in_python.py is their specification. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include "functions.h"
#include "probes.h"
#include "record.h"

static PyObject *
recording_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Recording *self = (Recording *)callable;
    Call call = {
        .state = PyType_GetModuleState(Py_TYPE(callable)),
        .recording = self,
        .func = self->func,
        .args = args,
        .nargsf = nargsf,
        .kwnames = kwnames,
    };
    if (call.func == NULL) {
        if (PyVectorcall_NARGS(nargsf) < 1) {
            PyErr_SetString(PyExc_TypeError, "the function to call is missing");
            return NULL;
        }
        call.func = args[0];
        call.args++;
        /* The place before the arguments stays free to be used, if it was. */
        call.nargsf--;
    }
    if (!takes(&call))
        return call_function(&call);
    if (Py_EnterRecursiveCall(" in a recorded function"))
        return NULL;
    Py_INCREF(self);
    PyObject *result = NULL;
    int recorded = is_recorded(&call);
    if (recorded > 0)
        result = record(&call);
    else if (recorded == 0)
        result = call_function(&call);
    Py_XDECREF(call.writer);
    Py_DECREF(self);
    Py_LeaveRecursiveCall();
    return result;
}

static PyObject *
recording_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {
        "func", "tracepoint", "owner", "unless", "kept", "probes",
        "names", "defaults", "has_args", "has_kwargs", NULL,
    };
    PyObject *func, *owner, *unless, *kept, *probes, *names, *defaults;
    int tracepoint, has_args, has_kwargs;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OiOOOO!O!O!pp:Recording", keywords, &func, &tracepoint, &owner, &unless,
            &kept, &PyTuple_Type, &probes, &PyTuple_Type, &names, &PyTuple_Type, &defaults,
            &has_args, &has_kwargs))
        return NULL;
    if (PyTuple_GET_SIZE(defaults) > PyTuple_GET_SIZE(names)) {
        PyErr_SetString(PyExc_ValueError, "more defaults than parameters");
        return NULL;
    }
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(names); index++)
        if (!PyUnicode_Check(PyTuple_GET_ITEM(names, index))) {
            PyErr_SetString(PyExc_TypeError, "names are strings");
            return NULL;
        }
    Recording *self = (Recording *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->vectorcall = recording_vectorcall;
    self->func = func == Py_None ? NULL : Py_NewRef(func);
    self->owner = Py_NewRef(owner);
    self->tracepoint = tracepoint;
    self->has_args = has_args;
    self->has_kwargs = has_kwargs;
    self->names = Py_NewRef(names);
    self->defaults = Py_NewRef(defaults);
    if (take_callable(unless, &self->unless) < 0 || take_callable(kept, &self->kept) < 0
        || take_probes(self, probes) < 0)
        Py_CLEAR(self);
    else if (!is_answerable(self, &self->unless) || !is_answerable(self, &self->kept)) {
        PyErr_SetString(PyExc_ValueError, "a callable asks for what there is not");
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int
recording_traverse(PyObject *object, visitproc visit, void *arg)
{
    Recording *self = (Recording *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->func);
    Py_VISIT(self->owner);
    Py_VISIT(self->names);
    Py_VISIT(self->defaults);
    Py_VISIT(self->unless.callable);
    Py_VISIT(self->kept.callable);
    for (int index = 0; index < self->probe_count; index++)
        for (int at = 0; at < MOMENTS; at++)
            Py_VISIT(self->probes[index].at[at].callable);
    Py_VISIT(self->dict);
    return 0;
}

/* Not what a call needs, `func`, `names` and `defaults`: they are in no cycle in which nothing else can be
 * cleared. */
static int
recording_clear(PyObject *object)
{
    Recording *self = (Recording *)object;
    Py_CLEAR(self->owner);
    Py_CLEAR(self->unless.callable);
    Py_CLEAR(self->kept.callable);
    for (int index = 0; index < self->probe_count; index++)
        for (int at = 0; at < MOMENTS; at++)
            Py_CLEAR(self->probes[index].at[at].callable);
    Py_CLEAR(self->dict);
    return 0;
}

static void
recording_dealloc(PyObject *object)
{
    Recording *self = (Recording *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(object);
    (void)recording_clear(object);
    Py_XDECREF(self->func);
    Py_XDECREF(self->names);
    Py_XDECREF(self->defaults);
    PyMem_Free(self->probes);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMemberDef recording_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Recording, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Recording, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Recording, weakrefs), READONLY, NULL},
    {NULL},
};

static PyType_Slot recording_slots[] = {
    {Py_tp_doc, "Calls a function and records the call as a step of the current trace."},
    {Py_tp_new, recording_new},
    {Py_tp_dealloc, recording_dealloc},
    {Py_tp_traverse, recording_traverse},
    {Py_tp_clear, recording_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, function_get},
    {Py_tp_repr, function_repr},
    {Py_tp_methods, function_methods},
    {Py_tp_members, recording_members},
    {Py_tp_getset, function_getset},
    {0, NULL},
};

static PyType_Spec recording_spec = {
    .name = "flask_lifecycle.core._core.Recording",
    .basicsize = sizeof(Recording),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | FUNCTION_FLAGS,
    .slots = recording_slots,
};
