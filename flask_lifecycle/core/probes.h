/* Probes: callables that run around a recorded function, and what they are given of a call. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "fields.h"
#include "state.h"

/* Which values the callables of probes get, beside the arguments of the function by their index. */
enum {
    WRITER = -1,
    TRACEPOINT_NUMBER = -2,
    STEP = -3,
    ENTERED = -4,
    RESULT = -5,
    NOTHING = -6,    /* None */
    FIRST_MORE = -7, /* the first of the arguments after `self`, or None */
    LAST_MORE = -8,
    ARGS = -9, /* all positional arguments */
    KWARGS = -10,
};

#define MOST_ARGUMENTS 8
#define MOST_PROBES 8

/* A callable of a probe, or one that decides; `callable` is NULL if there is none. */
typedef struct {
    PyObject *callable;
    int16_t count;
    int16_t asked[MOST_ARGUMENTS];
    bool asks_entered;
} Callable;

enum { BEFORE, ENTER, NOTE, LEAVE, AFTER, MOMENTS };

typedef struct {
    Callable at[MOMENTS];
} Probe;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    /* NULL if it is the first argument of each call. */
    PyObject *func;
    /* NULL if `unless` decides. */
    PyObject *owner;
    int32_t tracepoint;
    bool has_args, has_kwargs, has_after;
    int16_t probe_count;
    Callable unless, kept;
    Probe *probes;
    /* Of its parameters, and the default values of the last ones. */
    PyObject *names;
    PyObject *defaults;
    PyObject *dict;
    PyObject *weakrefs;
} Recording;

/* One call of a recorded function. */
typedef struct {
    State *state;
    Recording *recording;
    PyObject *func;
    PyObject *const *args;
    size_t nargsf;
    PyObject *kwnames;
    /* Owned. */
    Fields *writer;
    PyObject *entered[MOST_PROBES];
    PyObject *result;
    Py_ssize_t step;
} Call;

static PyObject *
call_function(Call *call)
{
    return PyObject_Vectorcall(call->func, call->args, call->nargsf, call->kwnames);
}

/* Return the index of a name in a tuple of strings, or -1. */
static Py_ssize_t
index_of(PyObject *names, PyObject *name)
{
    Py_ssize_t count = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t index = 0; index < count; index++)
        if (PyTuple_GET_ITEM(names, index) == name) /* as most of them are interned */
            return index;
    for (Py_ssize_t index = 0; index < count; index++)
        if (PyUnicode_Compare(PyTuple_GET_ITEM(names, index), name) == 0)
            return index;
    return -1;
}

/* Return whether the function's parameters take these arguments. If not, it raises a TypeError, and
 * nothing is recorded. */
static bool
takes(Call *call)
{
    Recording *self = call->recording;
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    Py_ssize_t most = PyTuple_GET_SIZE(self->names);
    Py_ssize_t needed = most - PyTuple_GET_SIZE(self->defaults);
    if (given > most && !self->has_args)
        return false;
    if (call->kwnames == NULL)
        return given >= needed;
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(call->kwnames); at++) {
        Py_ssize_t index = index_of(self->names, PyTuple_GET_ITEM(call->kwnames, at));
        if (index < 0 ? !self->has_kwargs : index < given)
            return false;
    }
    for (Py_ssize_t index = given; index < needed; index++)
        if (index_of(call->kwnames, PyTuple_GET_ITEM(self->names, index)) < 0)
            return false;
    return true;
}

/* Return the argument for a parameter: borrowed. */
static PyObject *
argument(Call *call, Py_ssize_t index)
{
    Recording *self = call->recording;
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    if (index < given)
        return call->args[index];
    Py_ssize_t at = index_of(call->kwnames, PyTuple_GET_ITEM(self->names, index));
    if (at >= 0)
        return call->args[given + at];
    Py_ssize_t needed = PyTuple_GET_SIZE(self->names) - PyTuple_GET_SIZE(self->defaults);
    return PyTuple_GET_ITEM(self->defaults, index - needed);
}

static PyObject *
positional(Call *call)
{
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    PyObject *all = PyTuple_New(given);
    for (Py_ssize_t index = 0; all != NULL && index < given; index++)
        PyTuple_SET_ITEM(all, index, Py_NewRef(call->args[index]));
    return all;
}

static PyObject *
by_keyword(Call *call)
{
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    PyObject *all = PyDict_New();
    Py_ssize_t count = call->kwnames == NULL ? 0 : PyTuple_GET_SIZE(call->kwnames);
    for (Py_ssize_t at = 0; all != NULL && at < count; at++)
        if (PyDict_SetItem(all, PyTuple_GET_ITEM(call->kwnames, at), call->args[given + at]) < 0)
            Py_CLEAR(all);
    return all;
}

/* Return what a callable asks for: a new reference, or NULL with an exception. */
static PyObject *
value_of(Call *call, int asked, PyObject *entered)
{
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    switch (asked) {
    case WRITER: return Py_NewRef((PyObject *)call->writer);
    case TRACEPOINT_NUMBER: return PyLong_FromLong(call->recording->tracepoint);
    case STEP: return PyLong_FromSsize_t(call->step);
    case ENTERED: return Py_NewRef(entered == NULL ? Py_None : entered);
    case RESULT: return Py_NewRef(call->result == NULL ? Py_None : call->result);
    case NOTHING: return Py_NewRef(Py_None);
    case FIRST_MORE: return Py_NewRef(given > 1 ? call->args[1] : Py_None);
    case LAST_MORE: return Py_NewRef(given > 1 ? call->args[given - 1] : Py_None);
    case ARGS: return positional(call);
    case KWARGS: return by_keyword(call);
    default: return Py_NewRef(argument(call, asked));
    }
}

static PyObject *
call_with_asked(Call *call, Callable *callable, PyObject *entered)
{
    PyObject *values[MOST_ARGUMENTS + 1];
    PyObject *result = NULL;
    int count = 0;
    /* The first is for a method's `self`. */
    for (; count < callable->count; count++) {
        values[count + 1] = value_of(call, callable->asked[count], entered);
        if (values[count + 1] == NULL)
            break;
    }
    if (count == callable->count)
        result = PyObject_Vectorcall(
            callable->callable, values + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    while (count > 0)
        Py_DECREF(values[count--]);
    return result;
}

/* Call a callable of a probe, if there is one. `*result` is what it returns: a new reference, or
 * NULL if it has failed. Return -1 with an exception if that has to reach the app. */
static int
run(Call *call, Callable *callable, PyObject *entered, PyObject **result)
{
    *result = NULL;
    if (callable->callable == NULL)
        return 0;
    if (callable->asks_entered && (entered == NULL || entered == Py_None))
        return 0;
    *result = call_with_asked(call, callable, entered);
    return *result == NULL ? fail_open(call->state, callable->callable) : 0;
}

static int
run_and_ignore(Call *call, Callable *callable, PyObject *entered)
{
    PyObject *result;
    int status = run(call, callable, entered, &result);
    Py_XDECREF(result);
    return status;
}

static int
take_callable(PyObject *given, Callable *callable)
{
    PyObject *func, *asked;
    if (given == Py_None)
        return 0;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a callable and what it asks for, or None");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "OO!", &func, &PyTuple_Type, &asked))
        return -1;
    if (PyTuple_GET_SIZE(asked) > MOST_ARGUMENTS) {
        PyErr_SetString(PyExc_ValueError, "a callable of a probe asks for too much");
        return -1;
    }
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(asked); index++) {
        long number = PyLong_AsLong(PyTuple_GET_ITEM(asked, index));
        if (number == -1 && PyErr_Occurred())
            return -1;
        callable->asked[index] = (int16_t)number;
        callable->asks_entered |= number == ENTERED;
    }
    callable->count = (int16_t)PyTuple_GET_SIZE(asked);
    callable->callable = Py_NewRef(func);
    return 0;
}

/* Return whether a callable only asks for what there is. */
static bool
is_answerable(Recording *self, Callable *callable)
{
    for (int index = 0; index < callable->count; index++)
        if (callable->asked[index] < KWARGS
            || callable->asked[index] >= PyTuple_GET_SIZE(self->names))
            return false;
    return true;
}

static int
take_probes(Recording *self, PyObject *probes)
{
    Py_ssize_t count = PyTuple_GET_SIZE(probes);
    if (count > MOST_PROBES) {
        PyErr_SetString(PyExc_ValueError, "too many probes");
        return -1;
    }
    self->probes = PyMem_Calloc(count + 1, sizeof(Probe));
    if (self->probes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->probe_count = (int16_t)count;
    for (Py_ssize_t index = 0; index < count; index++) {
        PyObject *probe = PyTuple_GET_ITEM(probes, index);
        if (!PyTuple_Check(probe) || PyTuple_GET_SIZE(probe) != MOMENTS) {
            PyErr_SetString(PyExc_TypeError, "a probe is a tuple of five");
            return -1;
        }
        for (int at = 0; at < MOMENTS; at++) {
            Callable *callable = &self->probes[index].at[at];
            if (take_callable(PyTuple_GET_ITEM(probe, at), callable) < 0)
                return -1;
            if (!is_answerable(self, callable)) {
                PyErr_SetString(PyExc_ValueError, "a probe asks for what there is not");
                return -1;
            }
        }
        self->has_after |= self->probes[index].at[AFTER].callable != NULL;
    }
    return 0;
}
