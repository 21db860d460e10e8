/* Recorded functions. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include "errors.h"
#include "functions.h"
#include "probes.h"
#include "writer.h"

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

/* Return whether the step has an outcome, or -1 with an exception. */
static int
has_outcome(Call *call)
{
    PyObject *outcomes = notes_of(call->state, call->writer, &call->state->names.outcomes);
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

/* Append the step to the log of the writer, or of a fold if that is full. Return the log: a new
 * reference, or NULL with an exception. */
static Log *
begin_step(Call *call)
{
    Log *log = log_of(call->state, call->writer);
    if (log != NULL && log_length((PyObject *)log) >= call->writer->limit) {
        int keep = is_kept(call);
        if (keep == 0) {
            PyObject *number = PyLong_FromLong(call->recording->tracepoint);
            keep = number == NULL ? -1
                                  : change_writer(call, PyObject_CallMethodOneArg(
                                        (PyObject *)call->writer, call->state->names.fold, number));
            Py_XDECREF(number);
            if (keep == 0)
                Py_SETREF(log, log_of(call->state, call->writer));
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

/* Give the step its outcome; return -1 with an exception. */
static int
describe(Call *call, PyObject *error)
{
    State *state = call->state;
    if (state->describe_error == NULL) /* The module has been torn down. */
        return 0;
    PyObject *described = PyObject_CallOneArg(state->describe_error, error);
    int status = -1;
    if (described != NULL)
        status = put_note(state, call->writer, &state->names.outcomes, call->step, described);
    Py_XDECREF(described);
    return status;
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
        if (describe(call, error) < 0 && fail_open(state, (PyObject *)state->Recording) < 0)
            replace_outcome(call, &error);
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
    int is_own = is_own_thread(call->state, call->writer);
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
                         : put_note(call->state, call->writer, &call->state->names.details, call->step, noted);
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
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
             | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = recording_slots,
};
