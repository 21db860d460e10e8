/* Details that are JSON-ready: `Facts` of trace/notes.py. */

#pragma once

#include <Python.h>

/* Return details with one fact. Takes the reference to it; NULL, with an exception, if that is NULL. */
static PyObject *
make_facts(PyObject *type, PyObject *name, PyObject *fact)
{
    PyObject *facts = fact == NULL ? NULL : PyObject_CallNoArgs(type);
    if (facts != NULL && PyObject_SetItem(facts, name, fact) < 0)
        Py_CLEAR(facts);
    if (facts != NULL)
        PyObject_GC_UnTrack(facts); /* It is in no cycle. */
    Py_XDECREF(fact);
    return facts;
}
