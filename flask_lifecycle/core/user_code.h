/* The user's code that calls: recorder/user_code.py. */

#pragma once

#include <Python.h>
#include <frameobject.h>

#include <stdbool.h>

#include "objects.h"
#include "shortcut.h"

static int
instruction_of(PyFrameObject *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyFrame_GetLasti(frame);
#else
    return frame->f_lasti < 0 ? -1 : frame->f_lasti * (int)sizeof(uint16_t);
#endif
}

/* Return the location that is known of a frame: a new reference, or NULL, where there may be
 * an exception. The table is keyed by the identity of the code and its instruction, and has a weak
 * reference to the code beside the location. */
static PyObject *
known_location(PyObject *locations, PyFrameObject *frame, PyCodeObject *code)
{
    PyObject *key = tuple_of(2, (PyObject *[]){PyLong_FromVoidPtr(code),
                                               PyLong_FromLong(instruction_of(frame))});
    PyObject *known = key == NULL ? NULL : get_item(locations, key), *location = NULL;
    Py_XDECREF(key);
    if (known != NULL && is_tuple_of(known, 2)
        && referent(PyTuple_GET_ITEM(known, 0)) == (PyObject *)code)
        location = Py_NewRef(PyTuple_GET_ITEM(known, 1));
    Py_XDECREF(known);
    return location;
}

/* `user_location()`: it is done if the file of each frame is known, and the
 * location in the user's. Its data is both tables. */
static PyObject *
user_location(Shortcut *self, PyObject *const *Py_UNUSED(args), Py_ssize_t count)
{
    PyObject *libraries = PyTuple_GET_ITEM(self->data, 0), *location = NULL;
    PyFrameObject *frame = PyEval_GetFrame();
    Py_XINCREF(frame);
    bool goes_on = count == 0;
    while (frame != NULL && goes_on) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        PyObject *is_library = get_item(libraries, code->co_filename);
        goes_on = is_library == Py_True;
        if (is_library == Py_False)
            location = known_location(PyTuple_GET_ITEM(self->data, 1), frame, code);
        Py_XDECREF(is_library);
        Py_DECREF(code);
        PyFrameObject *back = goes_on ? PyFrame_GetBack(frame) : NULL;
        Py_DECREF(frame);
        frame = back;
    }
    Py_XDECREF(frame);
    return location;
}
VECTORCALL(user_location)
