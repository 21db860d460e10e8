/* The beginning of a trace: instrumentation/trace_start.py, and what collectors/http.py records of
 * the request. */

#pragma once

#include <Python.h>

#ifdef MS_WINDOWS
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

#include <stdbool.h>

#include "errors.h"
#include "named.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "texts.h"
#include "writer.h"

/* What `TraceStart.begin` uses, as the shortcut's data has it: the namespaces of forks.py and
 * trace/process.py, the hashes of known request lines, and of those whose paths may have other numbers,
 * how many views and attributes the app had and whether a server is expected, what names other lines, a
 * trace and notes to be copied, what records headers, what masks, the type of what is received, what is in
 * place of a cookie's value and of others, the key of the caller's header, the outbox, what tells requests
 * of a server, what is called with each trace, the namespace of threading, the property that is a thread's
 * name, what returns the name of the current one, and the namespace of trace/writer.py. */
enum {
    FORKS, PROCESS, KNOWN_LINES, ALIKE, SEEN, NEW_LINE, A_TRACE, SOME_NOTES, MESSAGES, REDACTOR, RECEIVED,
    EMPTIED, MASKED, CALLER, OUTBOX, IS_SERVED, ON_TRACE, THREADING, NAME, THREAD_NAME,
    WRITER_MODULE, PARTS_OF_BEGIN,
};

static bool
are_parts_of_begin(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_BEGIN)
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, FORKS))
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, PROCESS))
           && PySet_CheckExact(PyTuple_GET_ITEM(data, KNOWN_LINES))
           && PySet_CheckExact(PyTuple_GET_ITEM(data, ALIKE))
           && PyList_CheckExact(PyTuple_GET_ITEM(data, SEEN))
           && is_named_type(PyTuple_GET_ITEM(data, RECEIVED))
           && PyUnicode_CheckExact(PyTuple_GET_ITEM(data, CALLER))
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, THREADING))
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, WRITER_MODULE));
}

/* Return an object like another one, whose class has nothing but slots from an offset on. Dicts are
 * new ones: they are empty. */
static PyObject *
copy_slots(PyObject *like, size_t begin)
{
    PyTypeObject *type = Py_TYPE(like);
    PyObject *copy = type->tp_alloc(type, 0);
    for (Py_ssize_t at = (Py_ssize_t)begin; copy != NULL && at < type->tp_basicsize;
         at += sizeof(PyObject *)) {
        PyObject *value = at == type->tp_weaklistoffset ? NULL : *(PyObject **)((char *)like + at);
        bool is_dict = value != NULL && PyDict_CheckExact(value);
        PyObject *own = is_dict ? PyDict_New() : Py_XNewRef(value);
        *(PyObject **)((char *)copy + at) = own;
        if (own == NULL && value != NULL)
            Py_CLEAR(copy);
    }
    return copy;
}

/* One beginning of a trace. */
typedef struct {
    State *state;
    PyObject *parts;
    PyObject *app, *environ;
    /* Owned. */
    PyObject *method, *path, *query, *received, *trace;
    Py_ssize_t size;
} Begin;

static PyObject *
part(Begin *begin, int index)
{
    return PyTuple_GET_ITEM(begin->parts, index);
}

/* Return a text of the environ, or another one if that has none: a new reference, or NULL, where there
 * may be an exception. */
static PyObject *
text_in(Begin *begin, PyObject *key, const char *otherwise)
{
    PyObject *text = get_item(begin->environ, key);
    if (text == NULL && !PyErr_Occurred())
        text = PyUnicode_InternFromString(otherwise);
    if (text != NULL && !PyUnicode_CheckExact(text))
        Py_CLEAR(text);
    return text;
}

/* Take the method and the path as they are displayed from what names those of a new line: return 1,
 * 0 if the request is ignored, or -1, where there may be an exception. */
static int
take_named(Begin *begin, PyObject *named)
{
    if (named == Py_None)
        return 0;
    if (named == NULL || !is_tuple_of(named, 2))
        return -1;
    Py_XSETREF(begin->method, Py_NewRef(PyTuple_GET_ITEM(named, 0)));
    Py_XSETREF(begin->path, Py_NewRef(PyTuple_GET_ITEM(named, 1)));
    return 1;
}

/* `_NUMBER` of redact/redactor.py: the most digits of a number in a path. */
#define MOST_DIGITS 9

/* Return a path with zeros for its numbers, or NULL, where there may be an exception, if it has none. */
static PyObject *
shape_of_path(PyObject *path)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(path);
    if (!PyUnicode_IS_ASCII(path))
        return NULL;
    const Py_UCS1 *text = PyUnicode_1BYTE_DATA(path);
    PyObject *shape = NULL;
    for (Py_ssize_t at = 0; at < length; at++) {
        Py_ssize_t end = at + 1;
        while (text[at] == '/' && end < length && Py_ISDIGIT(text[end]))
            end++;
        if (end == at + 1 || end - at > MOST_DIGITS + 1 || (end < length && text[end] != '/'))
            continue;
        if (shape == NULL)
            shape = PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, text, length);
        if (shape == NULL)
            return NULL;
        memset(PyUnicode_1BYTE_DATA(shape) + at + 1, '0', end - at - 1);
    }
    return shape;
}

static bool
is_count(PyObject *object, Py_ssize_t expected)
{
    return PyLong_CheckExact(object) && PyLong_AsSsize_t(object) == expected;
}

/* Return whether the app has as many views and attributes as it had, and no server is expected that has
 * sent the request; there may be an exception if not. */
static bool
is_as_seen(Begin *begin)
{
    State *state = begin->state;
    PyObject *seen = part(begin, SEEN);
    PyObject *views = get_attr(state, begin->app, &state->names.view_functions);
    PyObject *names = views == NULL ? NULL : namespace_of(state, begin->app, NULL);
    bool is_as_seen = names != NULL && PyDict_Check(views) && PyList_GET_SIZE(seen) == 3
                      && is_count(PyList_GET_ITEM(seen, 0), PyDict_GET_SIZE(views))
                      && is_count(PyList_GET_ITEM(seen, 1), PyDict_GET_SIZE(names));
    Py_XDECREF(names);
    Py_XDECREF(views);
    if (is_as_seen && PyList_GET_ITEM(seen, 2) != Py_False)
        is_as_seen = is_true(PyObject_CallOneArg(part(begin, IS_SERVED), begin->environ)) == 0;
    return is_as_seen;
}

/* Return whether a request differs from a known one in the numbers of its path alone: 1, 0, or -1, where
 * there may be an exception. */
static int
is_alike(Begin *begin)
{
    PyObject *shape = shape_of_path(begin->path), *line = NULL;
    if (shape == NULL)
        return PyErr_Occurred() ? -1 : 0;
    line = PyTuple_Pack(2, begin->method, shape);
    int status = line == NULL ? -1 : is_known_text(part(begin, ALIKE), line);
    if (status > 0 && !is_as_seen(begin))
        status = PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(line);
    Py_DECREF(shape);
    return status;
}

/* The same, from the environ. */
static int
take_line(Begin *begin)
{
    State *state = begin->state;
    PyObject *script = text_in(begin, state->names.SCRIPT_NAME, "");
    PyObject *path = text_in(begin, state->names.PATH_INFO, ""), *line = NULL;
    begin->method = text_in(begin, state->names.REQUEST_METHOD, "GET");
    if (script != NULL && path != NULL && begin->method != NULL)
        line = PyTuple_Pack(3, begin->method, script, path);
    int status = line == NULL ? -1 : is_known_text(part(begin, KNOWN_LINES), line);
    begin->path = status < 0 ? NULL : PyUnicode_Concat(script, path);
    if (status == 0)
        status = begin->path == NULL ? -1 : is_alike(begin);
    if (status == 0) {
        PyObject *named = PyObject_CallFunctionObjArgs(part(begin, NEW_LINE), begin->app,
                                                       begin->environ, begin->method, script, path,
                                                       NULL);
        status = take_named(begin, named);
        Py_XDECREF(named);
    } else if (begin->path == NULL) {
        status = -1;
    }
    Py_XDECREF(line);
    Py_XDECREF(path);
    Py_XDECREF(script);
    return status;
}

static bool
take_query(Begin *begin)
{
    PyObject *query = text_in(begin, begin->state->names.QUERY_STRING, "");
    if (query != NULL && PyUnicode_GET_LENGTH(query) > 0)
        Py_SETREF(query, PyObject_CallMethodOneArg(
            part(begin, REDACTOR), begin->state->names.query, query));
    begin->query = query;
    return query != NULL;
}

/* What is known of environs with the same keys. */
enum { SHAPE_NAMES, SHAPE_VALUES, SHAPE_PATHS, SHAPE_SECRET, PARTS_OF_SHAPE };

/* Return where the value of a cookie begins, from a place in a header on, with its "=": its end is set,
 * too; or -1 if none follows. */
static Py_ssize_t
value_of_cookie(PyObject *header, Py_ssize_t from, Py_ssize_t *end)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(header);
    Py_ssize_t begin = PyUnicode_FindChar(header, '=', from, length, 1);
    *end = begin < 0 ? length : PyUnicode_FindChar(header, ';', begin, length, 1);
    if (*end < 0)
        *end = length;
    return begin;
}

/* Return a header of cookies with something else, which is wider, for their values: `COOKIE.sub` of
 * collectors/http.py. NULL, where there may be an exception, if it is no header of a server's. */
static PyObject *
empty_cookies(PyObject *header, PyObject *emptied)
{
    Py_ssize_t each = PyUnicode_GET_LENGTH(emptied), length = PyUnicode_GET_LENGTH(header), end = 0, begin;
    if (PyUnicode_MAX_CHAR_VALUE(header) > 255)
        return NULL;
    if (value_of_cookie(header, 0, &end) < 0)
        return Py_NewRef(header);
    for (end = 0; (begin = value_of_cookie(header, end, &end)) >= 0;)
        length += each - (end - begin);
    PyObject *shown = PyUnicode_New(length, PyUnicode_MAX_CHAR_VALUE(emptied));
    Py_ssize_t from = 0, to = 0, copied = shown == NULL ? -1 : 0;
    while (copied >= 0 && from < PyUnicode_GET_LENGTH(header)) {
        begin = value_of_cookie(header, from, &end);
        Py_ssize_t kept = (begin < 0 ? end : begin) - from;
        copied = PyUnicode_CopyCharacters(shown, to, header, from, kept);
        to += kept;
        if (copied >= 0 && begin >= 0) {
            copied = PyUnicode_CopyCharacters(shown, to, emptied, 0, each);
            to += each;
        }
        from = end;
    }
    if (copied < 0)
        Py_CLEAR(shown);
    return shown;
}

/* Mask a value that is not stored; of cookies, the names stay. Takes the reference. */
static PyObject *
mask(Begin *begin, PyObject *name, PyObject *value)
{
    bool is_cookie = PyUnicode_CompareWithASCIIString(name, "HTTP_COOKIE") == 0;
    PyObject *masked = is_cookie ? empty_cookies(value, part(begin, EMPTIED))
                                 : Py_NewRef(part(begin, MASKED));
    Py_DECREF(value);
    return masked;
}

/* Return the values of headers, without those that are secret: a tuple, or NULL. */
static PyObject *
open_values(Begin *begin, PyObject *shape)
{
    PyObject *names = PyTuple_GET_ITEM(shape, SHAPE_NAMES);
    PyObject *secret = PyTuple_GET_ITEM(shape, SHAPE_SECRET);
    PyObject *all = PyObject_CallOneArg(PyTuple_GET_ITEM(shape, SHAPE_VALUES), begin->environ);
    Py_ssize_t count = PyTuple_GET_SIZE(names), hidden = PyTuple_GET_SIZE(secret), next = 0;
    PyObject *values = NULL;
    if (all != NULL && is_tuple_of(all, count))
        values = PyTuple_New(count);
    for (Py_ssize_t at = 0; values != NULL && at < count; at++) {
        PyObject *value = Py_NewRef(PyTuple_GET_ITEM(all, at));
        bool is_text = PyUnicode_CheckExact(value);
        if (is_text && next < hidden && PyLong_AsSsize_t(PyTuple_GET_ITEM(secret, next)) == at) {
            value = mask(begin, PyTuple_GET_ITEM(names, at), value);
            next++;
        }
        if (is_text && value != NULL) {
            begin->size += PyUnicode_GET_LENGTH(value);
            PyTuple_SET_ITEM(values, at, value);
        } else {
            Py_XDECREF(value);
            Py_CLEAR(values);
        }
    }
    Py_XDECREF(all);
    return values;
}

/* Return what is known of environs with these keys: a named tuple, or NULL. */
static PyObject *
shape_of(Begin *begin)
{
    PyObject *shapes = get_attr(begin->state, part(begin, MESSAGES), &begin->state->names._shapes);
    PyObject *keys = shapes == NULL ? NULL : PySequence_Tuple(begin->environ);
    PyObject *shape = keys == NULL ? NULL : get_item(shapes, keys);
    if (shape != NULL && !(PyTuple_Check(shape) && PyTuple_GET_SIZE(shape) == PARTS_OF_SHAPE))
        Py_CLEAR(shape);
    Py_XDECREF(keys);
    Py_XDECREF(shapes);
    return shape;
}

/* Take headers that were masked before; others are left to Python. Return -1 with an exception that is
 * not ours. */
static int
take_headers(Begin *begin)
{
    State *state = begin->state;
    PyObject *shape = shape_of(begin), *shown = NULL;
    PyObject *values = shape == NULL ? NULL : open_values(begin, shape);
    if (values != NULL
        && begin->size <= size_of(state, part(begin, MESSAGES), &state->names._max_bytes)) {
        PyObject *together = get_attr(state, part(begin, REDACTOR), &state->names._together);
        shown = together == NULL ? NULL : get_by_hash(together, values);
        Py_XDECREF(together);
    }
    if (shown != NULL)
        begin->received = make_named(
            part(begin, RECEIVED),
            tuple_of(3, (PyObject *[]){Py_NewRef(PyTuple_GET_ITEM(shape, SHAPE_NAMES)),
                                       Py_NewRef(shown), PyDict_New()}));
    if (begin->received != NULL)
        PyObject_GC_UnTrack(begin->received); /* It has nothing but texts. */
    Py_XDECREF(shown);
    Py_XDECREF(values);
    Py_XDECREF(shape);
    if (begin->received != NULL)
        return 0;
    begin->size = 0;
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyErr_Clear();
    return 0;
}

/* `Messages.received(trace, environ)`, for a trace that has been made; return -1 with an exception. */
static int
note_headers(Begin *begin)
{
    State *state = begin->state;
    if (begin->received == NULL)
        begin->received = PyObject_CallMethodObjArgs(
            part(begin, MESSAGES), state->names.received, begin->trace, begin->environ, NULL);
    if (begin->received == NULL || begin->received == Py_None)
        return begin->received == NULL ? -1 : 0;
    return put_note(
        state, (Fields *)begin->trace, &state->names.details, 0, begin->received);
}

/* Return the name of the current thread: a new reference, or NULL with an exception. */
static PyObject *
thread_name(Begin *begin)
{
    State *state = begin->state;
    PyObject *ident = PyLong_FromUnsignedLongLong(((Fields *)begin->trace)->ident);
    PyObject *threads = ident == NULL ? NULL : get_item(part(begin, THREADING), state->names._active);
    PyObject *thread = threads == NULL ? NULL : get_item(threads, ident);
    PyObject *own = thread == NULL
                        ? NULL : get_attr(state, (PyObject *)Py_TYPE(thread), &state->names.name);
    PyObject *name = own != part(begin, NAME) ? NULL : get_attr(state, thread, &state->names._name);
    Py_XDECREF(own);
    Py_XDECREF(thread);
    Py_XDECREF(threads);
    Py_XDECREF(ident);
    if (name == NULL) {
        PyErr_Clear();
        name = PyObject_CallNoArgs(part(begin, THREAD_NAME));
    }
    return name;
}

/* Set an attribute of the trace. Takes the reference; returns -1 with an exception. */
static int
set(Begin *begin, PyObject **name, PyObject *value)
{
    int status = value == NULL ? -1 : set_attr(begin->state, begin->trace, name, value);
    Py_XDECREF(value);
    return status;
}

/* Make the trace; return -1 with an exception. */
static int
make_trace(Begin *begin)
{
    State *state = begin->state;
    Fields *like = (Fields *)part(begin, A_TRACE);
    begin->trace = copy_slots((PyObject *)like, sizeof(Fields));
    Fields *trace = (Fields *)begin->trace;
    if (trace == NULL || take_thread(state, trace) < 0)
        return -1;
    trace->owner = Py_NewRef(like->owner);
    trace->current = like->current;
    trace->limit = like->limit;
    trace->log = PyObject_CallNoArgs((PyObject *)state->Log);
    trace->notes = copy_slots(part(begin, SOME_NOTES), sizeof(PyObject));
    trace->seen = PyDict_New();
    if (trace->log == NULL || trace->notes == NULL || trace->seen == NULL)
        return -1;
    PyObject *process = part(begin, PROCESS), *module = part(begin, WRITER_MODULE);
    PyObject *origin = call_in(module, state->names.clock);
    int status = -1;
    if (origin != NULL
        && set(begin, &state->names.serial, call_in(process, state->names.next_serial)) == 0
        && set(begin, &state->names.run, get_item(process, state->names.run)) == 0
        && set(begin, &state->names.thread, thread_name(begin)) == 0
        && set(begin, &state->names.started_at, call_in(module, state->names.time)) == 0
        && set(begin, &state->names.origin, Py_XNewRef(origin)) == 0
        && set(begin, &state->names.stopwatch, Py_XNewRef(origin)) == 0
        && set(begin, &state->names.method, Py_NewRef(begin->method)) == 0
        && set(begin, &state->names.path, Py_NewRef(begin->path)) == 0
        && set(begin, &state->names.query, Py_NewRef(begin->query)) == 0
        && set(begin, &state->names.detail_bytes, PyLong_FromSsize_t(begin->size)) == 0)
        status = note_headers(begin);
    Py_XDECREF(origin);
    return status;
}

/* Return whether the trace is for the history as well, or -1 with an exception. */
static int
is_for_outbox(Begin *begin)
{
    if (part(begin, OUTBOX) == Py_None)
        return 0;
    return is_true(PyObject_CallOneArg(part(begin, IS_SERVED), begin->environ));
}

/* Return the trace, once it is known to others; None, if that fails: it may have been stored, and is not
 * made again. */
static PyObject *
announce(Begin *begin)
{
    int served = is_for_outbox(begin);
    if (served > 0)
        served = set_attr(begin->state, begin->trace, &begin->state->names.outbox, part(begin, OUTBOX));
    if (served < 0)
        return NULL;
    PyObject *announced = PyObject_CallOneArg(part(begin, ON_TRACE), begin->trace);
    PyObject *result = announced != NULL ? begin->trace : Py_None;
    if (announced == NULL && fail_open(begin->state, part(begin, ON_TRACE)) < 0)
        return NULL;
    Py_XDECREF(announced);
    return Py_NewRef(result);
}

/* Return whether this is the process for which forks.py has been called, and the request is made
 * outside of others and says nothing of its sender. */
static bool
is_usual(Begin *begin, PyObject *outer)
{
    State *state = begin->state;
    if (!PyObject_TypeCheck(outer, state->Fields) || ((Fields *)outer)->owner != Py_None
        || !PyObject_TypeCheck(part(begin, A_TRACE), state->Fields)
        || !PyDict_CheckExact(begin->environ)
        || PyDict_Contains(begin->environ, part(begin, CALLER)) != 0
        || PyDict_Contains(begin->environ, state->names.HTTP_TRACEPARENT) != 0)
        return false;
    PyObject *pid = get_item(part(begin, FORKS), state->names._pid);
    bool is_own = pid != NULL && PyLong_AsLong(pid) == (long)getpid();
    Py_XDECREF(pid);
    return is_own;
}

/* `instrumentation/served.py`, `is_served(environ)`. Its data is the keys that a server's environ has, and
 * one whose value says that there are several processes. */
static PyObject *
is_served(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    Py_ssize_t last = PyTuple_GET_SIZE(self->data) - 1;
    if (count != 1 || !PyDict_CheckExact(args[0]))
        return NULL;
    int is_one = 0;
    for (Py_ssize_t at = 0; is_one == 0 && at < last; at++)
        is_one = PyDict_Contains(args[0], PyTuple_GET_ITEM(self->data, at));
    if (is_one == 0) {
        PyObject *several = get_item(args[0], PyTuple_GET_ITEM(self->data, last));
        is_one = several != NULL ? is_true(several) : PyErr_Occurred() ? -1 : 0;
    }
    return is_one < 0 ? NULL : PyBool_FromLong(is_one);
}
VECTORCALL(is_served)

/* `TraceStart.begin(app, environ, outer)`. */
static PyObject *
begin_trace(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3)
        return NULL;
    Begin begin = {
        .state = PyType_GetModuleState(Py_TYPE(self)), .parts = self->data, .app = args[0],
        .environ = args[1],
    };
    PyObject *result = NULL;
    int is_recorded = is_usual(&begin, args[2]) ? take_line(&begin) : -1;
    if (is_recorded == 0)
        result = Py_NewRef(Py_None);
    else if (is_recorded > 0 && take_headers(&begin) == 0 && take_query(&begin)
             && make_trace(&begin) == 0)
        result = announce(&begin);
    Py_XDECREF(begin.method);
    Py_XDECREF(begin.path);
    Py_XDECREF(begin.query);
    Py_XDECREF(begin.received);
    Py_XDECREF(begin.trace);
    return result;
}
VECTORCALL(begin_trace)
