/* The rendering of a template as a whole: collectors/templates/classes.py, `render`, and what gives
 * templates such classes, collectors/templates/record.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>

#include "errors.h"
#include "objects.h"
#include "part.h"
#include "shortcut.h"
#include "slots.h"
#include "state.h"
#include "steps.h"
#include "writer.h"

/* What the method in Python uses, as the shortcut's data has it: first what a part of a page does, then
 * the method of the template's class, what returns a tracepoint and a location, the type of the details,
 * Jinja's own function that joins chunks, no outline, and what takes a context. */
enum {
    BASE_RENDER = PARTS_OF_BLOCK, TEMPLATE_TRACEPOINT, LOCATE_CALLER, RENDERING, JOIN, NO_OUTLINE, TAKE,
    PARTS_OF_RENDERING
};

static bool
are_parts_of_rendering(PyObject *data)
{
    return are_parts_of_block(data) && PyTuple_GET_SIZE(data) == PARTS_OF_RENDERING
           && PyType_Check(PyTuple_GET_ITEM(data, RENDERING));
}

/* Return the name of the class of a template's loader, None for a template without one; NULL with an
 * exception. */
static PyObject *
loader_of(State *state, PyObject *template, PyObject *environment)
{
    PyObject *name = PyObject_GetAttr(template, state->names.name);
    if (name == NULL || name == Py_None)
        return name;
    Py_DECREF(name);
    PyObject *loader = PyObject_GetAttr(environment, state->names.loader);
    if (loader == NULL || loader == Py_None)
        return loader;
    name = PyObject_GetAttr((PyObject *)Py_TYPE(loader), state->names.__name__);
    Py_DECREF(loader);
    return name;
}

/* Set the attributes of the details, as their `__init__` does; return -1 with an exception. */
static int
begin_rendering(State *state, PyObject *data, PyObject *rendering, PyObject *template)
{
    PyObject *environment = PyObject_GetAttr(template, state->names.environment);
    PyObject *concat = environment == NULL ? NULL
                                           : PyObject_GetAttr(environment, state->names.concat);
    PyObject *loader = concat == NULL ? NULL : loader_of(state, template, environment);
    PyObject *place = loader == NULL ? NULL
                                     : PyObject_CallNoArgs(PyTuple_GET_ITEM(data, LOCATE_CALLER));
    PyObject *zero = place == NULL ? NULL : PyLong_FromLong(0);
    PyObject *joins = concat == PyTuple_GET_ITEM(data, JOIN) ? Py_True : Py_False;
    int status = zero == NULL || PyObject_SetAttr(rendering, state->names.begun, Py_False) < 0
                         || PyObject_SetAttr(rendering, state->names.whole, Py_True) < 0
                         || PyObject_SetAttr(rendering, state->names.joins, joins) < 0
                         || PyObject_SetAttr(rendering, state->names.place, place) < 0
                         || PyObject_SetAttr(rendering, state->names.loader, loader) < 0
                         || PyObject_SetAttr(rendering, state->names.outline,
                                             PyTuple_GET_ITEM(data, NO_OUTLINE)) < 0
                         || PyObject_SetAttr(rendering, state->names.values, Py_None) < 0
                         || PyObject_SetAttr(rendering, state->names.count, zero) < 0
                     ? -1 : 0;
    Py_XDECREF(zero);
    Py_XDECREF(place);
    Py_XDECREF(loader);
    Py_XDECREF(concat);
    Py_XDECREF(environment);
    return status;
}

/* Put the details with a step; return -1 with an exception. */
static int
put_rendering(State *state, Fields *writer, PyObject *step, PyObject *rendering)
{
    PyObject *extras = notes_of(state, writer, &state->names.extras);
    PyObject *named = extras == NULL ? NULL : get_item(extras, step);
    int status = extras == NULL || PyErr_Occurred() ? -1 : 0;
    if (status == 0 && named == NULL) {
        named = PyDict_New();
        status = named == NULL ? -1 : PyObject_SetItem(extras, step, named);
    }
    if (status == 0)
        status = PyObject_SetItem(named, state->names.rendering, rendering);
    Py_XDECREF(named);
    Py_XDECREF(extras);
    return status;
}

/* Record what is shown of a context; return -1 with an exception. */
static int
show_context(State *state, PyObject *data, Fields *writer, PyObject *rendering, PyObject *context)
{
    PyObject *taken = PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(data, TAKE), rendering, context, writer, NULL);
    PyObject *count = taken == NULL ? NULL : PyObject_GetAttr(rendering, state->names.count);
    Py_ssize_t names = count == NULL ? -1 : PyLong_AsSsize_t(count);
    int status = names < 0 ? -1 : add_detail_bytes(state, (PyObject *)writer, 200 * names);
    Py_XDECREF(count);
    Py_XDECREF(taken);
    return status;
}

/* `_note`: return the details of a rendering whose step has begun, None if that fails; or NULL with an
 * exception that has to reach the app. */
static PyObject *
note_rendering(Part *part, PyObject *step)
{
    State *state = part->state;
    PyTypeObject *kind = (PyTypeObject *)PyTuple_GET_ITEM(part->data, RENDERING);
    PyObject *nothing = PyTuple_New(0);
    PyObject *rendering = nothing == NULL ? NULL : kind->tp_new(kind, nothing, NULL);
    PyObject *context = PyVectorcall_NARGS(part->nargsf) > 1 ? part->args[1] : Py_None;
    int status = rendering == NULL
                         || begin_rendering(state, part->data, rendering, part->args[0]) < 0
                         || put_rendering(state, part->writer, step, rendering) < 0
                     ? -1 : 0;
    if (status == 0 && PyDict_CheckExact(context) && PyDict_GET_SIZE(context) > 0)
        status = show_context(state, part->data, part->writer, rendering, context);
    if (status < 0) {
        Py_CLEAR(rendering);
        if (fail_open(state, PyTuple_GET_ITEM(part->data, TAKE)) == 0)
            rendering = Py_NewRef(Py_None);
    }
    Py_XDECREF(nothing);
    return rendering;
}

static PyObject *
call_render(Part *part)
{
    return PyObject_Vectorcall(part->render, part->args, part->nargsf, part->kwnames);
}

/* Render in a step that has begun; `part->outer` is what the writer rendered before. */
static PyObject *
render_noted(Part *part, PyObject *step)
{
    PyObject *noted = note_rendering(part, step);
    int status = noted == NULL ? -1 : set_attr(
        part->state, (PyObject *)part->writer, &part->state->names.rendering, noted);
    Py_XDECREF(noted);
    if (status < 0) {
        /* Only what is no Exception, such as KeyboardInterrupt, gets here. */
        PyObject *error = take_error();
        if (end_part(part, step) < 0)
            PyErr_Clear();
        raise_error(error);
        return NULL;
    }
    return render_in_step(part, step, call_render);
}

/* Return the tracepoint of a template; NULL with an exception. */
static PyObject *
tracepoint_of_template(State *state, PyObject *data, PyObject *template)
{
    PyObject *name = PyObject_GetAttr(template, state->names.name);
    PyObject *file = name == NULL ? NULL : PyObject_GetAttr(template, state->names.filename);
    PyObject *tracepoint = file == NULL ? NULL : PyObject_CallFunctionObjArgs(
        PyTuple_GET_ITEM(data, TEMPLATE_TRACEPOINT), name, file, NULL);
    Py_XDECREF(file);
    Py_XDECREF(name);
    return tracepoint;
}

/* `render(self, *args, **kwargs)` of a template; `*is_done` is false, where there may be an exception, if
 * that is left to Python. */
static PyObject *
render_template(State *state, PyObject *data, PyObject *const *args, size_t nargsf, PyObject *kwnames,
                bool *is_done)
{
    PyObject *writer = writer_in(state, PyTuple_GET_ITEM(data, TEMPLATE_OWNERS)), *result = NULL;
    Part part = {
        .state = state, .data = data, .writer = (Fields *)writer, .args = args, .nargsf = nargsf,
        .kwnames = kwnames, .render = PyTuple_GET_ITEM(data, BASE_RENDER),
    };
    *is_done = writer == Py_None;
    if (*is_done) {
        result = call_render(&part);
    } else if (writer != NULL && has_room(state, part.writer)) {
        PyObject *tracepoint = tracepoint_of_template(state, data, args[0]), *step = NULL;
        part.outer = tracepoint == NULL ? NULL : get_attr(state, writer, &state->names.rendering);
        Py_ssize_t offset = part.outer == NULL ? -1
                                               : begin_in(state, part.writer, tracepoint, Py_None);
        step = offset < 0 ? NULL : PyLong_FromSsize_t(offset);
        *is_done = step != NULL;
        if (*is_done)
            result = render_noted(&part, step);
        Py_XDECREF(step);
        Py_XDECREF(part.outer);
        Py_XDECREF(tracepoint);
    }
    Py_XDECREF(writer);
    return result;
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
    return is_done ? result : leave_to_python(object, args, nargsf, kwnames);
}

static bool
is_method_and_set(PyObject *data)
{
    return is_tuple_of(data, 3) && PyAnySet_Check(PyTuple_GET_ITEM(data, 1));
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
    int is_recorded = is_class_in(PyTuple_GET_ITEM(data, 1), template);
    PyObject *done = is_recorded == 0 ? PyObject_CallOneArg(PyTuple_GET_ITEM(data, 2), template) : NULL;
    if (is_recorded < 0 || (is_recorded == 0 && done == NULL))
        Py_CLEAR(template);
    Py_XDECREF(done);
    return template;
}
