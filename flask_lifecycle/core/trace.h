/* The id of a trace, and what it keeps when it ends: trace/writer.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "log.h"
#include "named.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "untracked.h"
#include "writer.h"

#define ID_DIGITS 24

static void
write_hexadecimal(char *text, int digits, unsigned long long number)
{
    for (int at = digits; at-- > 0; number >>= 4)
        text[at] = "0123456789abcdef"[number & 15];
}

/* `LiveTrace.id`. Its data is the namespace of trace/process.py. */
static PyObject *
trace_id(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 1)
        return NULL;
    PyObject *parts[] = {
        get_item(self->data, state->names._epoch), get_attr(state, args[0], &state->names.origin),
        get_item(self->data, state->names._first), get_attr(state, args[0], &state->names.serial),
    };
    PyObject *id = NULL;
    if (parts[0] != NULL && parts[1] != NULL && parts[2] != NULL && parts[3] != NULL) {
        double began = (PyFloat_AsDouble(parts[0]) + PyFloat_AsDouble(parts[1])) * 1e9;
        long long number = PyLong_AsLongLong(parts[2]) + PyLong_AsLongLong(parts[3]);
        if (!PyErr_Occurred() && 0 <= began && began < 1e19 && 0 <= number && number >> 32 == 0) {
            char text[ID_DIGITS];
            write_hexadecimal(text, 16, (unsigned long long)began);
            write_hexadecimal(text + 16, 8, (unsigned long long)number);
            id = PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, text, ID_DIGITS);
        }
    }
    for (int at = 0; at < 4; at++)
        Py_XDECREF(parts[at]);
    return id;
}
VECTORCALL(trace_id)

/* What `LiveTrace.finish` uses, as the shortcut's data has it: the type of what is kept, what paths and
 * endpoints of static files end with, and the estimated bytes of a step with all notes, and of a
 * trace, and the namespace of the module. */
enum { KEPT, PATHS, ENDPOINTS, STEP_BYTES, TRACE_BYTES, MODULE, PARTS_OF_END };

static bool
are_parts_of_end(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_END)
           && is_named_type(PyTuple_GET_ITEM(data, KEPT))
           && PyTuple_CheckExact(PyTuple_GET_ITEM(data, PATHS))
           && PyTuple_CheckExact(PyTuple_GET_ITEM(data, ENDPOINTS))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, STEP_BYTES))
           && PyLong_CheckExact(PyTuple_GET_ITEM(data, TRACE_BYTES))
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, MODULE));
}

/* Return whether a text ends with one of others; true, where there may be an exception, if it is
 * none. */
static bool
ends_with(PyObject *text, PyObject *endings)
{
    bool ends = text == NULL || !PyUnicode_CheckExact(text);
    for (Py_ssize_t at = 0; !ends && at < PyTuple_GET_SIZE(endings); at++)
        ends = PyUnicode_Tailmatch(text, PyTuple_GET_ITEM(endings, at), 0, PY_SSIZE_T_MAX, 1) != 0;
    return ends;
}

/* Replace a dict of a trace that is not empty. */
static int
empty(State *state, PyObject *trace, PyObject **name)
{
    PyObject *dict = get_attr(state, trace, name), *other = NULL;
    int status = dict == NULL ? -1 : 0;
    if (dict != NULL && !(PyDict_CheckExact(dict) && PyDict_GET_SIZE(dict) == 0)) {
        other = PyDict_New();
        status = other == NULL ? -1 : set_attr(state, trace, name, other);
    }
    Py_XDECREF(other);
    Py_XDECREF(dict);
    return status;
}

/* Let go of what a finished trace needs no more; return -1 with an exception. */
static int
let_go(State *state, PyObject *module, PyObject *trace)
{
    PyObject *log = PyObject_CallNoArgs((PyObject *)state->Log);
    PyObject *context = get_item(module, state->names.no_context);
    int status = log == NULL || context == NULL ? -1 : set_attr(state, trace, &state->names.log, log);
    if (status == 0)
        status = set_attr(state, trace, &state->names.context, context);
    Py_XDECREF(context);
    Py_XDECREF(log);
    ((Fields *)trace)->ident = 0;
    return status < 0 || set_attr(state, trace, &state->names.folded, Py_None) < 0
                   || set_attr(state, trace, &state->names.macros, Py_None) < 0
                   || set_attr(state, trace, &state->names.added, Py_None) < 0
                   || empty(state, trace, &state->names._spine) < 0
                   || empty(state, trace, &state->names.seen) < 0
                   || empty(state, trace, &state->names.connections) < 0
               ? -1 : 0;
}

#define MOST_NESTED 8

/* Keep the garbage collector from visiting an object and what it contains, unless something of that may
 * refer back to it; return whether that is so. */
static bool
untrack(PyObject *object, int depth)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject *key, *value;
    Py_ssize_t at = 0;
    bool is_plain = depth < MOST_NESTED && type->tp_dictoffset == 0;
    if (type->tp_dealloc == untracked_dealloc) {
        for (; is_plain && at < untracked_count(type); at++) {
            value = ((Untracked *)object)->attributes[at];
            is_plain = value == NULL || untrack(value, depth + 1);
        }
        return is_plain;
    }
    if (!PyObject_GC_IsTracked(object))
        return true;
    if (is_plain && PyTuple_Check(object)) {
        for (; at < PyTuple_GET_SIZE(object); at++)
            is_plain &= untrack(PyTuple_GET_ITEM(object, at), depth + 1);
    } else if (is_plain && PyList_Check(object)) {
        for (; at < PyList_GET_SIZE(object); at++)
            is_plain &= untrack(PyList_GET_ITEM(object, at), depth + 1);
    } else if (is_plain && PyDict_Check(object)) {
        while (PyDict_Next(object, &at, &key, &value))
            is_plain &= untrack(value, depth + 1);
    } else {
        return false;
    }
    if (is_plain)
        PyObject_GC_UnTrack(object);
    return is_plain;
}

/* Keep the garbage collector from visiting a dict of notes, in the same way. */
static bool
untrack_notes(State *state, PyObject *notes, PyObject **name, bool are_texts)
{
    PyObject *dict = get_attr(state, notes, name), *step, *note;
    Py_ssize_t at = 0;
    bool is_plain = dict != NULL && PyDict_CheckExact(dict);
    /* One that Python does not visit may still have objects of ours, and those what is visited. */
    while (is_plain && !are_texts && PyDict_Next(dict, &at, &step, &note))
        is_plain = untrack(note, 0);
    if (is_plain)
        PyObject_GC_UnTrack(dict);
    Py_XDECREF(dict);
    return is_plain;
}

/* Keep the garbage collector from visiting a finished trace: it is kept, as hundreds of others, and
 * nothing in it refers back to it. It stays as it is if it was held, or has details that the core does
 * not know. Return -1 with an exception. */
static int
untrack_finished(State *state, PyObject *trace, PyObject *notes, PyObject *kept)
{
    Names *names = &state->names;
    PyObject *holds = get_attr(state, trace, &names->holds);
    bool is_plain = holds != NULL && is_tuple_of(holds, 0)
                    && attribute_is(state, trace, &names->rendering, Py_None);
    Py_XDECREF(holds);
    if (is_plain && untrack_notes(state, notes, &names->details, false)
        && untrack_notes(state, notes, &names->changed, false)
        && untrack_notes(state, notes, &names->extras, false)
        && untrack_notes(state, notes, &names->outcomes, true)
        && untrack_notes(state, notes, &names->tracepoints, true)) {
        PyObject_GC_UnTrack(notes);
        PyObject_GC_UnTrack(kept);
        PyObject_GC_UnTrack(trace);
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* Return whether the store has nothing to do for a trace: it is shown, of no static file, and not
 * larger than its share. Otherwise there may be an exception. */
static bool
is_settled(State *state, PyObject *parts, PyObject *trace, PyObject *store, Py_ssize_t steps)
{
    PyObject *route = get_attr(state, trace, &state->names.route);
    PyObject *path = get_attr(state, trace, &state->names.path);
    PyObject *endpoint = NULL, *ignored = NULL;
    bool is_shown = route != NULL && !ends_with(path, PyTuple_GET_ITEM(parts, PATHS));
    if (is_shown && route != Py_None) {
        ignored = get_attr(state, route, &state->names.ignored);
        endpoint = get_attr(state, route, &state->names.endpoint);
        is_shown = ignored == Py_False
                   && !ends_with(endpoint, PyTuple_GET_ITEM(parts, ENDPOINTS));
    }
    Py_ssize_t details = is_shown ? size_of(state, trace, &state->names.detail_bytes) : -1;
    Py_ssize_t share = details >= 0 ? size_of(state, store, &state->names.share) : -1;
    Py_ssize_t each = PyLong_AsSsize_t(PyTuple_GET_ITEM(parts, STEP_BYTES));
    Py_ssize_t own = PyLong_AsSsize_t(PyTuple_GET_ITEM(parts, TRACE_BYTES));
    Py_XDECREF(endpoint);
    Py_XDECREF(ignored);
    Py_XDECREF(path);
    Py_XDECREF(route);
    return share >= 0 && steps * each + details <= share - own;
}

/* `LiveTrace._hand_over(store, steps)`, which is called itself where a store has something to do. */
static int
hand_over(State *state, PyObject *parts, PyObject *trace, PyObject *store, Py_ssize_t steps)
{
    PyObject *result = NULL;
    if (is_settled(state, parts, trace, store, steps)) {
        PyObject *outbox = get_attr(state, trace, &state->names.outbox);
        if (outbox == Py_None)
            result = Py_NewRef(Py_None);
        else if (outbox != NULL)
            result = PyObject_CallMethodObjArgs(
                outbox, state->names.append, trace, Py_False, NULL);
        Py_XDECREF(outbox);
    } else {
        PyErr_Clear();
        PyObject *count = PyLong_FromSsize_t(steps);
        if (count != NULL)
            result = PyObject_CallMethodObjArgs(
                trace, state->names._hand_over, store, count, NULL);
        Py_XDECREF(count);
    }
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* `LiveTrace.finish(self)`: it is done for a trace that has one writer. */
static PyObject *
finish(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *parts = self->data, *trace = count == 1 ? args[0] : Py_None;
    Fields *writer = as_writer(state, trace);
    if (writer == NULL || !attribute_is(state, trace, &state->names.ended, Py_None)
        || !attribute_is(state, trace, &state->names.strands, Py_None))
        return NULL;
    Log *log = log_of(state, writer);
    PyObject *notes = log == NULL ? NULL : field(writer, &writer->notes);
    Py_ssize_t steps = notes == NULL ? 0 : log->count;
    PyObject *packed = notes == NULL ? NULL : pack_log(log);
    PyObject *kept = packed == NULL ? NULL : make_named(
        PyTuple_GET_ITEM(parts, KEPT), PyTuple_Pack(3, packed, notes, Py_False));
    /* First: concurrent readers read this last. */
    int status = kept == NULL ? -1 : set_attr(state, trace, &state->names._kept, kept);
    PyObject *module = PyTuple_GET_ITEM(parts, MODULE);
    PyObject *ended = status < 0 || let_go(state, module, trace) < 0
                              || untrack_finished(state, trace, notes, kept) < 0
                          ? NULL : call_in(module, state->names.clock);
    status = ended == NULL ? -1 : set_attr(state, trace, &state->names.ended, ended);
    PyObject *store = status < 0 ? NULL : get_attr(state, trace, &state->names.store);
    /* It has ended: what fails now is not done again. */
    bool is_done = store != NULL;
    if (store != NULL && store != Py_None
        && (set_attr(state, trace, &state->names.store, Py_None) < 0
            || hand_over(state, parts, trace, store, steps) < 0))
        is_done = fail_open(state, (PyObject *)state->Recording) == 0;
    Py_XDECREF(store);
    Py_XDECREF(ended);
    Py_XDECREF(kept);
    Py_XDECREF(packed);
    Py_XDECREF(notes);
    Py_XDECREF(log);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(finish)
