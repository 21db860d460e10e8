/* What objects have in common that stand for functions: they bind to instances, and have attributes. */

#pragma once

#include <Python.h>

/* The interpreter remembers where it found a method only if the type of that cannot change. */
#define FUNCTION_FLAGS \
    (Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_IMMUTABLETYPE)

/* Bind as a function does. */
static PyObject *
function_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(owner))
{
    if (instance == NULL || instance == Py_None)
        return Py_NewRef(self);
    return PyMethod_New(self, instance);
}

static PyObject *
function_repr(PyObject *self)
{
    PyObject *name = PyObject_GetAttrString(self, "__qualname__");
    if (name == NULL)
        return NULL;
    PyObject *text = PyUnicode_FromFormat("<function %S at %p>", name, self);
    Py_DECREF(name);
    return text;
}

/* Be copied as functions are: not at all; and be pickled by name. */
static PyObject *
function_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_GetAttrString(self, "__qualname__");
}

static PyMethodDef function_methods[] = {
    {"__reduce__", function_reduce, METH_NOARGS, NULL},
    {NULL},
};

#if PY_VERSION_HEX >= 0x030E0000
/* `functools.wraps` leaves them to what is wrapped, which evaluates them only when it is asked. */
static PyObject *
function_get_annotations(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *dict = PyObject_GenericGetDict(self, NULL), *found = NULL;
    if (dict == NULL || PyMapping_GetOptionalItemString(dict, "__annotations__", &found) != 0) {
        Py_XDECREF(dict);
        return found;
    }
    Py_DECREF(dict);
    PyObject *wrapped = PyObject_GetAttrString(self, "__wrapped__");
    if (wrapped != NULL)
        found = PyObject_GetAttrString(wrapped, "__annotations__");
    Py_XDECREF(wrapped);
    return found;
}

static int
function_set_annotations(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    PyObject *dict = PyObject_GenericGetDict(self, NULL);
    int status = dict == NULL    ? -1
                 : value == NULL ? PyDict_DelItemString(dict, "__annotations__")
                                 : PyDict_SetItemString(dict, "__annotations__", value);
    Py_XDECREF(dict);
    return status;
}
#endif

static PyGetSetDef function_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
#if PY_VERSION_HEX >= 0x030E0000
    {"__annotations__", function_get_annotations, function_set_annotations, NULL, NULL},
#endif
    {NULL},
};
