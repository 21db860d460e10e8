/* Exceptions, by the functions of Python 3.12; and faults of ours. */

#pragma once

#include <Python.h>

#include "state.h"

/* Return the exception that is raised, which is raised no more. */
static PyObject *
take_error(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        (void)PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

/* Raise an exception again, with the traceback that it has. Takes the reference. */
static void
raise_error(PyObject *error)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(error);
#else
    PyErr_Restore(Py_NewRef(Py_TYPE(error)), error, PyException_GetTraceback(error));
#endif
}

/* What the running function or generator handles, to be restored: not what only its callers handle, as
 * `sys.exc_info()` would return. A generator would keep that when it is resumed elsewhere. */
typedef struct {
#if PY_VERSION_HEX >= 0x030B0000
    PyObject *value;
#else
    PyObject *type, *value, *traceback;
#endif
} Handled;

/* Begin what is an `except` clause in Python: this is the exception that is handled. */
static Handled
begin_handling(PyObject *error)
{
    Handled before;
    const _PyErr_StackItem *own = PyThreadState_Get()->exc_info;
    before.value = Py_XNewRef(own->exc_value);
#if PY_VERSION_HEX >= 0x030B0000
    PyErr_SetHandledException(error);
#else
    before.type = Py_XNewRef(own->exc_type);
    before.traceback = Py_XNewRef(own->exc_traceback);
    PyErr_SetExcInfo(Py_NewRef(Py_TYPE(error)), Py_NewRef(error), PyException_GetTraceback(error));
#endif
    return before;
}

static void
end_handling(Handled before)
{
#if PY_VERSION_HEX >= 0x030B0000
    PyErr_SetHandledException(before.value);
    Py_XDECREF(before.value);
#else
    PyErr_SetExcInfo(before.type, before.value, before.traceback);
#endif
}

/* Report the exception that is raised as a fault of ours, in `callable`. Return -1 if it is raised
 * still: one that is not an Exception, such as KeyboardInterrupt, is not ours. */
static int
fail_open(State *state, PyObject *callable)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyObject *error = take_error();
    Handled before = begin_handling(error);
    PyObject *reported = state->failed == NULL /* the module has been torn down */
                             ? Py_NewRef(Py_None)
                             : PyObject_CallFunctionObjArgs(state->failed, callable, error, NULL);
    end_handling(before);
    Py_DECREF(error);
    if (reported == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_Exception))
            return -1;
        PyErr_Clear();
    }
    Py_XDECREF(reported);
    return 0;
}

/* Report the exception that is raised to a function in Python, with a writer and a step; it is raised
 * still afterwards, unless that raises what is not ours. */
static void
report_error(PyObject *callable, PyObject *writer, Py_ssize_t step)
{
    PyObject *error = take_error();
    Handled before = begin_handling(error);
    PyObject *offset = PyLong_FromSsize_t(step), *reported = NULL;
    if (offset != NULL)
        reported = PyObject_CallFunctionObjArgs(callable, writer, offset, error, NULL);
    end_handling(before);
    if (reported == NULL && !PyErr_ExceptionMatches(PyExc_Exception))
        Py_SETREF(error, take_error());
    PyErr_Clear();
    Py_XDECREF(reported);
    Py_XDECREF(offset);
    raise_error(error);
}
