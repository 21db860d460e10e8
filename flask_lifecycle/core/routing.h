/* The match of a route, and the arguments of views: instrumentation/routing.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "facts.h"
#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "texts.h"
#include "writer.h"

/* `view_args(self, kwargs)`: it is done for arguments that need no masking.
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
VECTORCALL(view_args)

/* Return what is known of the rule that a request has matched: a new reference, or NULL, where there may
 * be an exception. */
static PyObject *
route_of(State *state, PyObject *routes, PyObject *request)
{
    PyObject *rule = NULL, *known = NULL, *route = NULL;
    if (attribute_is(state, request, &state->names.routing_exception, Py_None))
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

/* `matched(self, writer, step, instance)`: it is done for a known rule and
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
VECTORCALL(matched)
