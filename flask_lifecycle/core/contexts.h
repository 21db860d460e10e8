/* The contexts of a request: instrumentation/contexts.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* What makes contexts of a subclass, as the shortcut's data has it: the identity of the app, Flask's own
 * method, its code, its namespace, the name and the class that it makes contexts of, and a function that
 * does the same with the subclass. */
enum { MAKER_OWNER, FLASKS, FLASKS_CODE, NAMESPACE, CLASS_NAME, CLASS, OWN_MAKER, PARTS_OF_MAKER };

static bool
are_parts_of_maker(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_MAKER) && PyFunction_Check(PyTuple_GET_ITEM(data, FLASKS))
           && PyDict_CheckExact(PyTuple_GET_ITEM(data, NAMESPACE));
}

/* Return whether the current request is of an app, or -1 with an exception. */
static int
is_in_request_of(State *state, PyObject *owner)
{
    PyObject *trace = current_trace(state);
    Fields *writer = trace == NULL ? NULL : as_writer(state, trace);
    int is_of_app = writer != NULL ? writer->owner == owner : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(trace);
    return is_of_app;
}

/* Flask's own `request_context` or `app_context`, whose contexts record in a request: nothing is done
 * in Python, where the class of a context is assigned afterwards. */
static PyObject *
make_context_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *parts = self->data, *method = PyTuple_GET_ITEM(parts, FLASKS), *kind = NULL;
    int is_usual = is_in_request_of(state, PyTuple_GET_ITEM(parts, MAKER_OWNER));
    if (is_usual > 0) {
        kind = get_item(PyTuple_GET_ITEM(parts, NAMESPACE), PyTuple_GET_ITEM(parts, CLASS_NAME));
        is_usual = kind == PyTuple_GET_ITEM(parts, CLASS)
                   && PyFunction_GET_CODE(method) == PyTuple_GET_ITEM(parts, FLASKS_CODE);
        Py_XDECREF(kind);
    }
    PyErr_Clear();
    PyObject *func = is_usual > 0 ? PyTuple_GET_ITEM(parts, OWN_MAKER) : self->func;
    return PyObject_Vectorcall(func, args, nargsf, kwnames);
}

/* Let a context record that is of the class of one that does not; return false, where there may be an
 * exception, if its class is not known. */
static bool
adopt_context(State *state, PyObject *classes, PyObject *context)
{
    PyObject *kind = get_item(classes, (PyObject *)Py_TYPE(context));
    bool is_done = kind == (PyObject *)Py_TYPE(context);
    if (kind != NULL && !is_done)
        is_done = set_attr(state, context, &state->names.__class__, kind) == 0;
    Py_XDECREF(kind);
    return is_done;
}

/* `app_context(self)`. Its data is the app's class, the identity of the app, the subclasses of contexts
 * by their bases, what makes a context of another class record, and what makes contexts in place of
 * Flask's own method. */
static PyObject *
app_context_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *method = get_attr(state, PyTuple_GET_ITEM(self->data, 0), &state->names.app_context);
    PyObject *maker = PyTuple_GET_ITEM(self->data, 4), *context = NULL;
    if (method != NULL && Py_IS_TYPE(maker, state->Shortcut) && ((Shortcut *)maker)->func == method)
        Py_SETREF(method, Py_NewRef(maker));
    if (method != NULL)
        context = PyObject_Vectorcall(method, args, nargsf, kwnames);
    Py_XDECREF(method);
    if (context == NULL)
        return NULL;
    int is_recorded = is_in_request_of(state, PyTuple_GET_ITEM(self->data, 1));
    if (is_recorded > 0 && !adopt_context(state, PyTuple_GET_ITEM(self->data, 2), context)) {
        PyObject *adopted = PyErr_Occurred()
                                ? NULL
                                : PyObject_CallOneArg(PyTuple_GET_ITEM(self->data, 3), context);
        if (adopted == NULL && fail_open(state, object) < 0)
            Py_CLEAR(context);
        Py_XDECREF(adopted);
    } else if (is_recorded < 0) {
        PyErr_Clear();
    }
    return context;
}

/* `before(writer, instance)` a request context: it is done if there is
 * no middleware, and the session interface is known. Its data is the ids of the known classes. */
static PyObject *
before_context(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 2 ? as_writer(state, args[0]) : NULL;
    if (writer == NULL || writer->current > 0)
        return NULL;
    PyObject *interface = get_attr(state, args[1], &state->names.session_interface);
    bool is_known = interface != NULL && is_class_in(self->data, interface) == 1;
    Py_XDECREF(interface);
    return is_known ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(before_context)

/* `after(result)`: it is done if the subclass of the context's class is known. Its data is
 * the subclasses by their bases. */
static PyObject *
after_context(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    return count == 1 && adopt_context(state, self->data, args[0]) ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(after_context)

/* `_forget(writer, instance)`. */
static PyObject *
forget(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    Fields *writer = count == 2 ? as_writer(state, args[0]) : NULL;
    PyObject *seen = writer == NULL ? NULL : field(writer, &writer->seen);
    PyObject *known = seen == NULL ? NULL : get_item(seen, args[1]);
    bool is_done = seen != NULL && PyDict_CheckExact(seen) && !PyErr_Occurred()
                   && (known == NULL || PyDict_DelItem(seen, args[1]) == 0);
    Py_XDECREF(known);
    Py_XDECREF(seen);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(forget)

/* `_look_at_parsed(self, writer, instance)`: it is done if that is the request's own context, and the
 * app has read nothing of the body. Its data is the name of a context's request, and what a request has
 * that was read. */
static PyObject *
look_at_parsed(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 3)
        return NULL;
    PyObject *reference = get_attr(state, args[1], &state->names.context);
    if (reference == NULL)
        return NULL;
    bool is_own = referent(reference) == args[2];
    Py_DECREF(reference);
    if (!is_own)
        return NULL;
    PyObject *request = own_attr(state, args[2], PyTuple_GET_ITEM(self->data, 0));
    PyObject *held = request == NULL ? NULL : namespace_of(state, request, NULL);
    bool is_done = held != NULL;
    for (Py_ssize_t at = 1; is_done && at < PyTuple_GET_SIZE(self->data); at++)
        is_done = PyDict_Contains(held, PyTuple_GET_ITEM(self->data, at)) == 0;
    Py_XDECREF(held);
    Py_XDECREF(request);
    return is_done ? Py_NewRef(Py_None) : NULL;
}
VECTORCALL(look_at_parsed)
