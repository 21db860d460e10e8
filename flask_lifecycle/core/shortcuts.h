/* Shortcuts: functions that do in C what a function in Python does nearly always, and leave all else
 * to that. */

#pragma once

#include <Python.h>
#include <frameobject.h>
#include <structmember.h>

#include "beginning.h"
#include "body.h"
#include "call.h"
#include "changes.h"
#include "ending.h"
#include "functions.h"
#include "log.h"
#include "page.h"
#include "part.h"
#include "rendering.h"
#include "response.h"
#include "slots.h"
#include "state.h"
#include "statement.h"
#include "texts.h"
#include "writer.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    /* What does it in Python. */
    PyObject *func;
    PyObject *data;
    PyObject *dict;
    PyObject *weakrefs;
} Shortcut;

/* Return whether the app of a writer is in a set, or -1 with an exception. */
static int
is_owner_in(Fields *writer, PyObject *owners)
{
    PyObject *owner = field(writer, &writer->owner);
    int is_in = owner == NULL ? -1 : PySet_Contains(owners, owner);
    Py_XDECREF(owner);
    return is_in;
}

static Fields *
as_writer(Shortcut *self, PyObject *object)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return PyObject_TypeCheck(object, state->Fields) ? (Fields *)object : NULL;
}

/* `collectors/changes/mappings.py`, `look(writer, step=None)`. */
static PyObject *
look(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count < 1 || count > 2 || !PyObject_TypeCheck(args[0], state->Fields))
        return NULL;
    Fields *writer = (Fields *)args[0];
    int is_watched = is_owner_in(writer, PyTuple_GET_ITEM(self->data, OWNERS));
    if (is_watched <= 0)
        return is_watched < 0 ? NULL : Py_NewRef(Py_None);
    PyObject *context = NULL;
    if (PyContextVar_Get(PyTuple_GET_ITEM(self->data, APP_CONTEXT), Py_None, &context) < 0)
        return NULL;
    PyObject *step = count == 2 ? args[1] : Py_None;
    bool is_done = context == Py_None;
    Looked *looked = is_done ? NULL : known_of(state, self->data, writer, context, &is_done);
    if (looked != NULL) {
        is_done = compare_all(state, self->data, looked, context, args[0], step) == 0
                  || fail_open(state, (PyObject *)self) == 0;
        Py_DECREF(looked);
    }
    Py_DECREF(context);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `instrumentation/functions.py`, `ensure_sync(app, func)`: it is done if the recorder of the
 * function is known, for the method of Flask's that asks. Its data is a dict of those methods, by
 * the identity of their code. */
static PyObject *
ensure_sync(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    PyFrameObject *frame = PyEval_GetFrame();
    if (count != 2 || frame == NULL)
        return NULL;
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *caller = get_by_id(self->data, (PyObject *)code);
    PyObject *bound = NULL;
    if (caller != NULL && PyTuple_Check(caller) && PyTuple_GET_SIZE(caller) == 3) {
        PyObject *recorder = get_by_id(PyTuple_GET_ITEM(caller, 2), args[1]);
        if (recorder != NULL)
            bound = PyMethod_New(recorder, args[1]);
        Py_XDECREF(recorder);
    }
    Py_XDECREF(caller);
    Py_DECREF(code);
    return bound;
}

/* What the functions of `collectors/changes/responses.py` use, as the shortcuts' data has it. */
enum {
    KNOWN_CLASSES, CLASS_OF_HEADERS, STATUS_NAME, LIST_NAME, RESPONSE_OWNERS, RESPONSE_PATH,
    RESPONSE_CHANGES, PARTS_OF_RESPONSE
};

static bool
are_parts_of_response(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == PARTS_OF_RESPONSE
           && PyAnySet_Check(PyTuple_GET_ITEM(data, RESPONSE_OWNERS))
           && PyType_Check(PyTuple_GET_ITEM(data, RESPONSE_CHANGES));
}

/* Take the status and the header list of a response whose class is known to have no code for them. */
static bool
has_status_and_headers(
    Shortcut *self, PyObject *response, PyObject **status, PyObject **headers)
{
    PyObject *known = PyTuple_GET_ITEM(self->data, KNOWN_CLASSES);
    PyObject *is_plain = get_by_id(known, (PyObject *)Py_TYPE(response));
    Py_XDECREF(is_plain); /* It is a bool. */
    if (is_plain != Py_True)
        return false;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *object = get_attr(state, response, &state->names.headers);
    if (object == NULL)
        return false;
    *headers = NULL;
    if ((PyObject *)Py_TYPE(object) == PyTuple_GET_ITEM(self->data, CLASS_OF_HEADERS))
        *headers = PyObject_GetAttr(object, PyTuple_GET_ITEM(self->data, LIST_NAME));
    Py_DECREF(object);
    if (*headers == NULL)
        return false;
    *status = PyObject_GetAttr(response, PyTuple_GET_ITEM(self->data, STATUS_NAME));
    if (*status != NULL && PyList_CheckExact(*headers))
        return true;
    Py_CLEAR(*headers);
    Py_CLEAR(*status);
    return false;
}

/* `collectors/changes/responses.py`, `sent(last)`. */
static PyObject *
sent(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *status = NULL, *headers = NULL;
    if (count != 1 || !has_status_and_headers(self, args[0], &status, &headers))
        return NULL;
    PyObject *copy = PyList_GetSlice(headers, 0, PY_SSIZE_T_MAX);
    PyObject *result = copy == NULL ? NULL : PyTuple_Pack(2, status, copy);
    Py_XDECREF(copy);
    Py_DECREF(headers);
    Py_DECREF(status);
    return result;
}

/* Return whether one list begins with the very objects of the other. */
static bool
is_prolonged(PyObject *one, PyObject *other)
{
    Py_ssize_t count = Py_MIN(PyList_GET_SIZE(one), PyList_GET_SIZE(other));
    bool is_same = true;
    for (Py_ssize_t at = 0; is_same && at < count; at++)
        is_same = PyList_GET_ITEM(one, at) == PyList_GET_ITEM(other, at);
    return is_same;
}

static bool
is_same_status(PyObject *status, PyObject *before)
{
    return status == before
           || (PyUnicode_CheckExact(status) && PyUnicode_CheckExact(before)
               && PyUnicode_Compare(status, before) == 0);
}

/* Return both states of a response, masked, as `_changed` does if headers were only added or only
 * removed; NULL, where there may be an exception, if that is left to Python. */
static PyObject *
answers_of(State *state, PyObject *redactor, PyObject *path, PyObject *before, PyObject *after)
{
    PyObject *held = PyTuple_GET_ITEM(before, 1), *now = PyTuple_GET_ITEM(after, 1);
    Py_ssize_t was = PyList_GET_SIZE(held), is = PyList_GET_SIZE(now);
    PyObject *answers = NULL, *later = NULL;
    PyObject *shown = PyObject_CallMethodObjArgs(
        redactor, state->names.headers, is > was ? now : held, path, NULL);
    PyObject *first = shown == NULL ? NULL : PyObject_CallMethodOneArg(
        redactor, state->names.text, PyTuple_GET_ITEM(before, 0));
    if (first != NULL)
        later = PyTuple_GET_ITEM(before, 0) == PyTuple_GET_ITEM(after, 0)
                    ? Py_NewRef(first)
                    : PyObject_CallMethodOneArg(
                        redactor, state->names.text, PyTuple_GET_ITEM(after, 0));
    if (later != NULL && PyTuple_CheckExact(shown) && PyTuple_GET_SIZE(shown) == Py_MAX(was, is))
        answers = Py_BuildValue("OnOnO", first, was, later, is, shown);
    Py_XDECREF(later);
    Py_XDECREF(first);
    Py_XDECREF(shown);
    return answers;
}

/* Note a response that has changed, in the request's own thread; return whether it is done. */
static bool
note_changes(Shortcut *self, PyObject *const *args, PyObject *after)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = as_writer(self, args[0]);
    PyObject *before = args[2];
    if (writer == NULL || !PyLong_CheckExact(args[1]) || PyLong_AsSsize_t(args[1]) < 0
        || !is_prolonged(PyTuple_GET_ITEM(before, 1), PyTuple_GET_ITEM(after, 1))
        || is_owner_in(writer, PyTuple_GET_ITEM(self->data, RESPONSE_OWNERS)) <= 0)
        return false;
    /* Which only a writer of the request's own thread has. */
    PyObject *redactor = PyObject_GetAttr(args[0], state->names.redactor);
    PyObject *answers = redactor == NULL ? NULL : answers_of(
        state, redactor, PyTuple_GET_ITEM(self->data, RESPONSE_PATH), before, after);
    Py_ssize_t size = 100 * (PyList_GET_SIZE(PyTuple_GET_ITEM(before, 1))
                             + PyList_GET_SIZE(PyTuple_GET_ITEM(after, 1)));
    bool is_done = answers != NULL
                   && put_response(state, PyTuple_GET_ITEM(self->data, RESPONSE_CHANGES), writer,
                                   args[1], answers) == 0
                   && add_detail_bytes(state, args[0], size) == 0;
    Py_XDECREF(answers);
    Py_XDECREF(redactor);
    return is_done;
}

/* The same module's `look_at_response(writer, step, entered, last)`: it is done if the response has
 * the status and the headers that it had, or if headers were only added or only removed. */
static PyObject *
look_at_response(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *status = NULL, *headers = NULL;
    if (count != 4 || !PyTuple_CheckExact(args[2]) || PyTuple_GET_SIZE(args[2]) != 2
        || !PyList_CheckExact(PyTuple_GET_ITEM(args[2], 1))
        || !has_status_and_headers(self, args[3], &status, &headers))
        return NULL;
    PyObject *held = PyTuple_GET_ITEM(args[2], 1);
    /* A copy, as another thread may change the list. */
    PyObject *now = PyList_GetSlice(headers, 0, PY_SSIZE_T_MAX);
    PyObject *after = now == NULL ? NULL : PyTuple_Pack(2, status, now);
    bool is_done = after != NULL
                   && ((is_same_status(status, PyTuple_GET_ITEM(args[2], 0))
                        && PyList_GET_SIZE(held) == PyList_GET_SIZE(now) && is_prolonged(held, now))
                       || note_changes(self, args, after));
    Py_XDECREF(after);
    Py_XDECREF(now);
    Py_DECREF(headers);
    Py_DECREF(status);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `collectors/changes/probes.py`, `_look_at_returned(writer, step, entered, last, result)`: it is done
 * for the response that was passed. */
static PyObject *
look_at_returned(Shortcut *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count)
{
    return count == 5 && args[3] == args[4] ? Py_NewRef(Py_None) : NULL;
}

/* Record a signal that has no receivers: return an empty list, or NULL, where there may be an exception,
 * if that is left to Python. */
static PyObject *
send_to_nobody(State *state, PyObject *tracepoint, PyObject *signal, PyObject *sender)
{
    PyObject *trace = NULL;
    Step step = {0};
    if (state->current == NULL || as_int32(tracepoint, &step.tracepoint) < 0)
        return NULL;
    PyObject *receivers = get_attr(state, signal, &state->names.receivers);
    bool has_none = receivers != NULL && PyDict_CheckExact(receivers)
                    && PyDict_GET_SIZE(receivers) == 0;
    Py_XDECREF(receivers);
    if (!has_none || PyContextVar_Get(state->current, NULL, &trace) < 0 || trace == NULL)
        return NULL;
    bool is_done = false;
    if (PyObject_TypeCheck(trace, state->Fields)) {
        Fields *writer = (Fields *)trace;
        Log *log = NULL;
        if (!is_app_of(state, writer, sender)) {
            is_done = true;
        } else if (is_own_thread(state, writer) > 0 && !is_armed(state)) {
            log = log_of(state, writer);
            step.parent = (int32_t)writer->current;
            step.begin = step.end = now();
            is_done = log != NULL && log_length((PyObject *)log) < writer->limit
                      && log_append(log, step) >= 0;
        }
        Py_XDECREF(log);
    }
    Py_DECREF(trace);
    return is_done ? PyList_New(0) : NULL;
}

/* `collectors/signals.py`, `send(signal, sender)`: it is done if the signal has no receivers. Its data
 * is the number of the signal's tracepoint. */
static PyObject *
send(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 2 ? send_to_nobody(state, self->data, args[0], args[1]) : NULL;
}

/* The same for `before_render_template`: it is done if the template has been announced before, and is
 * not streamed. Its data is that number, the ids of the classes of templates that are recorded, and the
 * code that sends it for a stream. */
static PyObject *
send_template(Shortcut *self, PyObject *const *args, Py_ssize_t count, PyObject *kwnames)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *template = NULL;
    for (Py_ssize_t at = 0; kwnames != NULL && at < PyTuple_GET_SIZE(kwnames); at++)
        if (PyUnicode_Compare(PyTuple_GET_ITEM(kwnames, at), state->names.template) == 0)
            template = args[count + at];
    PyFrameObject *frame = PyEval_GetFrame();
    if (template == NULL || frame == NULL || count != 2)
        return NULL;
    PyCodeObject *code = PyFrame_GetCode(frame);
    bool is_streamed = (PyObject *)code == PyTuple_GET_ITEM(self->data, 2);
    Py_DECREF(code);
    PyObject *id = is_streamed ? NULL : PyLong_FromVoidPtr(Py_TYPE(template));
    bool is_known = id != NULL && PySet_Contains(PyTuple_GET_ITEM(self->data, 1), id) == 1;
    Py_XDECREF(id);
    return is_known
               ? send_to_nobody(state, PyTuple_GET_ITEM(self->data, 0), args[0], args[1]) : NULL;
}

static int
instruction_of(PyFrameObject *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyFrame_GetLasti(frame);
#else
    return frame->f_lasti < 0 ? -1 : frame->f_lasti * (int)sizeof(uint16_t);
#endif
}

/* Return the location that is known of a frame: a new reference, or NULL, where there may be
 * an exception. The table is keyed by the identity of the code and its instruction, and has a weak
 * reference to the code beside the location. */
static PyObject *
known_location(PyObject *locations, PyFrameObject *frame, PyCodeObject *code)
{
    PyObject *key = Py_BuildValue("Ni", PyLong_FromVoidPtr(code), instruction_of(frame));
    PyObject *known = key == NULL ? NULL : get_item(locations, key), *location = NULL;
    Py_XDECREF(key);
    if (known != NULL && PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 2
        && referent(PyTuple_GET_ITEM(known, 0)) == (PyObject *)code)
        location = Py_NewRef(PyTuple_GET_ITEM(known, 1));
    Py_XDECREF(known);
    return location;
}

/* `recorder/user_code.py`, `user_location()`: it is done if the file of each frame is known, and the
 * location in the user's. Its data is both tables. */
static PyObject *
user_location(Shortcut *self, PyObject *const *Py_UNUSED(args), Py_ssize_t count)
{
    PyObject *libraries = PyTuple_GET_ITEM(self->data, 0), *location = NULL;
    PyFrameObject *frame = PyEval_GetFrame();
    Py_XINCREF(frame);
    bool goes_on = count == 0;
    while (frame != NULL && goes_on) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        PyObject *is_library = get_item(libraries, code->co_filename);
        goes_on = is_library == Py_True;
        if (is_library == Py_False)
            location = known_location(PyTuple_GET_ITEM(self->data, 1), frame, code);
        Py_XDECREF(is_library);
        Py_DECREF(code);
        PyFrameObject *back = goes_on ? PyFrame_GetBack(frame) : NULL;
        Py_DECREF(frame);
        frame = back;
    }
    Py_XDECREF(frame);
    return location;
}

/* `collectors/cpu.py` and `memory.py`, `_begin_for_some(writer)`: it is done for an app that does not
 * ask for it. Its data is the apps that do. */
static PyObject *
begin_for_some(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    Fields *writer = count == 1 ? as_writer(self, args[0]) : NULL;
    return writer != NULL && is_owner_in(writer, self->data) == 0 ? Py_NewRef(Py_None) : NULL;
}

/* `collectors/changes/mappings.py`, `opened(writer, step, result)`: it is done for an empty session.
 * Its data is the apps whose changes are recorded. */
static PyObject *
opened(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    Fields *writer = count == 3 ? as_writer(self, args[0]) : NULL;
    if (writer == NULL)
        return NULL;
    bool is_empty = PyDict_Check(args[2]) && PyDict_GET_SIZE(args[2]) == 0;
    return is_empty || is_owner_in(writer, self->data) == 0 ? Py_NewRef(Py_None) : NULL;
}

/* `instrumentation/sessions.py`, `_is_another_apps(writer, first)`. */
static PyObject *
is_another_apps(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 2 ? as_writer(self, args[0]) : NULL;
    if (writer == NULL)
        return NULL;
    bool is_own = is_app_of(state, writer, args[1]);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(!is_own);
}

/* `instrumentation/routing.py`, `view_args(self, kwargs)`: it is done for arguments that need no masking.
 * Its data is the type of details. */
static PyObject *
view_args(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 2 || !PyDict_CheckExact(args[1]))
        return NULL;
    if (PyDict_GET_SIZE(args[1]) == 0)
        return Py_NewRef(Py_None);
    PyObject *redactor = get_attr(state, args[0], &state->names._redactor);
    PyObject *facts = redactor == NULL ? NULL : make_facts(
        self->data, state->names.args, plain_args(state, redactor, args[1]));
    Py_XDECREF(redactor);
    return facts;
}

/* Return what is known of the rule that a request has matched: a new reference, or NULL, where there may
 * be an exception. */
static PyObject *
route_of(State *state, PyObject *routes, PyObject *request)
{
    PyObject *rule = NULL, *known = NULL, *route = NULL;
    if (is_none_in(state, request, &state->names.routing_exception))
        rule = get_attr(state, request, &state->names.url_rule);
    if (rule != NULL)
        known = get_attr(state, routes, &state->names._known);
    if (known != NULL)
        route = get_by_id(known, rule);
    Py_XDECREF(known);
    Py_XDECREF(rule);
    return route;
}

/* Return the details of a request's arguments if they need no masking, in the same way. */
static PyObject *
facts_of(State *state, PyObject *routes, PyObject *request, PyObject *type, PyObject *no_args)
{
    PyObject *args = get_attr(state, request, &state->names.view_args), *facts = NULL;
    if (args == Py_None || (args != NULL && PyDict_CheckExact(args) && PyDict_GET_SIZE(args) == 0)) {
        facts = Py_NewRef(no_args);
    } else if (args != NULL && PyDict_CheckExact(args)) {
        PyObject *redactor = get_attr(state, routes, &state->names._redactor);
        if (redactor != NULL)
            facts = make_facts(type, state->names.view_args, plain_args(state, redactor, args));
        Py_XDECREF(redactor);
    }
    Py_XDECREF(args);
    return facts;
}

/* Let a trace that has no context have this one. Return whether it has it, or -1 with an exception. */
static int
take_context(State *state, PyObject *trace, PyObject *context, PyObject *no_context)
{
    PyObject *own = get_attr(state, trace, &state->names.context);
    int status = own == NULL ? -1 : 0;
    if (own == no_context) {
        Py_SETREF(own, PyWeakref_NewRef(context, NULL));
        status = own == NULL ? -1 : set_attr(state, trace, &state->names.context, own);
    }
    if (status == 0)
        status = referent(own) == context;
    Py_XDECREF(own);
    return status;
}

/* `instrumentation/routing.py`, `matched(self, writer, step, instance)`: it is done for a known rule and
 * arguments that need no masking. Its data is the class of traces, the context of one that has none,
 * the type of details, and those of no arguments. */
static PyObject *
matched(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 4 || (PyObject *)Py_TYPE(args[1]) != PyTuple_GET_ITEM(self->data, 0))
        return NULL;
    PyObject *request = get_attr(state, args[3], &state->names.request);
    PyObject *route = request == NULL ? NULL : route_of(state, args[0], request);
    PyObject *facts = route == NULL ? NULL : facts_of(
        state, args[0], request, PyTuple_GET_ITEM(self->data, 2), PyTuple_GET_ITEM(self->data, 3));
    PyObject *match = facts == NULL ? NULL : get_attr(state, route, &state->names.match);
    int status = match == NULL ? -1 : take_context(state, args[1], args[3],
                                                   PyTuple_GET_ITEM(self->data, 1));
    if (status > 0)
        status = set_attr(state, args[1], &state->names.route, route);
    Log *log = status < 0 ? NULL : log_of(state, (Fields *)args[1]);
    bool is_done = log != NULL && log_assign((PyObject *)log, args[2], match) == 0
                   && put_note(state, (Fields *)args[1], &state->names.details, PyLong_AsSsize_t(args[2]),
                               facts) == 0;
    Py_XDECREF(log);
    Py_XDECREF(match);
    Py_XDECREF(facts);
    Py_XDECREF(route);
    Py_XDECREF(request);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `instrumentation/methods.py`, `_made_from(first)`: it is done for a value of a usual type. Its data is
 * the type of details, and the descriptions of values by their types. */
static PyObject *
made_from(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *from = count == 1 ? get_item(PyTuple_GET_ITEM(self->data, 1), (PyObject *)Py_TYPE(args[0]))
                                : NULL;
    return make_facts(PyTuple_GET_ITEM(self->data, 0), state->names.from, from);
}

/* The same, `_note_response(writer, step, result)`. */
static PyObject *
note_response(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 3 ? as_writer(self, args[0]) : NULL;
    PyObject *details = writer == NULL ? NULL : notes_of(state, writer, &state->names.details);
    PyObject *made = details == NULL ? NULL : get_item(details, args[1]);
    PyObject *name = made == NULL
                         ? NULL : get_attr(state, (PyObject *)Py_TYPE(args[2]), &state->names.__name__);
    bool is_done = name != NULL && PyObject_SetItem(made, state->names.to, name) == 0;
    Py_XDECREF(name);
    Py_XDECREF(made);
    Py_XDECREF(details);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `instrumentation/contexts.py`, `before(writer, instance)` a request context: it is done if there is
 * no middleware, and the session interface is known. Its data is the ids of the known classes. */
static PyObject *
before_context(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 2 ? as_writer(self, args[0]) : NULL;
    if (writer == NULL || writer->current > 0)
        return NULL;
    PyObject *interface = get_attr(state, args[1], &state->names.session_interface);
    PyObject *id = interface == NULL ? NULL : PyLong_FromVoidPtr(Py_TYPE(interface));
    int is_known = id == NULL ? -1 : PySet_Contains(self->data, id);
    Py_XDECREF(id);
    Py_XDECREF(interface);
    return is_known == 1 ? Py_NewRef(Py_None) : NULL;
}

/* The same, `after(result)`: it is done if the subclass of the context's class is known. Its data is
 * the subclasses by their bases. */
static PyObject *
after_context(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *kind = count == 1 ? get_item(self->data, (PyObject *)Py_TYPE(args[0])) : NULL;
    bool is_done = kind != NULL && set_attr(state, args[0], &state->names.__class__, kind) == 0;
    Py_XDECREF(kind);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* The same, `_forget(writer, instance)`. */
static PyObject *
forget(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    Fields *writer = count == 2 ? as_writer(self, args[0]) : NULL;
    PyObject *seen = writer == NULL ? NULL : field(writer, &writer->seen);
    PyObject *known = seen == NULL ? NULL : get_item(seen, args[1]);
    bool is_done = seen != NULL && PyDict_CheckExact(seen) && !PyErr_Occurred()
                   && (known == NULL || PyDict_DelItem(seen, args[1]) == 0);
    Py_XDECREF(known);
    Py_XDECREF(seen);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* The same, `_look_at_parsed(self, writer, instance)`: it is done if that is not the request's own
 * context, or if the app has read nothing of the body. Its data is the name of a context's request,
 * and what a request that was read has. */
static PyObject *
look_at_parsed(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 3)
        return NULL;
    PyObject *reference = get_attr(state, args[1], &state->names.context);
    if (reference == NULL)
        return NULL;
    bool is_own = PyWeakref_CheckRef(reference) && referent(reference) == args[2];
    Py_DECREF(reference);
    if (!is_own)
        return NULL;
    PyObject *names = namespace_of(state, args[2], NULL);
    PyObject *request = names == NULL ? NULL : get_item(names, PyTuple_GET_ITEM(self->data, 0));
    PyObject *held = request == NULL ? NULL : namespace_of(state, request, NULL);
    bool is_done = held != NULL;
    for (Py_ssize_t at = 1; is_done && at < PyTuple_GET_SIZE(self->data); at++)
        is_done = PyDict_Contains(held, PyTuple_GET_ITEM(self->data, at)) == 0;
    Py_XDECREF(held);
    Py_XDECREF(request);
    Py_XDECREF(names);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `redact/redactor.py`, `text(self, value, path=())`: it is done for a text that is known to need no
 * masking. */
static PyObject *
text(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_text = 2 <= count && count <= 3 && PyUnicode_CheckExact(args[1]);
    return is_text ? known_text(state, args[0], args[1]) : NULL;
}

/* Return whether a tuple has nothing but integers that are together too small to be a card number. */
static bool
are_small(PyObject *values, Py_ssize_t most)
{
    long long sum = 0;
    bool is_small = PyTuple_CheckExact(values) && PyTuple_GET_SIZE(values) <= most;
    for (Py_ssize_t at = 0; is_small && at < PyTuple_GET_SIZE(values); at++) {
        PyObject *value = PyTuple_GET_ITEM(values, at);
        int overflow = 0;
        bool is_whole = PyLong_CheckExact(value) || PyBool_Check(value);
        long long number = is_whole ? PyLong_AsLongLongAndOverflow(value, &overflow) : 0;
        is_small = is_whole && overflow == 0 && -SMALL < number && number < SMALL;
        sum += number < 0 ? -number : number;
        is_small = is_small && sum < SMALL;
    }
    return is_small;
}

/* `redact/redactor.py`, `is_plain(self, statement, values)`: for a known statement. */
static PyObject *
is_plain(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 3 || !PyUnicode_CheckExact(args[1]))
        return NULL;
    PyObject *statements = get_attr(state, args[0], &state->names._statements);
    PyObject *key = statements == NULL ? NULL : PyLong_FromSsize_t(PyObject_Hash(args[1]));
    PyObject *known = key == NULL ? NULL : get_item(statements, key), *few = NULL;
    bool has_none = args[2] == Py_None
                    || (PyTuple_CheckExact(args[2]) && PyTuple_GET_SIZE(args[2]) == 0);
    if (known == Py_True && !has_none) {
        few = get_attr(state, args[0], &state->names._few);
        if (few == NULL || !are_small(args[2], PyLong_AsSsize_t(few)))
            Py_CLEAR(known);
    }
    Py_XDECREF(few);
    Py_XDECREF(key);
    Py_XDECREF(statements);
    if (known != NULL && !PyBool_Check(known))
        Py_CLEAR(known);
    return known;
}

/* The same, `query(self, value, path=())`: it is done for names that are known not to be secret. Its data
 * is the length of the shortest key. */
static PyObject *
query(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count < 2 || count > 3 || !PyUnicode_CheckExact(args[1])
        || is_none_in(state, args[0], &state->names.plain))
        return NULL;
    PyObject *names = names_of_query(args[1], PyLong_AsSsize_t(self->data));
    PyObject *open = names == NULL ? NULL : get_attr(state, args[0], &state->names._open_queries);
    bool is_open = open != NULL && is_known_text(open, names) == 1;
    Py_XDECREF(open);
    Py_XDECREF(names);
    return is_open ? Py_NewRef(args[1]) : NULL;
}

/* The same, `headers(self, pairs, path)`. */
static PyObject *
headers(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_list = count == 3 && PyList_CheckExact(args[1]);
    return is_list ? shown_headers(state, args[0], args[1], args[2]) : NULL;
}

/* `collectors/http.py`, `answered(self, trace, status, headers, added)`. */
static PyObject *
answered(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return answered_shortly(state, self->data, args, count);
}

/* `instrumentation/trace_start.py`, `begin(app, environ, outer)`. */
static PyObject *
begin_of_trace(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 3 ? begin_trace(state, self->data, args) : NULL;
}

/* `store.py`, `MemoryStore.add(self, trace)`. */
static PyObject *
add_to_store(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 2 || set_attr(state, args[1], &state->names.store, args[0]) < 0)
        return NULL;
    PyObject *kept = get_attr(state, args[0], &state->names._kept);
    PyObject *numbers = kept == NULL ? NULL : get_attr(state, args[0], &state->names._numbers);
    PyObject *pair = numbers == NULL ? NULL : PyTuple_New(2), *added = NULL;
    if (pair != NULL) {
        PyTuple_SET_ITEM(pair, 0, Py_NewRef(args[1]));
        /* Nothing of Python's runs from here until it is appended: other threads see both or none. */
        PyObject *number = PyIter_Next(numbers);
        if (number != NULL) {
            PyTuple_SET_ITEM(pair, 1, number);
            added = PyObject_CallMethodOneArg(kept, state->names.append, pair);
        }
    }
    Py_XDECREF(pair);
    Py_XDECREF(numbers);
    Py_XDECREF(kept);
    return added;
}

/* `extension.py`, `on_trace(trace)`: it is done if nothing has been imported since the last one, and
 * other processes know of this one. Its data is the store, a list with the number of modules, the name
 * of OpenTelemetry's SDK, and what joins the other processes. */
static PyObject *
on_trace(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *modules = PyImport_GetModuleDict(), *known = PyTuple_GET_ITEM(self->data, 1);
    if (count != 1 || !PyList_CheckExact(known) || PyList_GET_SIZE(known) != 1
        || PyLong_AsSsize_t(PyList_GET_ITEM(known, 0)) != PyDict_Size(modules)
        || PyDict_Contains(modules, PyTuple_GET_ITEM(self->data, 2)) != 0)
        return NULL;
    PyObject *member = PyTuple_GET_ITEM(self->data, 3), *joined = NULL;
    bool is_known = member == Py_None || is_none_in(state, args[0], &state->names.outbox);
    if (!is_known) {
        joined = get_attr(state, member, &state->names.joined);
        is_known = joined == Py_True;
    }
    Py_XDECREF(joined);
    return is_known ? PyObject_CallMethodOneArg(
                          PyTuple_GET_ITEM(self->data, 0), state->names.add, args[0])
                    : NULL;
}

/* `instrumentation/body.py`, `recorded`. */
static PyObject *
recorded_body(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 5 ? record_body(state, self->data, args) : NULL;
}

/* `collectors/http.py`, `Messages.sent(self)`: it is done if no bodies are recorded. */
static PyObject *
sent_body(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *preview = count == 1 ? get_attr(state, args[0], &state->names.preview) : NULL;
    Py_XDECREF(preview);
    return preview == Py_False ? Py_NewRef(Py_None) : NULL;
}

/* `trace/writer.py`, `LiveTrace.finish`. */
static PyObject *
finish(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *trace = count == 1 ? as_writer(self, args[0]) : NULL;
    return trace == NULL ? NULL : finish_trace(state, self->data, args[0]);
}

/* `instrumentation/body_recording.py`, `Recording.__del__`: it is done if the body was closed. */
static PyObject *
unclosed(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *trace = count == 1 ? get_attr(state, args[0], &state->names.trace) : NULL;
    PyObject *ended = trace == NULL ? NULL : get_attr(state, trace, &state->names.ended);
    bool is_done = ended != NULL && ended != Py_None;
    Py_XDECREF(ended);
    Py_XDECREF(trace);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `trace/writer.py`, `LiveTrace.id`. Its data is the namespace of trace/process.py. */
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
        if (!PyErr_Occurred() && 0 <= began && began < 1e19) {
            char text[40];
            (void)snprintf(text, sizeof(text), "%016llx%08llx", (unsigned long long)began, number);
            id = PyUnicode_FromString(text);
        }
    }
    for (int at = 0; at < 4; at++)
        Py_XDECREF(parts[at]);
    return id;
}

/* `collectors/templates/rendering.py`, `_TEXT`. */
#define LONGEST_IN_CONTEXT 1000

/* Return the value of a context's name as it is shown; NULL with an exception. */
static PyObject *
shown_value(PyObject *plain, PyObject *value_of, PyObject *redactor, PyObject *name, PyObject *value)
{
    bool is_short = !PyUnicode_CheckExact(value) || PyUnicode_GET_LENGTH(value) <= LONGEST_IN_CONTEXT;
    if (PyTuple_CheckExact(plain) && PyTuple_GET_SIZE(plain) == PARTS_OF_PLAIN && is_short) {
        if (plain_size(plain, value) >= 0)
            return Py_NewRef(value);
        if (PyErr_Occurred())
            return NULL;
    }
    return PyObject_CallFunctionObjArgs(value_of, redactor, name, value, NULL);
}

/* Return the values that are shown of a context by name; NULL with an exception. */
static PyObject *
shown_values(State *state, PyObject *value_of, PyObject *redactor, PyObject *valued, PyObject *context)
{
    PyObject *plain = PyObject_GetAttr(redactor, state->names.plain);
    PyObject *values = plain == NULL ? NULL : PyDict_New();
    for (Py_ssize_t at = 0; values != NULL && at < PyTuple_GET_SIZE(valued); at++) {
        PyObject *pair = PyTuple_GET_ITEM(valued, at), *value = NULL, *shown = NULL;
        if (PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2)
            value = get_item(context, PyTuple_GET_ITEM(pair, 1));
        if (value != NULL)
            shown = shown_value(plain, value_of, redactor, PyTuple_GET_ITEM(pair, 1), value);
        if (shown == NULL || PyDict_SetItem(values, PyTuple_GET_ITEM(pair, 0), shown) < 0)
            Py_CLEAR(values);
        Py_XDECREF(shown);
        Py_XDECREF(value);
    }
    Py_XDECREF(plain);
    return values;
}

/* Return what the outline of a context is found by: its names, and the ids of its values' types. NULL,
 * where there may be an exception, if that is left to Python. */
static PyObject *
key_of_context(PyObject *context)
{
    Py_ssize_t count = PyDict_GET_SIZE(context), place = 0, at = 0;
    PyObject *names = PyTuple_New(count), *kinds = PyTuple_New(count), *key = NULL, *name, *value;
    bool are_texts = names != NULL && kinds != NULL;
    while (are_texts && at < count && PyDict_Next(context, &place, &name, &value)) {
        PyTuple_SET_ITEM(names, at, Py_NewRef(name));
        PyObject *id = PyLong_FromVoidPtr(Py_TYPE(value));
        PyTuple_SET_ITEM(kinds, at, id);
        are_texts = id != NULL && PyUnicode_CheckExact(name);
        at++;
    }
    if (are_texts && at == count && at == PyDict_GET_SIZE(context))
        key = PyTuple_Pack(2, names, kinds);
    Py_XDECREF(kinds);
    Py_XDECREF(names);
    return key;
}

/* Return the known outline of a context; NULL, where there may be an exception, if there is none. */
static PyObject *
outline_of(Fields *writer, PyObject *outlines, PyObject *context)
{
    PyObject *owner = field(writer, &writer->owner);
    PyObject *of_owner = owner == NULL ? NULL : get_item(outlines, owner);
    PyObject *key = of_owner == NULL ? NULL : key_of_context(context);
    PyObject *outline = key == NULL ? NULL : get_item(of_owner, key);
    Py_XDECREF(key);
    Py_XDECREF(of_owner);
    Py_XDECREF(owner);
    return outline;
}

/* `collectors/templates/rendering.py`, `take(self, context, writer)`: it is done if the outline of such
 * contexts is known. Its data is the outlines by owner, and what shows a value. */
static PyObject *
take(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 3 ? as_writer(self, args[2]) : NULL;
    if (writer == NULL || !PyDict_CheckExact(args[1]))
        return NULL;
    /* Which only a writer of the request's own thread has. */
    PyObject *redactor = PyObject_GetAttr(args[2], state->names.redactor);
    PyObject *outline = redactor == NULL ? NULL : outline_of(
        writer, PyTuple_GET_ITEM(self->data, 0), args[1]);
    PyObject *valued = outline == NULL ? NULL : PyObject_GetAttr(outline, state->names.valued);
    PyObject *names = valued == NULL ? NULL : PyLong_FromSsize_t(PyDict_GET_SIZE(args[1]));
    bool is_done = names != NULL && PyTuple_CheckExact(valued);
    if (is_done && PyTuple_GET_SIZE(valued) > 0) {
        PyObject *values = shown_values(
            state, PyTuple_GET_ITEM(self->data, 1), redactor, valued, args[1]);
        is_done = values != NULL && PyObject_SetAttr(args[0], state->names.values, values) == 0;
        Py_XDECREF(values);
    }
    is_done = is_done && PyObject_SetAttr(args[0], state->names.outline, outline) == 0
              && PyObject_SetAttr(args[0], state->names.count, names) == 0;
    Py_XDECREF(names);
    Py_XDECREF(valued);
    Py_XDECREF(outline);
    Py_XDECREF(redactor);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `collectors/templates/parts.py`, `recording_writer()`. Its data is the apps whose templates are
 * recorded. */
static PyObject *
recording_writer(Shortcut *self, PyObject *const *Py_UNUSED(args), Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 0 ? writer_in(state, self->data) : NULL;
}

/* `collectors/statements.py`, `begin(trace, statement, parameters, many, …)`. */
static PyObject *
begin_statement(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    return begin_query(PyType_GetModuleState(Py_TYPE(self)), self->data, args, count);
}

/* The same module's `end(begun, cursor=None)`. */
static PyObject *
end_of_statement(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = (count == 1 || count == 2)
                   && end_statement(state, self->data, args[0], count == 2 ? args[1] : Py_None);
    return is_done ? Py_NewRef(Py_None) : NULL;
}

/* `toolbar/inject.py`, `on_response(self, response, trace, environ)`: it is done for an ordinary page. */
static PyObject *
on_response(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 4 ? page_with_toolbar(state, self->data, args[0], args[1], args[2], args[3])
                      : NULL;
}

/* `instrumentation/body_proxy.py`, `_itself(body)`. */
static PyObject *
itself(Shortcut *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count)
{
    return count == 1 ? Py_NewRef(args[0]) : NULL;
}

static PyObject *
leave_to_python(Shortcut *Py_UNUSED(self), PyObject *const *Py_UNUSED(args),
                Py_ssize_t Py_UNUSED(count))
{
    return NULL;
}

typedef PyObject *(*Function)(Shortcut *, PyObject *const *, Py_ssize_t);

static PyObject *
shorten(Function function, PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *result = NULL;
    /* A signal's receivers get the keywords: of those that have none, nobody does. */
    if (kwnames == NULL || function == send)
        result = function((Shortcut *)self, args, PyVectorcall_NARGS(nargsf));
    if (result != NULL)
        return result;
    /* Whatever it was, the function in Python says what has to be said; what is no Exception, such
     * as KeyboardInterrupt, is not ours. */
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception))
        return NULL;
    PyErr_Clear();
    PyObject *func = ((Shortcut *)self)->func;
    if (func == NULL)
        return PyErr_Format(PyExc_RuntimeError, "the function is gone");
    return PyObject_Vectorcall(func, args, nargsf, kwnames);
}

#define VECTORCALL(name) \
    static PyObject *name##_vectorcall( \
        PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) \
    { \
        return shorten(name, self, args, nargsf, kwnames); \
    }
VECTORCALL(add_to_store)
VECTORCALL(after_context)
VECTORCALL(answered)
VECTORCALL(before_context)
VECTORCALL(begin_of_trace)
VECTORCALL(begin_for_some)
VECTORCALL(begin_statement)
VECTORCALL(end_of_statement)
VECTORCALL(ensure_sync)
VECTORCALL(finish)
VECTORCALL(forget)
VECTORCALL(headers)
VECTORCALL(is_another_apps)
VECTORCALL(is_plain)
VECTORCALL(itself)
VECTORCALL(look)
VECTORCALL(look_at_parsed)
VECTORCALL(look_at_response)
VECTORCALL(look_at_returned)
VECTORCALL(made_from)
VECTORCALL(matched)
VECTORCALL(note_response)
VECTORCALL(on_response)
VECTORCALL(on_trace)
VECTORCALL(opened)
VECTORCALL(query)
VECTORCALL(recorded_body)
VECTORCALL(recording_writer)
VECTORCALL(send)
VECTORCALL(sent)
VECTORCALL(sent_body)
VECTORCALL(take)
VECTORCALL(text)
VECTORCALL(trace_id)
VECTORCALL(unclosed)
VECTORCALL(user_location)
VECTORCALL(view_args)
#undef VECTORCALL

/* `collectors/signals.py`, `send` of `before_render_template`, which has keywords. */
static PyObject *
send_template_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *result = send_template((Shortcut *)object, args, PyVectorcall_NARGS(nargsf), kwnames);
    return result != NULL ? result : shorten(
        leave_to_python, object, args, nargsf, kwnames);
}

/* `instrumentation/body_proxy.py`, `_next`: what the body itself raises passes. */
static PyObject *
next_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *chunk = NULL;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 1)
        chunk = next_chunk(state, self->data, args[0], &is_done);
    return is_done ? chunk : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `instrumentation/wsgi.py`, `record`: what the app raises passes. */
static PyObject *
call_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 4)
        result = record_call(state, self->data, args, &is_done);
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `instrumentation/body_proxy.py`, `_closed`. */
static PyObject *
close_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 1)
        result = close_body(state, self->data, args[0], &is_done);
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `instrumentation/start_response.py`, `recorded`: what the server's own raises passes. */
static PyObject *
start_response_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL && 5 <= count && count <= 5 + MOST_STARTED)
        result = started(state, self->data, args, count, &is_done);
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `instrumentation/methods.py`, `request_context(self, environ)`: it is done unless the path may be of
 * the panel. Its data is the mark of such a path, and the function that records. */
static PyObject *
request_context_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_apps = false;
    if (kwnames == NULL && PyVectorcall_NARGS(nargsf) == 2 && PyDict_CheckExact(args[1])) {
        PyObject *path = get_item(args[1], state->names.PATH_INFO);
        is_apps = path != NULL && PyUnicode_CheckExact(path)
                  && PyUnicode_Contains(path, PyTuple_GET_ITEM(self->data, 0)) == 0;
        Py_XDECREF(path);
    }
    if (is_apps)
        return PyObject_Vectorcall(PyTuple_GET_ITEM(self->data, 1), args, nargsf, NULL);
    return shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `instrumentation/contexts.py`, `app_context(self)`. Its data is the app's class, the identity of the
 * app, the subclasses of contexts by their bases, and what makes a context of another class record. */
static PyObject *
app_context_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *method = get_attr(state, PyTuple_GET_ITEM(self->data, 0), &state->names.app_context);
    PyObject *context = method == NULL ? NULL : PyObject_Vectorcall(method, args, nargsf, kwnames);
    PyObject *trace = NULL, *adopted = NULL;
    Py_XDECREF(method);
    if (context == NULL || state->current == NULL)
        return context;
    if (PyContextVar_Get(state->current, NULL, &trace) < 0 || trace == NULL) {
        PyErr_Clear();
        return context;
    }
    Fields *writer = as_writer(self, trace);
    if (writer != NULL && writer->owner == PyTuple_GET_ITEM(self->data, 1)) {
        PyObject *kind = get_item(PyTuple_GET_ITEM(self->data, 2), (PyObject *)Py_TYPE(context));
        if (kind != NULL && set_attr(state, context, &state->names.__class__, kind) == 0)
            adopted = Py_NewRef(Py_None);
        else if (!PyErr_Occurred())
            adopted = PyObject_CallOneArg(PyTuple_GET_ITEM(self->data, 3), context);
        if (adopted == NULL && fail_open(state, object) < 0)
            Py_CLEAR(context);
        Py_XDECREF(adopted);
        Py_XDECREF(kind);
    }
    Py_DECREF(trace);
    return context;
}

/* `collectors/templates/parts.py`, `root`: what the template raises passes. */
static PyObject *
root_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (kwnames == NULL)
        result = render_root(state, self->data, args, nargsf, &is_done);
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `collectors/templates/classes.py`, `render`: what the template raises passes. */
static PyObject *
render_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    bool is_done = false;
    PyObject *result = NULL;
    if (PyVectorcall_NARGS(nargsf) > 0)
        result = render_template(state, self->data, args, nargsf, kwnames, &is_done);
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
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
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `collectors/templates/parts.py`, `Block.__call__`. */
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
    return is_done ? result : shorten(leave_to_python, object, args, nargsf, kwnames);
}

/* `collectors/templates/record.py`, `get`. Its data is the method, the ids of the classes of templates
 * that are recorded, and what records another one. */
static PyObject *
get_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *data = ((Shortcut *)object)->data;
    PyObject *template = PyObject_Vectorcall(PyTuple_GET_ITEM(data, 0), args, nargsf, kwnames);
    if (template == NULL)
        return NULL;
    PyObject *id = PyLong_FromVoidPtr(Py_TYPE(template));
    int is_recorded = id == NULL ? -1 : PySet_Contains(PyTuple_GET_ITEM(data, 1), id);
    Py_XDECREF(id);
    PyObject *done = is_recorded == 0 ? PyObject_CallOneArg(PyTuple_GET_ITEM(data, 2), template) : NULL;
    if (is_recorded < 0 || (is_recorded == 0 && done == NULL))
        Py_CLEAR(template);
    Py_XDECREF(done);
    return template;
}

static bool
is_method_and_set(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == 3
           && PyAnySet_Check(PyTuple_GET_ITEM(data, 1));
}

static bool
is_dict(PyObject *data)
{
    return PyDict_Check(data);
}

static bool
is_set(PyObject *data)
{
    return PyAnySet_Check(data);
}

static bool
is_number(PyObject *data)
{
    return PyLong_Check(data);
}

static bool
is_type(PyObject *data)
{
    return PyType_Check(data);
}

static bool
is_none(PyObject *data)
{
    return data == Py_None;
}

static bool
are_two(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == 2;
}

static bool
is_known_by(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == 3
           && PyLong_Check(PyTuple_GET_ITEM(data, 0)) && PyAnySet_Check(PyTuple_GET_ITEM(data, 1));
}

static bool
are_three(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == 3;
}

static bool
are_four(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == 4;
}

/* By name: the function, and whether its data is what it needs. */
static const struct {
    const char *name;
    vectorcallfunc vectorcall;
    bool (*takes)(PyObject *data);
} shortcuts[] = {
    {"add_to_store", add_to_store_vectorcall, is_none},
    {"after_context", after_context_vectorcall, is_dict},
    {"answered", answered_vectorcall, are_parts_of_answer},
    {"app_context", app_context_vectorcall, are_four},
    {"before_context", before_context_vectorcall, is_set},
    {"begin_for_some", begin_for_some_vectorcall, is_set},
    {"begin_statement", begin_statement_vectorcall, are_parts_of_statement},
    {"begin_trace", begin_of_trace_vectorcall, are_parts_of_begin},
    {"block", block_vectorcall, are_parts_of_block},
    {"call", call_vectorcall, are_parts_of_call},
    {"close", close_vectorcall, are_parts_of_close},
    {"end_of_statement", end_of_statement_vectorcall, are_parts_of_statement},
    {"ensure_sync", ensure_sync_vectorcall, is_dict},
    {"execute", execute_vectorcall, are_parts_of_execution},
    {"finish", finish_vectorcall, are_parts_of_end},
    {"forget", forget_vectorcall, is_none},
    {"get", get_vectorcall, is_method_and_set},
    {"headers", headers_vectorcall, is_none},
    {"is_another_apps", is_another_apps_vectorcall, is_none},
    {"is_plain", is_plain_vectorcall, is_none},
    {"itself", itself_vectorcall, is_none},
    {"look", look_vectorcall, are_parts},
    {"look_at_parsed", look_at_parsed_vectorcall, are_three},
    {"look_at_response", look_at_response_vectorcall, are_parts_of_response},
    {"look_at_returned", look_at_returned_vectorcall, is_none},
    {"made_from", made_from_vectorcall, are_two},
    {"matched", matched_vectorcall, are_four},
    {"next", next_vectorcall, are_parts_of_body},
    {"note_response", note_response_vectorcall, is_none},
    {"on_response", on_response_vectorcall, are_parts_of_page},
    {"on_trace", on_trace_vectorcall, are_four},
    {"opened", opened_vectorcall, is_set},
    {"query", query_vectorcall, is_number},
    {"recorded_body", recorded_body_vectorcall, are_parts_of_proxy},
    {"recording_writer", recording_writer_vectorcall, is_set},
    {"render", render_vectorcall, are_parts_of_rendering},
    {"request_context", request_context_vectorcall, are_two},
    {"root", root_vectorcall, are_parts_of_root},
    {"send", send_vectorcall, is_number},
    {"send_template", send_template_vectorcall, is_known_by},
    {"sent_body", sent_body_vectorcall, is_none},
    {"sent", sent_vectorcall, are_parts_of_response},
    {"start_response", start_response_vectorcall, are_parts_of_start},
    {"take", take_vectorcall, are_two},
    {"text", text_vectorcall, is_none},
    {"trace_id", trace_id_vectorcall, is_dict},
    {"unclosed", unclosed_vectorcall, is_none},
    {"user_location", user_location_vectorcall, are_two},
    {"view_args", view_args_vectorcall, is_type},
};

static PyObject *
make_shortcut(PyObject *module, vectorcallfunc vectorcall, PyObject *data, PyObject *func)
{
    State *state = PyModule_GetState(module);
    Shortcut *self = (Shortcut *)state->Shortcut->tp_alloc(state->Shortcut, 0);
    if (self == NULL)
        return NULL;
    self->vectorcall = vectorcall;
    self->func = Py_NewRef(func);
    self->data = Py_NewRef(data);
    self->dict = PyDict_New();
    if (self->dict == NULL || PyDict_SetItem(self->dict, state->names.__wrapped__, func) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

PyDoc_STRVAR(shortcut_doc,
"shortcut($module, name, data, func, /)\n--\n\n"
"Return a function that does what `func` does: in C, as far as the shortcut of that name can.");

static PyObject *
shortcut(PyObject *module, PyObject *args)
{
    const char *name;
    PyObject *data, *func;
    if (!PyArg_ParseTuple(args, "sOO:shortcut", &name, &data, &func))
        return NULL;
    for (size_t at = 0; at < sizeof(shortcuts) / sizeof(shortcuts[0]); at++)
        if (strcmp(name, shortcuts[at].name) == 0 && shortcuts[at].takes(data))
            return make_shortcut(module, shortcuts[at].vectorcall, data, func);
    return PyErr_Format(PyExc_ValueError, "there is no shortcut %.100s for this", name);
}

static int
shortcut_traverse(PyObject *object, visitproc visit, void *arg)
{
    Shortcut *self = (Shortcut *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->func);
    Py_VISIT(self->data);
    Py_VISIT(self->dict);
    return 0;
}

/* Not `data`, which is in no cycle by itself: a call would need it. */
static int
shortcut_clear(PyObject *object)
{
    Py_CLEAR(((Shortcut *)object)->func);
    Py_CLEAR(((Shortcut *)object)->dict);
    return 0;
}

static void
shortcut_dealloc(PyObject *object)
{
    Shortcut *self = (Shortcut *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(object);
    (void)shortcut_clear(object);
    Py_XDECREF(self->data);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMemberDef shortcut_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Shortcut, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Shortcut, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Shortcut, weakrefs), READONLY, NULL},
    {NULL},
};

static PyType_Slot shortcut_slots[] = {
    {Py_tp_doc, "Does what a function in Python does, in C as far as that is possible."},
    {Py_tp_dealloc, shortcut_dealloc},
    {Py_tp_traverse, shortcut_traverse},
    {Py_tp_clear, shortcut_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, function_get},
    {Py_tp_repr, function_repr},
    {Py_tp_methods, function_methods},
    {Py_tp_getset, function_getset},
    {Py_tp_members, shortcut_members},
    {0, NULL},
};

static PyType_Spec shortcut_spec = {
    .name = "flask_lifecycle.core._core.Shortcut",
    .basicsize = sizeof(Shortcut),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
             | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = shortcut_slots,
};
