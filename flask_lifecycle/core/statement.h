/* The begin and end of an SQL statement: collectors/statements.py and sql.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "state.h"
#include "writer.h"

/* What `begin` in Python uses, as the shortcut's data has it. `end` has the first of these. */
enum { STATEMENT, LOCATE, NUMBER, KNOWN, DIALECT, PARTS_OF_STATEMENT };

/* The words that statements are known by have this length. */
#define WORD 6

static bool
are_parts_of_statement(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_STATEMENT)
           && PyType_Check(PyTuple_GET_ITEM(data, STATEMENT))
           && PyLong_Check(PyTuple_GET_ITEM(data, NUMBER));
}

/* Return whether a statement changes nothing, by its first word, and is shown as it is. */
static bool
is_plain_query(State *state, PyObject *parts, PyObject *trace, PyObject *statement, PyObject *values)
{
    if (!PyUnicode_CheckExact(statement))
        return false;
    PyObject *word = PyUnicode_Substring(statement, 0, WORD);
    PyObject *changes = get_item(PyTuple_GET_ITEM(parts, KNOWN), word);
    Py_XDECREF(changes); /* It is a bool. */
    Py_XDECREF(word);
    if (changes != Py_False)
        return false;
    PyObject *redactor = PyObject_GetAttr(trace, state->names.redactor);
    PyObject *is_plain = redactor == NULL ? NULL : PyObject_CallMethodObjArgs(
        redactor, state->names.is_plain, statement, values, NULL);
    Py_XDECREF(is_plain); /* It is a bool, too. */
    Py_XDECREF(redactor);
    return is_plain == Py_True;
}

/* Return the details of a statement; NULL with an exception. */
static PyObject *
new_statement(State *state, PyObject *parts, PyObject *text, PyObject *values, PyObject *dialect)
{
    PyTypeObject *kind = (PyTypeObject *)PyTuple_GET_ITEM(parts, STATEMENT);
    PyObject *nothing = PyTuple_New(0);
    PyObject *place = nothing == NULL ? NULL : PyObject_CallNoArgs(PyTuple_GET_ITEM(parts, LOCATE));
    PyObject *note = place == NULL ? NULL : kind->tp_new(kind, nothing, NULL);
    bool has_values = PyTuple_CheckExact(values) && PyTuple_GET_SIZE(values) > 0;
    /* As in its `__init__`. */
    if (note != NULL
        && (PyObject_SetAttr(note, state->names.text, text) < 0
            || PyObject_SetAttr(note, state->names.place, place) < 0
            || PyObject_SetAttr(note, state->names.many, Py_False) < 0
            || PyObject_SetAttr(note, state->names.parameters, has_values ? values : nothing) < 0
            || PyObject_SetAttr(note, state->names.dialect, dialect) < 0
            || PyObject_SetAttr(note, state->names.rows, Py_None) < 0))
        Py_CLEAR(note);
    Py_XDECREF(place);
    Py_XDECREF(nothing);
    return note;
}

/* Append the step of a statement; return its offset, or -1 with an exception. */
static Py_ssize_t
append_statement(State *state, PyObject *parts, Fields *writer, Log *log, PyObject *note)
{
    Step step = {.parent = (int32_t)writer->current};
    Py_ssize_t offset = log_length((PyObject *)log);
    /* Concurrent readers must find it with its statement. */
    if (as_int32(PyTuple_GET_ITEM(parts, NUMBER), &step.tracepoint) < 0
        || put_note(state, writer, &state->names.details, offset, note) < 0)
        return -1;
    step.begin = now();
    return log_append(log, step);
}

/* `begin(trace, statement, parameters, many, cursor=None, context=None, dialect="sqlite")`: it is done
 * for a query that is shown as it is. */
static PyObject *
begin_statement(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *parts = self->data;
    if (count < 4 || count > 7 || args[3] != Py_False || (count == 7 && !PyUnicode_Check(args[6])))
        return NULL;
    Fields *writer = as_writer(state, args[0]);
    Log *log = writer == NULL ? NULL : open_log(state, writer);
    PyObject *note = NULL, *begun = NULL;
    if (log != NULL && is_plain_query(state, parts, args[0], args[1], args[2]))
        note = new_statement(state, parts, args[1], args[2],
                             count == 7 ? args[6] : PyTuple_GET_ITEM(parts, DIALECT));
    if (note != NULL) {
        Py_ssize_t offset = append_statement(state, parts, writer, log, note);
        if (offset >= 0)
            begun = tuple_of(5, (PyObject *[]){Py_NewRef(args[0]), PyLong_FromSsize_t(offset),
                                               Py_NewRef(note), Py_NewRef(Py_None),
                                               Py_NewRef(Py_None)});
    }
    Py_XDECREF(note);
    Py_XDECREF(log);
    return begun;
}
VECTORCALL(begin_statement)

/* Put the number of rows with a statement, if a cursor knows it; return -1 with an exception, which may be
 * the cursor's: it is not asked again. */
static int
put_rows(State *state, PyObject *kind, PyObject *note, PyObject *cursor)
{
    PyObject *rows = NULL;
    int status = PyObject_GetOptionalAttr(cursor, state->names.rowcount, &rows), overflow = 0;
    if (status > 0 && PyLong_CheckExact(rows) && (PyObject *)Py_TYPE(note) == kind
        && (PyLong_AsLongLongAndOverflow(rows, &overflow) >= 0 || overflow > 0))
        status = PyObject_SetAttr(note, state->names.rows, rows);
    Py_XDECREF(rows);
    return status < 0 ? -1 : 0;
}

/* `end(begun, cursor=None)`: it is done for a statement after which no other has to be looked for. */
static PyObject *
end_statement(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count < 1 || count > 2 || !is_tuple_of(args[0], 5)
        || PyTuple_GET_ITEM(args[0], 4) == Py_False || is_armed(state))
        return NULL;
    Fields *writer = as_writer(state, PyTuple_GET_ITEM(args[0], 0));
    Log *log = writer == NULL ? NULL : log_of(state, writer);
    Py_ssize_t offset = log == NULL ? -1 : PyNumber_AsSsize_t(PyTuple_GET_ITEM(args[0], 1), NULL);
    bool is_done = offset >= 0;
    if (is_done && offset < log_length((PyObject *)log))
        (void)log_end(log, offset, now());
    Py_XDECREF(log);
    PyObject *kind = PyTuple_GET_ITEM(self->data, STATEMENT), *note = PyTuple_GET_ITEM(args[0], 2);
    if (is_done && put_rows(state, kind, note, count == 2 ? args[1] : Py_None) < 0)
        is_done = fail_open(state, (PyObject *)self) == 0;
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(end_statement)

/* What `recorded` in `collectors/sql.py` uses, as the shortcut's data has it: the recorded apps, what
 * returns the classes that define a dialect's methods, the method's name, its class's id and itself, what
 * begins and ends a step and what ends it with an exception, and whether there are many executions. */
enum {
    SQL_OWNERS, DEFINERS, METHOD_NAME, DEFINED, METHOD, BEGIN_STEP, END_STEP, FAIL_STEP, IS_MANY,
    PARTS_OF_EXECUTION
};

static bool
are_parts_of_execution(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_EXECUTION)
           && PyAnySet_Check(PyTuple_GET_ITEM(data, SQL_OWNERS))
           && PyLong_Check(PyTuple_GET_ITEM(data, DEFINED));
}

/* Return whether a method of a dialect is the one that is called first. */
static bool
is_outermost(PyObject *parts, PyObject *dialect)
{
    PyObject *definers = PyObject_CallOneArg(
        PyTuple_GET_ITEM(parts, DEFINERS), (PyObject *)Py_TYPE(dialect));
    PyObject *id = definers == NULL ? NULL : get_item(definers, PyTuple_GET_ITEM(parts, METHOD_NAME));
    bool is_first = id != NULL
                    && PyObject_RichCompareBool(id, PyTuple_GET_ITEM(parts, DEFINED), Py_EQ) == 1;
    Py_XDECREF(id);
    Py_XDECREF(definers);
    return is_first;
}

/* Return the trace that a statement belongs to; NULL, where there may be an exception, if none does. */
static PyObject *
trace_of_statement(State *state, PyObject *parts, PyObject *dialect)
{
    PyObject *trace = current_trace(state);
    Fields *writer = trace == NULL ? NULL : as_writer(state, trace);
    if (writer == NULL || is_owner_in(writer, PyTuple_GET_ITEM(parts, SQL_OWNERS)) != 1
        || !is_outermost(parts, dialect))
        Py_CLEAR(trace);
    return trace;
}

/* End the step of a statement that has failed, with the exception that is raised; it is raised still
 * afterwards. */
static void
fail_statement(PyObject *parts, PyObject *begun)
{
    PyObject *error = take_error();
    Handled before = begin_handling(error);
    PyObject *failed = PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(parts, FAIL_STEP), begun, error, NULL);
    end_handling(before);
    if (failed == NULL)
        Py_DECREF(error);
    else
        raise_error(error);
    Py_XDECREF(failed);
}

/* `recorded(self, cursor, statement, parameters, context)`; `*is_done` is false, where there may be an
 * exception, if that is left to Python. */
static PyObject *
execute(State *state, PyObject *parts, PyObject *const *args, size_t nargsf, bool *is_done)
{
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    PyObject *trace = count < 4 ? NULL : trace_of_statement(state, parts, args[0]);
    PyObject *name = trace == NULL ? NULL : PyObject_GetAttr(args[0], state->names.name);
    *is_done = name != NULL;
    if (!*is_done) {
        Py_XDECREF(trace);
        return NULL;
    }
    bool is_sqlite = PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "sqlite") == 0;
    PyObject *begun = PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(parts, BEGIN_STEP), trace, args[2], args[3], PyTuple_GET_ITEM(parts, IS_MANY),
        is_sqlite ? args[1] : Py_None, args[count - 1], name, NULL);
    Py_DECREF(name);
    Py_DECREF(trace);
    if (begun == NULL)
        return NULL;
    PyObject *result = PyObject_Vectorcall(PyTuple_GET_ITEM(parts, METHOD), args, nargsf, NULL);
    if (begun != Py_None && result == NULL) {
        fail_statement(parts, begun);
    } else if (begun != Py_None) {
        PyObject *ended = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, END_STEP), begun, args[1], NULL);
        if (ended == NULL)
            Py_CLEAR(result);
        Py_XDECREF(ended);
    }
    Py_DECREF(begun);
    return result;
}

/* `collectors/sql.py`, `recorded`: what the method of the dialect raises passes. */
static PyObject *
execute_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL)
        result = execute(state, self->data, args, nargsf, &is_done);
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}

/* `recorder/memo.py`, `remembered(kind)`: it is done for a class that is known. Its data is the values by
 * the ids of the classes. */
static PyObject *
remembered(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    return count == 1 ? get_by_id(self->data, args[0]) : NULL;
}
VECTORCALL(remembered)
