/* Named tuples, whose own `__new__` is a function in Python. */

#pragma once

#include <Python.h>

#include <stdbool.h>

static bool
is_named_type(PyObject *type)
{
    return PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type);
}

/* Make one of a tuple. Takes the reference; NULL, with an exception, if that is NULL. */
static PyObject *
make_named(PyObject *type, PyObject *values)
{
    PyObject *args = values == NULL ? NULL : PyTuple_Pack(1, values);
    PyObject *made = args == NULL ? NULL : PyTuple_Type.tp_new((PyTypeObject *)type, args, NULL);
    Py_XDECREF(args);
    Py_XDECREF(values);
    return made;
}
