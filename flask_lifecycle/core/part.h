/* The parts of a page, each rendered in its step: collectors/templates/parts.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "steps.h"
#include "writer.h"

/* What the functions in Python use, as the shortcuts' data has it; the last two are a template's. */
enum {
    TEMPLATE_OWNERS, PARTS_CLASS, END_CALLS, PARTS_OF_BLOCK,
    RENDER = PARTS_OF_BLOCK, TRACEPOINT_OF, PARTS_OF_ROOT
};

static bool
are_parts_of_block(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) >= PARTS_OF_BLOCK
           && PyAnySet_Check(PyTuple_GET_ITEM(data, TEMPLATE_OWNERS))
           && PyType_Check(PyTuple_GET_ITEM(data, PARTS_CLASS));
}

static bool
are_parts_of_root(PyObject *data)
{
    return are_parts_of_block(data) && PyTuple_GET_SIZE(data) == PARTS_OF_ROOT;
}

/* Return the writer of the current request, None if its app is not in a set, or NULL, where there may be
 * an exception, if that is left to Python. */
static PyObject *
writer_in(State *state, PyObject *owners)
{
    PyObject *trace = current_trace(state);
    Fields *writer = trace == NULL ? NULL : as_writer(state, trace);
    int is_recorded = writer == NULL ? -1 : is_owner_in(writer, owners);
    if (is_recorded == 0)
        Py_SETREF(trace, Py_NewRef(Py_None));
    else if (is_recorded < 0 || is_own_thread(state, writer) <= 0)
        Py_CLEAR(trace);
    return trace;
}

/* A part of a page. All that it has is borrowed from whoever renders it. */
typedef struct {
    State *state;
    PyObject *data;
    Fields *writer;
    PyObject *rendering;
    PyObject *tracepoint;
    PyObject *note;
    PyObject *render;
    PyObject *const *args;
    size_t nargsf;
    PyObject *kwnames;
    bool joins;
    /* Of a template as a whole: what the writer renders around it. */
    PyObject *outer;
} Part;

/* Return whether a step may begin in a writer that is not held. */
static bool
has_room(State *state, Fields *writer)
{
    Log *log = open_log(state, writer);
    Py_XDECREF(log);
    return log != NULL;
}

/* Return whether a part is rendered as a whole, in a step that may begin and is not held. */
static bool
is_whole(Part *part)
{
    State *state = part->state;
    PyObject *writer = (PyObject *)part->writer;
    if (part->rendering == Py_None
        || !attribute_is(state, part->rendering, &state->names.whole, Py_True)
        || !attribute_is(state, writer, &state->names.macros, Py_None)
        || !has_room(state, part->writer))
        return false;
    part->joins = attribute_is(state, part->rendering, &state->names.joins, Py_True);
    return !PyErr_Occurred();
}

/* Return the rendered chunks as a list with one text, which the templates around pass on faster than
 * many; NULL with an exception. */
static PyObject *
joined(Part *part, PyObject *chunks)
{
    PyObject *kind = PyTuple_GET_ITEM(part->data, PARTS_CLASS);
    PyObject *empty = part->joins ? PyUnicode_FromStringAndSize(NULL, 0) : NULL;
    PyObject *text = empty == NULL ? NULL : PyUnicode_Join(empty, chunks), *result = NULL;
    Py_XDECREF(empty);
    /* An extension's own values are not texts. */
    if (text == NULL && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError))
        return NULL;
    PyErr_Clear();
    PyObject *items = text == NULL ? Py_NewRef(chunks) : PyTuple_Pack(1, text);
    if (items != NULL)
        result = PyObject_CallOneArg(kind, items);
    Py_XDECREF(items);
    Py_XDECREF(text);
    return result;
}

static PyObject *
rendered(Part *part)
{
    PyObject *chunks = PyObject_Vectorcall(part->render, part->args, part->nargsf, NULL);
    PyObject *list = chunks == NULL ? NULL : PySequence_List(chunks);
    PyObject *result = list == NULL ? NULL : joined(part, list);
    Py_XDECREF(list);
    Py_XDECREF(chunks);
    return result;
}

/* End the calls of macros in a step, if there are any; return -1 with an exception. */
static int
end_macros(Part *part, PyObject *step)
{
    State *state = part->state;
    if (attribute_is(state, (PyObject *)part->writer, &state->names.macros, Py_None))
        return 0;
    PyObject *log = field(part->writer, &part->writer->log);
    PyObject *ended = log == NULL ? NULL : PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(part->data, END_CALLS), part->writer, log, step, NULL);
    Py_XDECREF(ended);
    Py_XDECREF(log);
    return ended == NULL ? -1 : 0;
}

/* End the step, and hold the request after it if it is to be; return -1 with an exception. */
static int
end_part(Part *part, PyObject *step)
{
    State *state = part->state;
    Py_ssize_t offset = PyLong_AsSsize_t(step);
    int status = end_macros(part, step);
    if (status < 0)
        status = fail_open(state, PyTuple_GET_ITEM(part->data, END_CALLS));
    Log *log = log_of(state, part->writer);
    /* If the request has ended in the meantime, its log is another one. */
    if (log != NULL && offset < log_length((PyObject *)log))
        part->writer->current = log_end(log, offset, now());
    Py_XDECREF(log);
    if (status < 0 || log == NULL)
        return -1;
    return is_armed(state) ? hold_after_step(state, part->writer, offset) : 0;
}

/* Give the step its outcome; return -1 with an exception that has to reach the app. */
static int
describe_part(Part *part, Py_ssize_t step, PyObject *error)
{
    State *state = part->state;
    int status = put_outcome(state, part->writer, step, error);
    return status < 0 ? fail_open(state, state->describe_error) : 0;
}

/* Render a part, or a template as a whole, in a step that has begun. */
static PyObject *
render_in_step(Part *part, PyObject *step, PyObject *(*run)(Part *))
{
    PyObject *result = run(part), *error = result == NULL ? take_error() : NULL;
    Handled before;
    if (error != NULL)
        before = begin_handling(error);
    int status = error == NULL ? 0 : describe_part(part, PyLong_AsSsize_t(step), error);
    PyObject *other = status < 0 ? take_error() : NULL;
    if (part->outer != NULL
        && set_attr(part->state, (PyObject *)part->writer, &part->state->names.rendering,
                    part->outer) < 0)
        Py_XSETREF(other, take_error());
    if (end_part(part, step) < 0)
        Py_XSETREF(other, take_error());
    if (error != NULL)
        end_handling(before);
    if (other != NULL) {
        Py_CLEAR(result);
        Py_XSETREF(error, other);
    }
    if (error != NULL)
        raise_error(error);
    return result;
}

/* Render a part as a step; `*is_done` is false, without an exception, if that is left to Python. */
static PyObject *
render_part(Part *part, bool *is_done)
{
    *is_done = is_whole(part);
    Py_ssize_t offset = -1;
    if (*is_done)
        offset = begin_in(part->state, part->writer, part->tracepoint, part->note);
    PyObject *step = offset < 0 ? NULL : PyLong_FromSsize_t(offset);
    if (step == NULL) {
        PyErr_Clear();
        *is_done = false;
        return NULL;
    }
    PyObject *result = render_in_step(part, step, rendered);
    Py_DECREF(step);
    return result;
}

/* Return whether the current rendering is of this template, whose code has not begun yet; begin it.
 * -1 with an exception. */
static int
begins_rendering(State *state, PyObject *rendering)
{
    if (rendering == Py_None)
        return 0;
    PyObject *begun = PyObject_GetAttr(rendering, state->names.begun);
    Py_XDECREF(begun); /* It is a bool. */
    if (begun == NULL)
        return -1;
    if (begun != Py_False)
        return 0;
    return PyObject_SetAttr(rendering, state->names.begun, Py_True) < 0 ? -1 : 1;
}

/* `recorded_root`: render the root of a template, which is a part like its blocks. */
static PyObject *
render_root(State *state, PyObject *data, PyObject *const *args, size_t nargsf, bool *is_done)
{
    PyObject *writer = writer_in(state, PyTuple_GET_ITEM(data, TEMPLATE_OWNERS));
    PyObject *render = PyTuple_GET_ITEM(data, RENDER), *result = NULL;
    PyObject *rendering = NULL;
    *is_done = writer == Py_None;
    if (writer != NULL && writer != Py_None)
        rendering = PyObject_GetAttr(writer, state->names.rendering);
    int begins = rendering == NULL ? -1 : begins_rendering(state, rendering);
    if (begins > 0)
        *is_done = true;
    if (*is_done) {
        result = PyObject_Vectorcall(render, args, nargsf, NULL);
    } else if (begins == 0) {
        Part part = {
            .state = state, .data = data, .writer = (Fields *)writer, .rendering = rendering,
            .tracepoint = PyTuple_GET_ITEM(data, TRACEPOINT_OF), .note = Py_None, .render = render,
            .args = args, .nargsf = nargsf,
        };
        result = render_part(&part, is_done);
    }
    Py_XDECREF(rendering);
    Py_XDECREF(writer);
    return result;
}

/* Return whether the current step is of a template, or -1 with an exception. */
static int
is_at_home(State *state, Fields *writer, PyObject *tracepoint)
{
    if (writer->current < 0)
        return 0;
    PyObject *tracepoints = notes_of(state, writer, &state->names.tracepoints);
    PyObject *step = tracepoints == NULL ? NULL : PyLong_FromSsize_t(writer->current);
    PyObject *found = step == NULL ? NULL : get_item(tracepoints, step);
    int is_same = found == NULL ? 0 : PyObject_RichCompareBool(found, tracepoint, Py_EQ);
    Py_XDECREF(found);
    Py_XDECREF(step);
    Py_XDECREF(tracepoints);
    return PyErr_Occurred() ? -1 : is_same;
}

/* What a block has. */
typedef struct {
    PyObject *func;
    PyObject *note;
    PyObject *tracepoint;
} Block;

static bool
block_take(State *state, PyObject *object, Block *block)
{
    block->func = PyObject_GetAttr(object, state->names.func);
    block->note = block->func == NULL ? NULL : PyObject_GetAttr(object, state->names._note);
    block->tracepoint = block->note == NULL ? NULL
                                            : PyObject_GetAttr(object, state->names._tracepoint);
    return block->tracepoint != NULL;
}

static void
block_free(Block *block)
{
    Py_XDECREF(block->func);
    Py_XDECREF(block->note);
    Py_XDECREF(block->tracepoint);
}

/* `Block.__call__`, without the block among the arguments. */
static PyObject *
render_block(State *state, PyObject *data, Block *block, PyObject *const *args, Py_ssize_t count,
             bool *is_done)
{
    PyObject *writer = writer_in(state, PyTuple_GET_ITEM(data, TEMPLATE_OWNERS)), *result = NULL;
    int is_inside = writer == NULL ? -1 : writer == Py_None;
    if (is_inside == 0)
        is_inside = is_at_home(state, (Fields *)writer, block->tracepoint);
    *is_done = is_inside > 0;
    PyObject *rendering = is_inside != 0 ? NULL : PyObject_GetAttr(writer, state->names.rendering);
    if (*is_done) {
        result = PyObject_Vectorcall(block->func, args, count, NULL);
    } else if (rendering != NULL) {
        Part part = {
            .state = state, .data = data, .writer = (Fields *)writer, .rendering = rendering,
            .tracepoint = block->tracepoint, .note = block->note, .render = block->func,
            .args = args, .nargsf = count,
        };
        result = render_part(&part, is_done);
    }
    Py_XDECREF(rendering);
    Py_XDECREF(writer);
    return result;
}

/* `recording_writer()`. Its data is the apps whose templates are recorded. */
static PyObject *
recording_writer(Shortcut *self, PyObject *const *Py_UNUSED(args), Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 0 ? writer_in(state, self->data) : NULL;
}
VECTORCALL(recording_writer)

/* `root`: what the template raises passes. */
static PyObject *
root_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL)
        result = render_root(state, self->data, args, nargsf, &is_done);
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}

/* `Block.__call__`. */
static PyObject *
block_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    Block block = {0};
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && count > 0 && block_take(state, args[0], &block))
        result = render_block(state, self->data, &block, args + 1, count - 1, &is_done);
    block_free(&block);
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}
