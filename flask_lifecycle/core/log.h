/* The log: steps as C structs, which Python code reads as one flat sequence of numbers. */

#pragma once

#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

/* The clock: that of `time.perf_counter`, with the same rounding. */
static double
now(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyTime_t reading;
    (void)PyTime_PerfCounterRaw(&reading);
    return PyTime_AsSecondsDouble(reading);
#else
    return (double)_PyTime_GetPerfCounter() / 1e9;
#endif
}

/* As `trace/log.py` unpacks it. */
typedef struct {
    int32_t tracepoint;
    int32_t parent;
    double begin;
    double end;
} Step;

enum { TRACEPOINT, PARENT, BEGIN, END, WIDTH };

typedef struct {
    PyObject_HEAD
    Step *steps;
    Py_ssize_t count;
    Py_ssize_t capacity;
} Log;

/* As many as most requests have. */
#define FIRST_CAPACITY 64

/* Append a step; return its offset, or -1 with a MemoryError. */
static Py_ssize_t
log_append(Log *self, Step step)
{
    Py_ssize_t offset = -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->count == self->capacity) {
        Py_ssize_t capacity = self->capacity ? 2 * self->capacity : FIRST_CAPACITY;
        Step *steps = PyMem_Realloc(self->steps, capacity * sizeof(Step));
        if (steps != NULL) {
            self->steps = steps;
            self->capacity = capacity;
        }
    }
    if (self->count < self->capacity) {
        offset = self->count * WIDTH;
        self->steps[self->count] = step;
        self->count++;
    }
    Py_END_CRITICAL_SECTION();
    if (offset < 0)
        PyErr_NoMemory();
    return offset;
}

/* End a step; return the offset of the one that it is in. */
static Py_ssize_t
log_end(Log *self, Py_ssize_t offset, double end)
{
    Py_ssize_t parent;
    Py_BEGIN_CRITICAL_SECTION(self);
    Step *step = &self->steps[offset / WIDTH];
    step->end = end;
    parent = step->parent;
    Py_END_CRITICAL_SECTION();
    return parent;
}

static Py_ssize_t
log_length(PyObject *self)
{
    return ((Log *)self)->count * WIDTH;
}

static PyObject *
number_at(Log *self, Py_ssize_t offset)
{
    Step *step = &self->steps[offset / WIDTH];
    switch (offset % WIDTH) {
    case TRACEPOINT: return PyLong_FromLong(step->tracepoint);
    case PARENT: return PyLong_FromLong(step->parent);
    case BEGIN: return PyFloat_FromDouble(step->begin);
    default: return PyFloat_FromDouble(step->end);
    }
}

/* `self[offset]`, for an offset that is not negative: also how the log is iterated. */
static PyObject *
log_item(PyObject *self, Py_ssize_t offset)
{
    PyObject *item = NULL;
    bool is_inside = false;
    Py_BEGIN_CRITICAL_SECTION(self);
    is_inside = 0 <= offset && offset < log_length(self);
    if (is_inside)
        item = number_at((Log *)self, offset);
    Py_END_CRITICAL_SECTION();
    if (!is_inside)
        PyErr_SetString(PyExc_IndexError, "log index out of range");
    return item;
}

static PyObject *
log_slice(Log *self, PyObject *slice)
{
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0)
        return NULL;
    PyObject *list = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    Py_ssize_t length = PySlice_AdjustIndices(log_length((PyObject *)self), &start, &stop, step);
    list = PyList_New(length);
    for (Py_ssize_t index = 0; list != NULL && index < length; index++) {
        PyObject *item = number_at(self, start + index * step);
        if (item == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, index, item);
    }
    Py_END_CRITICAL_SECTION();
    return list;
}

/* Return the offset that a key means; -1 with an exception if it is none. */
static Py_ssize_t
offset_of(PyObject *self, PyObject *key)
{
    Py_ssize_t offset = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (offset == -1 && PyErr_Occurred())
        return -1;
    if (offset < 0)
        offset += log_length(self);
    if (offset < 0 || offset >= log_length(self)) {
        PyErr_SetString(PyExc_IndexError, "log index out of range");
        return -1;
    }
    return offset;
}

static PyObject *
log_subscript(PyObject *self, PyObject *key)
{
    if (PySlice_Check(key))
        return log_slice((Log *)self, key);
    Py_ssize_t offset = offset_of(self, key);
    return offset < 0 ? NULL : log_item(self, offset);
}

static int
as_int32(PyObject *value, int32_t *result)
{
    long number = PyLong_AsLong(value);
    if (number == -1 && PyErr_Occurred())
        return -1;
    if (number < INT32_MIN || number > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "the number does not fit a log");
        return -1;
    }
    *result = (int32_t)number;
    return 0;
}

static int
as_double(PyObject *value, double *result)
{
    *result = PyFloat_AsDouble(value);
    return *result == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int
log_assign(PyObject *self, PyObject *key, PyObject *value)
{
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "a log keeps its steps");
        return -1;
    }
    int32_t number = 0;
    double seconds = 0;
    /* It may grow in here, but does not shrink: the offset stays valid. */
    Py_ssize_t offset = offset_of(self, key);
    if (offset < 0)
        return -1;
    int column = (int)(offset % WIDTH);
    if ((column < BEGIN ? as_int32(value, &number) : as_double(value, &seconds)) < 0)
        return -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    Step *step = &((Log *)self)->steps[offset / WIDTH];
    switch (column) {
    case TRACEPOINT: step->tracepoint = number; break;
    case PARENT: step->parent = number; break;
    case BEGIN: step->begin = seconds; break;
    default: step->end = seconds;
    }
    Py_END_CRITICAL_SECTION();
    return 0;
}

/* `self += (tracepoint, parent, begin, end, ...)` */
static PyObject *
log_extend(PyObject *self, PyObject *numbers)
{
    PyObject *items = PySequence_Tuple(numbers); /* which nobody changes meanwhile */
    if (items == NULL)
        return NULL;
    if (PyTuple_GET_SIZE(items) % WIDTH) {
        PyErr_SetString(PyExc_ValueError, "a log is extended by whole steps");
        Py_DECREF(items);
        return NULL;
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(items); at += WIDTH) {
        Step step;
        if (as_int32(PyTuple_GET_ITEM(items, at + TRACEPOINT), &step.tracepoint) < 0
            || as_int32(PyTuple_GET_ITEM(items, at + PARENT), &step.parent) < 0
            || as_double(PyTuple_GET_ITEM(items, at + BEGIN), &step.begin) < 0
            || as_double(PyTuple_GET_ITEM(items, at + END), &step.end) < 0
            || log_append((Log *)self, step) < 0) {
            Py_DECREF(items);
            return NULL;
        }
    }
    Py_DECREF(items);
    return Py_NewRef(self);
}

/* Return the steps in little memory. */
static PyObject *
pack_log(Log *self)
{
    PyObject *packed;
    Py_BEGIN_CRITICAL_SECTION(self);
    packed = PyBytes_FromStringAndSize((char *)self->steps, self->count * sizeof(Step));
    Py_END_CRITICAL_SECTION();
    return packed;
}

static void
log_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(((Log *)self)->steps);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot log_slots[] = {
    {Py_tp_doc, "The steps of one writer, as one flat sequence of numbers."},
    {Py_tp_dealloc, log_dealloc},
    {Py_tp_new, PyType_GenericNew},
    {Py_sq_length, log_length},
    {Py_sq_item, log_item},
    {Py_sq_inplace_concat, log_extend},
    {Py_mp_length, log_length},
    {Py_mp_subscript, log_subscript},
    {Py_mp_ass_subscript, log_assign},
    {0, NULL},
};

static PyType_Spec log_spec = {
    .name = "flask_lifecycle.core._core.Log",
    .basicsize = sizeof(Log),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = log_slots,
};
