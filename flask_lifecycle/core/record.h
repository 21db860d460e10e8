/* One call of a recorded function: what runs around it, as recorder/in_python.py has it. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "log.h"
#include "objects.h"
#include "probes.h"
#include "state.h"
#include "writer.h"

/* Call the function as one that may be held: `called` of recorder/holding.py does, with the writer, the
 * step, the function and its arguments. */
static PyObject *
call_held(Call *call)
{
    Py_ssize_t given = PyVectorcall_NARGS(call->nargsf);
    Py_ssize_t named = call->kwnames == NULL ? 0 : PyTuple_GET_SIZE(call->kwnames);
    PyObject *name = call->state->names.called, *callable = from_holding(call->state, name);
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
        result = PyObject_Vectorcall(callable, args, 3 + given, call->kwnames);
    }
    PyMem_Free(args);
    Py_XDECREF(step);
    Py_XDECREF(callable);
    return result;
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
    if (!is_writer(call->state, writer)) {
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
        if (is_over < 0 || (is_over && hold_after_step(call->state, call->writer, call->step) < 0))
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
    return is_armed(call->state) ? hold_after_step(call->state, call->writer, call->step) : 0;
}

/* Call the function in its step, which has begun. */
static PyObject *
call_in_step(Call *call, Log *log, Py_ssize_t outer)
{
    State *state = call->state;
    PyObject *error = NULL;
    Handled before;
    bool is_handling = false;
    call->result = is_armed(state) ? call_held(call) : call_function(call);
    if (call->result == NULL) {
        error = take_error();
        before = begin_handling(error);
        is_handling = true;
        if (put_outcome(state, call->writer, call->step, error) < 0
            && fail_open(state, (PyObject *)state->Recording) < 0)
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
                         : put_note(call->state, call->writer, &call->state->names.details,
                                    call->step, noted);
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
