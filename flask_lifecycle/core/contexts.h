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

/* `app_context(self)`. Its data is the app's class, the identity of the
 * app, the subclasses of contexts by their bases, and what makes a context of another class record. */
static PyObject *
app_context_vectorcall(
    PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Shortcut *self = (Shortcut *)object;
    State *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *method = get_attr(state, PyTuple_GET_ITEM(self->data, 0), &state->names.app_context);
    PyObject *context = method == NULL ? NULL : PyObject_Vectorcall(method, args, nargsf, kwnames);
    PyObject *trace = context == NULL ? NULL : current_trace(state), *adopted = NULL;
    Py_XDECREF(method);
    if (context == NULL)
        return NULL;
    if (trace == NULL) {
        PyErr_Clear();
        return context;
    }
    Fields *writer = as_writer(state, trace);
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
    PyObject *kind = count == 1 ? get_item(self->data, (PyObject *)Py_TYPE(args[0])) : NULL;
    bool is_done = kind != NULL && set_attr(state, args[0], &state->names.__class__, kind) == 0;
    Py_XDECREF(kind);
    return is_done ? Py_NewRef(Py_None) : NULL;
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
VECTORCALL(look_at_parsed)
