/* What runs for each step of a request, in C: the log, the fields of its writer, and the function
 * around a recorded one. `twin.py` and `recorder/in_python.py` do the same in Python, and their
 * behaviour is the specification of this file.
 *
 * Only what every step needs is here. A full log, a strand of another thread, a request that is
 * held and a description of an exception are left to the Python code.
 *
 * What each function may rely on: a callable and its arguments are kept alive by whoever calls it;
 * everything else that is used after a call of Python code is owned for that long, and the address
 * of a log's steps is read again, as appending moves them.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <stdbool.h>
#include <stdint.h>

/* Has to be the same in __init__.py, so that a module built from older sources is not used. */
#define REVISION 1

#ifndef Py_BEGIN_CRITICAL_SECTION /* before Python 3.13 there is always a GIL */
#define Py_BEGIN_CRITICAL_SECTION(op) { (void)(op)
#define Py_END_CRITICAL_SECTION() }
#endif

/* ---- The clock: that of `time.perf_counter`, with the same rounding. ---- */

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

/* ---- The log: steps as C structs, which Python code reads as one flat sequence of numbers. ---- */

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

static void
log_end(Log *self, Py_ssize_t offset, double end)
{
    Py_BEGIN_CRITICAL_SECTION(self);
    self->steps[offset / WIDTH].end = end;
    Py_END_CRITICAL_SECTION();
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

/* ---- The fields of a writer that are used for each step. ---- */

typedef struct {
    PyObject_HEAD
    PyObject *owner;
    PyObject *log;
    PyObject *notes;
    Py_ssize_t current;
    Py_ssize_t limit;
    unsigned long long ident;
} Fields;

static PyMemberDef fields_members[] = {
    {"owner", T_OBJECT_EX, offsetof(Fields, owner), 0, NULL},
    {"log", T_OBJECT_EX, offsetof(Fields, log), 0, NULL},
    {"notes", T_OBJECT_EX, offsetof(Fields, notes), 0, NULL},
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
    return 0;
}

static int
fields_clear(PyObject *self)
{
    Fields *fields = (Fields *)self;
    Py_CLEAR(fields->owner);
    Py_CLEAR(fields->log);
    Py_CLEAR(fields->notes);
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

/* ---- The module's state, which each interpreter has for itself. ---- */

#define NAMES(X) \
    X(armed) X(called) X(after) X(details) X(fold) X(is_spine) X(outcomes) X(strand) \
    X(__qualname__)

typedef struct {
    PyTypeObject *Log;
    PyTypeObject *Fields;
    PyTypeObject *Recording;
    /* See `setup`. */
    PyObject *current;
    PyObject *get_ident;
    PyObject *describe_error;
    PyObject *failed;
    PyObject *holding;
    struct {
#define X(name) PyObject *name;
        NAMES(X)
#undef X
    } names;
} State;

/* ---- Exceptions, by the functions of Python 3.12. ---- */

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

/* What `sys.exc_info()` returns, to be restored. */
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
#if PY_VERSION_HEX >= 0x030B0000
    before.value = PyErr_GetHandledException();
    PyErr_SetHandledException(error);
#else
    PyErr_GetExcInfo(&before.type, &before.value, &before.traceback);
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

/* ---- Recorded functions. ---- */

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

/* Report the exception that is raised as a fault of ours, in `callable`. Return -1 if it is raised
 * still: one that is not an Exception, such as KeyboardInterrupt, is not ours. */
static int
fail_open(State *state, PyObject *callable)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyObject *error = take_error();
    Handled before = begin_handling(error);
    PyObject *reported = PyObject_CallFunctionObjArgs(state->failed, callable, error, NULL);
    end_handling(before);
    Py_DECREF(error);
    if (reported == NULL)
        return -1;
    Py_DECREF(reported);
    return 0;
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

/* Return a truth value, or -1 with an exception. Takes the reference. */
static int
is_true(PyObject *value)
{
    if (value == NULL)
        return -1;
    int truth = PyObject_IsTrue(value);
    Py_DECREF(value);
    return truth;
}

/* Return a name of recorder/holding.py: a new reference, or NULL without an exception. */
static PyObject *
from_holding(State *state, PyObject *name)
{
    PyObject *value = NULL;
    if (state->holding == NULL)
        return NULL;
#if PY_VERSION_HEX >= 0x030D0000
    if (PyDict_GetItemRef(state->holding, name, &value) < 0)
        PyErr_Clear();
#else
    value = Py_XNewRef(PyDict_GetItemWithError(state->holding, name));
    if (value == NULL)
        PyErr_Clear();
#endif
    return value;
}

/* Return whether any request may be held. */
static bool
is_armed(State *state)
{
    PyObject *armed = from_holding(state, state->names.armed);
    Py_XDECREF(armed); /* It is a bool. */
    return armed == Py_True;
}

/* Call a function of recorder/holding.py with the writer and the step, and for one that calls the
 * recorded function, with this and its arguments. */
static PyObject *
call_holding(Call *call, PyObject *name, bool with_function)
{
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    Py_ssize_t named = call->kwnames == NULL ? 0 : PyTuple_GET_SIZE(call->kwnames);
    PyObject *callable = from_holding(call->state, name);
    PyObject *step = PyLong_FromSsize_t(call->step);
    PyObject **args = PyMem_New(PyObject *, 3 + given + named);
    PyObject *result = NULL;
    if (args == NULL) {
        PyErr_NoMemory();
    } else if (callable == NULL) {
        PyErr_SetObject(PyExc_AttributeError, name);
    } else if (step != NULL) {
        args[0] = (PyObject *)call->writer;
        args[1] = step;
        args[2] = call->func;
        for (Py_ssize_t index = 0; index < given + named; index++)
            args[3 + index] = call->args[index];
        result = PyObject_Vectorcall(
            callable, args, with_function ? 3 + given : 2, with_function ? call->kwnames : NULL);
    }
    PyMem_Free(args);
    Py_XDECREF(step);
    Py_XDECREF(callable);
    return result;
}

static int
hold_after(Call *call)
{
    PyObject *result = call_holding(call, call->state->names.after, false);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Return an object that a writer refers to: a new reference, or NULL with an exception. */
static PyObject *
field(Fields *writer, PyObject **place)
{
    PyObject *value;
    Py_BEGIN_CRITICAL_SECTION(writer);
    value = Py_XNewRef(*place);
    Py_END_CRITICAL_SECTION();
    if (value == NULL)
        PyErr_SetString(PyExc_AttributeError, "the writer is not complete");
    return value;
}

/* Return one of the dicts in `writer.notes`, in the same way. */
static PyObject *
notes_of(Call *call, PyObject *name)
{
    PyObject *notes = field(call->writer, &call->writer->notes);
    PyObject *dict = notes == NULL ? NULL : PyObject_GetAttr(notes, name);
    Py_XDECREF(notes);
    return dict;
}

/* Do `writer.notes.<name>[step] = value`. */
static int
put_note(Call *call, PyObject *name, PyObject *value)
{
    PyObject *notes = notes_of(call, name);
    PyObject *step = notes == NULL ? NULL : PyLong_FromSsize_t(call->step);
    int status = step == NULL ? -1 : PyObject_SetItem(notes, step, value);
    Py_XDECREF(notes);
    Py_XDECREF(step);
    return status;
}

/* Return whether the step has an outcome, or -1 with an exception. */
static int
has_outcome(Call *call)
{
    PyObject *outcomes = notes_of(call, call->state->names.outcomes);
    PyObject *step = outcomes == NULL ? NULL : PyLong_FromSsize_t(call->step);
    int status = step == NULL ? -1 : PySequence_Contains(outcomes, step);
    Py_XDECREF(outcomes);
    Py_XDECREF(step);
    return status;
}

/* Let another writer take the step. Takes the reference; return -1 with an exception if it is NULL
 * or not a writer. */
static int
change_writer(Call *call, PyObject *writer)
{
    if (writer == NULL)
        return -1;
    if (!PyObject_TypeCheck(writer, call->state->Fields)) {
        PyErr_Format(PyExc_TypeError, "%.100s is not a writer", Py_TYPE(writer)->tp_name);
        Py_DECREF(writer);
        return -1;
    }
    Py_SETREF(call->writer, (Fields *)writer);
    return 0;
}

/* Return whether this thread is the writer's, or -1 with an exception. Where threads are greenlets,
 * `get_ident` is the library's that replaces `threading.get_ident`. */
static int
is_own_thread(Call *call)
{
    PyObject *get_ident = call->state->get_ident;
    if (get_ident == NULL)
        return call->writer->ident == PyThread_get_thread_ident();
    PyObject *ident = PyObject_CallNoArgs(get_ident);
    if (ident == NULL)
        return -1;
    unsigned long long number = PyLong_AsUnsignedLongLongMask(ident);
    Py_DECREF(ident);
    return PyErr_Occurred() ? -1 : call->writer->ident == number;
}

/* Return whether a step is kept though its writer is full, or -1 with an exception. */
static int
is_kept(Call *call)
{
    Callable *kept = &call->recording->kept;
    if (kept->callable != NULL)
        return is_true(call_with_asked(call, kept, NULL));
    PyObject *tracepoint = PyLong_FromLong(call->recording->tracepoint);
    if (tracepoint == NULL)
        return -1;
    int truth = is_true(PyObject_CallMethodOneArg(
        (PyObject *)call->writer, call->state->names.is_spine, tracepoint));
    Py_DECREF(tracepoint);
    return truth;
}

/* Return the log of the writer, whose type is checked: a new reference, or NULL with an exception. */
static Log *
log_of(Call *call)
{
    PyObject *log = field(call->writer, &call->writer->log);
    if (log == NULL || Py_IS_TYPE(log, call->state->Log))
        return (Log *)log;
    PyErr_Format(PyExc_TypeError, "%.100s is not a log", Py_TYPE(log)->tp_name);
    Py_DECREF(log);
    return NULL;
}

/* Append the step to the log of the writer, or of a fold if that is full. Return the log: a new
 * reference, or NULL with an exception. */
static Log *
begin_step(Call *call)
{
    Log *log = log_of(call);
    if (log != NULL && log_length((PyObject *)log) >= call->writer->limit) {
        int keep = is_kept(call);
        if (keep == 0) {
            PyObject *number = PyLong_FromLong(call->recording->tracepoint);
            keep = number == NULL ? -1
                                  : change_writer(call, PyObject_CallMethodOneArg(
                                        (PyObject *)call->writer, call->state->names.fold, number));
            Py_XDECREF(number);
            if (keep == 0)
                Py_SETREF(log, log_of(call));
        }
        if (keep < 0)
            Py_CLEAR(log);
    }
    if (log == NULL)
        return NULL;
    Step step = {call->recording->tracepoint, (int32_t)call->writer->current, now(), 0.0};
    call->step = log_append(log, step);
    if (call->step < 0)
        Py_CLEAR(log);
    return log;
}

/* Replace what the call has come to by the exception that is raised: its result, or an exception
 * that it was raising. */
static void
replace_outcome(Call *call, PyObject **error)
{
    PyObject *raised = take_error();
    Py_CLEAR(call->result);
    Py_XSETREF(*error, raised);
}

/* What runs once the step has ended; return -1 with an exception. */
static int
leave(Call *call)
{
    Recording *self = call->recording;
    for (int index = self->probe_count - 1; index >= 0; index--)
        if (run_and_ignore(call, &self->probes[index].at[LEAVE], call->entered[index]) < 0)
            return -1;
    if (is_armed(call->state)) {
        /* Before the callables that run only after a return, unless there are none to wait for. */
        int is_over = self->has_after ? has_outcome(call) : 1;
        if (is_over < 0 || (is_over && hold_after(call) < 0))
            return -1;
    }
    return 0;
}

/* What runs if the function has returned something; return -1 with an exception. */
static int
after(Call *call)
{
    Recording *self = call->recording;
    if (!self->has_after)
        return 0;
    for (int index = self->probe_count - 1; call->result != Py_None && index >= 0; index--)
        if (run_and_ignore(call, &self->probes[index].at[AFTER], call->entered[index]) < 0)
            return -1;
    return is_armed(call->state) ? hold_after(call) : 0;
}

/* Call the function in its step, which has begun. */
static PyObject *
call_in_step(Call *call, Log *log, Py_ssize_t outer)
{
    State *state = call->state;
    PyObject *error = NULL;
    Handled before;
    bool is_handling = false;
    call->result = is_armed(state) ? call_holding(call, state->names.called, true)
                                   : call_function(call);
    if (call->result == NULL) {
        error = take_error();
        before = begin_handling(error);
        is_handling = true;
        PyObject *described = PyObject_CallOneArg(state->describe_error, error);
        if (described == NULL || put_note(call, state->names.outcomes, described) < 0)
            if (fail_open(state, state->describe_error) < 0)
                replace_outcome(call, &error);
        Py_XDECREF(described);
    }
    log_end(log, call->step, now());
    call->writer->current = outer;
    if (leave(call) < 0)
        replace_outcome(call, &error);
    if (is_handling)
        end_handling(before);
    if (error == NULL && after(call) < 0)
        replace_outcome(call, &error);
    if (error != NULL) {
        raise_error(error);
        return NULL;
    }
    return Py_NewRef(call->result);
}

/* Run what runs before the step. Return 1 if the function is to be recorded, 0 if that is not
 * possible, and -1 with an exception that has to reach the app. */
static int
enter(Call *call)
{
    Recording *self = call->recording;
    for (int index = 0; index < self->probe_count; index++)
        if (run_and_ignore(call, &self->probes[index].at[BEFORE], NULL) < 0)
            return -1;
    int is_own = is_own_thread(call);
    if (is_own == 0)
        is_own = change_writer(
            call, PyObject_CallMethodNoArgs((PyObject *)call->writer, call->state->names.strand));
    if (is_own < 0)
        return fail_open(call->state, (PyObject *)call->state->Recording);
    for (int index = 0; index < self->probe_count; index++)
        if (run(call, &self->probes[index].at[ENTER], NULL, &call->entered[index]) < 0)
            return -1;
    return 1;
}

static int
note(Call *call)
{
    Recording *self = call->recording;
    for (int index = 0; index < self->probe_count; index++) {
        PyObject *noted;
        if (run(call, &self->probes[index].at[NOTE], NULL, &noted) < 0)
            return -1;
        int status = noted == NULL || noted == Py_None
                         ? 0
                         : put_note(call, call->state->names.details, noted);
        Py_XDECREF(noted);
        if (status < 0 && fail_open(call->state, self->probes[index].at[NOTE].callable) < 0)
            return -1;
    }
    return 0;
}

static PyObject *
record(Call *call)
{
    PyObject *result = NULL;
    Log *log = NULL;
    int goes_on = enter(call);
    if (goes_on > 0) {
        log = begin_step(call);
        if (log == NULL)
            goes_on = fail_open(call->state, (PyObject *)call->state->Recording);
    }
    if (log != NULL) {
        Py_ssize_t outer = call->writer->current;
        call->writer->current = call->step;
        if (note(call) == 0)
            result = call_in_step(call, log, outer);
    } else if (goes_on == 0) {
        result = call_function(call);
    }
    for (int index = 0; index < call->recording->probe_count; index++)
        Py_XDECREF(call->entered[index]);
    Py_XDECREF(call->result);
    Py_XDECREF(log);
    return result;
}

/* Return whether the current trace is one in which the function is recorded, or -1 with an exception
 * that has to reach the app. */
static int
is_recorded(Call *call)
{
    Recording *self = call->recording;
    PyObject *trace;
    if (call->state->current == NULL) /* The module has been torn down. */
        return 0;
    if (PyContextVar_Get(call->state->current, NULL, &trace) < 0)
        return fail_open(call->state, (PyObject *)call->state->Recording);
    if (trace == NULL || !PyObject_TypeCheck(trace, call->state->Fields)) {
        Py_XDECREF(trace);
        return 0;
    }
    call->writer = (Fields *)trace;
    if (self->unless.callable == NULL)
        return call->writer->owner == self->owner;
    PyObject *skips;
    int truth = -1;
    if (run(call, &self->unless, NULL, &skips) < 0)
        return -1;
    if (skips == NULL)
        return 0;
    truth = is_true(skips);
    return truth < 0 ? fail_open(call->state, self->unless.callable) : !truth;
}

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

/* Not `names` and `defaults`: they are in no cycle by themselves, as a call would need them. */
static int
recording_clear(PyObject *object)
{
    Recording *self = (Recording *)object;
    Py_CLEAR(self->func);
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
    Py_XDECREF(self->names);
    Py_XDECREF(self->defaults);
    PyMem_Free(self->probes);
    type->tp_free(object);
    Py_DECREF(type);
}

/* Bind as a function does. */
static PyObject *
recording_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(owner))
{
    if (instance == NULL || instance == Py_None)
        return Py_NewRef(self);
    return PyMethod_New(self, instance);
}

static PyObject *
recording_repr(PyObject *self)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *name = PyObject_GetAttr(self, state->names.__qualname__);
    if (name == NULL)
        return NULL;
    PyObject *text = PyUnicode_FromFormat("<function %S at %p>", name, self);
    Py_DECREF(name);
    return text;
}

/* Be copied as functions are: not at all; and be pickled by name. */
static PyObject *
recording_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return PyObject_GetAttr(self, state->names.__qualname__);
}

static PyMethodDef recording_methods[] = {
    {"__reduce__", recording_reduce, METH_NOARGS, NULL},
    {NULL},
};

static PyMemberDef recording_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Recording, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Recording, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Recording, weakrefs), READONLY, NULL},
    {NULL},
};

static PyGetSetDef recording_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL},
};

static PyType_Slot recording_slots[] = {
    {Py_tp_doc, "Calls a function and records the call as a step of the current trace."},
    {Py_tp_new, recording_new},
    {Py_tp_dealloc, recording_dealloc},
    {Py_tp_traverse, recording_traverse},
    {Py_tp_clear, recording_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, recording_get},
    {Py_tp_repr, recording_repr},
    {Py_tp_methods, recording_methods},
    {Py_tp_members, recording_members},
    {Py_tp_getset, recording_getset},
    {0, NULL},
};

static PyType_Spec recording_spec = {
    .name = "flask_lifecycle.core._core.Recording",
    .basicsize = sizeof(Recording),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
             | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = recording_slots,
};

/* ---- The module. ---- */

PyDoc_STRVAR(setup_doc,
"Take what recorded functions use: the context variable of the current trace, what identifies a\n"
"thread, what describes an exception, what reports a fault, and the names of recorder/holding.py.");

static PyObject *
setup(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *current, *get_ident, *describe_error, *failed, *holding;
    if (!PyArg_ParseTuple(args, "OOOOO!:setup", &current, &get_ident, &describe_error, &failed,
                          &PyDict_Type, &holding))
        return NULL;
    if (!PyContextVar_CheckExact(current)) {
        PyErr_SetString(PyExc_TypeError, "the current trace is in a context variable");
        return NULL;
    }
    PyObject *ident = PyObject_CallNoArgs(get_ident);
    if (ident == NULL)
        return NULL;
    unsigned long long number = PyLong_AsUnsignedLongLongMask(ident);
    Py_DECREF(ident);
    if (PyErr_Occurred())
        return NULL;
    /* Python's own need not be called. */
    bool is_native = number == PyThread_get_thread_ident();
    Py_XSETREF(state->get_ident, is_native ? NULL : Py_NewRef(get_ident));
    Py_XSETREF(state->current, Py_NewRef(current));
    Py_XSETREF(state->describe_error, Py_NewRef(describe_error));
    Py_XSETREF(state->failed, Py_NewRef(failed));
    Py_XSETREF(state->holding, Py_NewRef(holding));
    Py_RETURN_NONE;
}

static PyObject *
pack(PyObject *module, PyObject *log)
{
    State *state = PyModule_GetState(module);
    if (!Py_IS_TYPE(log, state->Log))
        return PyErr_Format(PyExc_TypeError, "%.100s is not a log", Py_TYPE(log)->tp_name);
    PyObject *packed;
    Py_BEGIN_CRITICAL_SECTION(log);
    packed = PyBytes_FromStringAndSize(
        (char *)((Log *)log)->steps, ((Log *)log)->count * sizeof(Step));
    Py_END_CRITICAL_SECTION();
    return packed;
}

static PyMethodDef core_methods[] = {
    {"pack", pack, METH_O, "Return the steps of a log in little memory."},
    {"setup", setup, METH_VARARGS, setup_doc},
    {NULL},
};

static int
core_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
#define X(name) \
    if ((state->names.name = PyUnicode_InternFromString(#name)) == NULL) \
        return -1;
    NAMES(X)
#undef X
#define ADD(name, spec) \
    state->name = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL); \
    if (state->name == NULL || PyModule_AddType(module, state->name) < 0) \
        return -1;
    ADD(Log, log_spec)
    ADD(Fields, fields_spec)
    ADD(Recording, recording_spec)
#undef ADD
#define ADD(name) || PyModule_AddIntConstant(module, #name, name) < 0
    return PyModule_AddIntConstant(module, "REVISION", REVISION) < 0 ADD(WRITER)
                   ADD(TRACEPOINT_NUMBER) ADD(STEP) ADD(ENTERED) ADD(RESULT) ADD(NOTHING)
                   ADD(FIRST_MORE) ADD(LAST_MORE) ADD(ARGS) ADD(KWARGS)
               ? -1
               : 0;
#undef ADD
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->Log);
    Py_VISIT(state->Fields);
    Py_VISIT(state->Recording);
    Py_VISIT(state->current);
    Py_VISIT(state->get_ident);
    Py_VISIT(state->describe_error);
    Py_VISIT(state->failed);
    Py_VISIT(state->holding);
    return 0;
}

static int
core_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->current);
    Py_CLEAR(state->get_ident);
    Py_CLEAR(state->describe_error);
    Py_CLEAR(state->failed);
    Py_CLEAR(state->holding);
    return 0;
}

/* The types and names stay until the end: functions that outlive the module use them. */
static void
core_free(void *module)
{
    State *state = PyModule_GetState(module);
    (void)core_clear(module);
    Py_CLEAR(state->Log);
    Py_CLEAR(state->Fields);
    Py_CLEAR(state->Recording);
#define X(name) Py_CLEAR(state->names.name);
    NAMES(X)
#undef X
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "flask_lifecycle.core._core",
    .m_doc = "The recording of steps, compiled.",
    .m_size = sizeof(State),
    .m_methods = core_methods,
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
