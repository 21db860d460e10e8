/* What is stored of a finished request: its fields and its steps, see `trace/stored.py`. */

#pragma once

#include <Python.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "log.h"
#include "slots.h"
#include "state.h"

/* The names of a request's fields, and what else has to be known of them. */
typedef struct {
    PyObject *plain;
    PyObject *seldom;
    PyObject *defaults; /* of these, compared by identity */
    PyObject *facts;    /* the type of details that are stored as they are */
    PyObject *more;     /* returns the seldom fields, where any is not its default */
    PyObject *called;   /* of a tracepoint, before and after its source */
    PyObject *place;
} Layout;

typedef struct {
    State *state;
    Layout layout;
    PyObject *trace;
    Text text;
} Record;

static bool
add_attribute(Text *text, PyObject *object, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(object, name);
    bool is_added = value != NULL && add_value(text, value);
    Py_XDECREF(value);
    return is_added;
}

static bool
add_attributes(Text *text, PyObject *object, PyObject *names)
{
    bool is_added = true;
    for (Py_ssize_t at = 0; is_added && at < PyTuple_GET_SIZE(names); at++)
        is_added = add_text(text, ",", 1)
                   && add_attribute(text, object, PyTuple_GET_ITEM(names, at));
    return is_added;
}

/* Write a comma, unless a list has just begun. */
static bool
separate(Text *text)
{
    return text->text[text->size - 1] == '[' || add_text(text, ",", 1);
}

/* Write the name of a form, and the values of the attributes that are stored in it. */
static bool
add_form(Text *text, PyObject *form, PyObject *note)
{
    if (!is_tuple_of(form, 2)) {
        PyErr_SetString(PyExc_TypeError, "a form is a name, and attributes or None");
        return false;
    }
    PyObject *names = PyTuple_GET_ITEM(form, 1);
    if (!add_value(text, PyTuple_GET_ITEM(form, 0)) || !add_text(text, ",", 1))
        return false;
    if (!PyTuple_CheckExact(names))
        return add_value(text, note);
    bool is_added = add_text(text, "[", 1);
    for (Py_ssize_t at = 0; is_added && at < PyTuple_GET_SIZE(names); at++)
        is_added = separate(text) && add_attribute(text, note, PyTuple_GET_ITEM(names, at));
    return is_added && add_text(text, "]", 1);
}

/* Write the details of a step, or an addition to them, as `form_of` returns them. */
static bool
add_details(Record *record, PyObject *note)
{
    Text *text = &record->text;
    PyObject *form = NULL;
    if ((PyObject *)Py_TYPE(note) == record->layout.facts)
        return add_text(text, "null,", 5) && add_value(text, note);
    if (PyObject_GetOptionalAttr(note, record->state->names.stored, &form) < 0)
        return false;
    if (form != NULL && form != Py_None) {
        bool is_added = add_form(text, form, note);
        Py_DECREF(form);
        return is_added;
    }
    Py_XDECREF(form);
    PyObject *stored = PyObject_CallMethodOneArg(note, record->state->names.detail, record->trace);
    bool is_added = stored != NULL && add_text(text, "null,", 5) && add_value(text, stored);
    Py_XDECREF(stored);
    return is_added;
}

static bool
add_note(Record *record, PyObject *place, PyObject *name, PyObject *note)
{
    Text *text = &record->text;
    return separate(text) && add_value(text, place) && add_text(text, ",", 1)
           && (name == NULL || (add_value(text, name) && add_text(text, ",", 1)))
           && add_details(record, note);
}

typedef bool Add(Record *record, PyObject *context, PyObject *key, PyObject *value);

/* Call a function for each item of a dict, which code of others may change meanwhile. */
static bool
add_each(Record *record, PyObject *dict, Add *add, PyObject *context)
{
    PyObject *items = dict == NULL ? NULL : PyDict_Items(dict);
    bool is_added = items != NULL;
    for (Py_ssize_t at = 0; is_added && at < PyList_GET_SIZE(items); at++) {
        PyObject *item = PyList_GET_ITEM(items, at);
        is_added = add(record, context, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1));
    }
    Py_XDECREF(items);
    return is_added;
}

static bool
add_main(Record *record, PyObject *Py_UNUSED(context), PyObject *place, PyObject *note)
{
    return add_note(record, place, NULL, note);
}

static bool
add_changes(Record *record, PyObject *Py_UNUSED(context), PyObject *place, PyObject *note)
{
    return add_note(record, place, record->state->names.changes, note);
}

static bool
add_named(Record *record, PyObject *place, PyObject *name, PyObject *note)
{
    return add_note(record, place, name, note);
}

static bool
add_extras(Record *record, PyObject *Py_UNUSED(context), PyObject *place, PyObject *added)
{
    return add_each(record, added, add_named, place);
}

static bool
add_source(Text *text, State *state, PyObject *source)
{
    if (source == NULL || source == Py_None)
        return source != NULL && add_text(text, "null", 4);
    return add_text(text, "[", 1) && add_attribute(text, source, state->names.file)
           && add_text(text, ",", 1) && add_attribute(text, source, state->names.line)
           && add_text(text, "]", 1);
}

/* Write a tracepoint that has no number, as `tracepoint_fields` returns it. */
static bool
add_tracepoint(Record *record, PyObject *Py_UNUSED(context), PyObject *place, PyObject *tracepoint)
{
    Text *text = &record->text;
    State *state = record->state;
    bool is_added = separate(text) && add_text(text, "[", 1) && add_value(text, place)
                    && add_attributes(text, tracepoint, record->layout.called)
                    && add_text(text, ",", 1);
    PyObject *source = is_added ? get_attr(state, tracepoint, &state->names.source) : NULL;
    is_added = add_source(text, state, source)
               && add_attributes(text, tracepoint, record->layout.place)
               && add_text(text, "]", 1);
    Py_XDECREF(source);
    return is_added;
}

/* Write what `_more` returns: nothing, for most requests. */
static bool
add_more(Record *record, PyObject *outcomes, PyObject *kept)
{
    if (outcomes == NULL || kept == NULL)
        return false;
    if (!PyDict_Check(outcomes) || !PyTuple_Check(kept) || PyTuple_GET_SIZE(kept) != 3) {
        PyErr_SetString(PyExc_TypeError, "the request has not finished");
        return false;
    }
    bool is_usual = PyDict_GET_SIZE(outcomes) == 0 && PyTuple_GET_ITEM(kept, 2) == Py_False;
    PyObject *names = record->layout.seldom;
    for (Py_ssize_t at = 0; is_usual && at < PyTuple_GET_SIZE(names); at++) {
        PyObject *value = PyObject_GetAttr(record->trace, PyTuple_GET_ITEM(names, at));
        if (value == NULL)
            return false;
        is_usual = value == PyTuple_GET_ITEM(record->layout.defaults, at);
        Py_DECREF(value);
    }
    if (is_usual)
        return add_text(&record->text, "{}", 2);
    PyObject *more = PyObject_CallOneArg(record->layout.more, record->trace);
    bool is_added = more != NULL && add_value(&record->text, more);
    Py_XDECREF(more);
    return is_added;
}

/* Call a function for each item of one of the dicts of notes. */
static bool
add_kind(Record *record, PyObject *notes, PyObject *name, Add *add)
{
    PyObject *dict = PyObject_GetAttr(notes, name);
    bool is_added = add_each(record, dict, add, NULL);
    Py_XDECREF(dict);
    return is_added;
}

static bool
add_notes(Record *record)
{
    State *state = record->state;
    Text *text = &record->text;
    PyObject *notes = get_attr(state, record->trace, &state->names.notes);
    if (notes == NULL)
        return false;
    PyObject *kept = get_attr(state, record->trace, &state->names._kept);
    PyObject *outcomes = get_attr(state, notes, &state->names.outcomes);
    bool is_added = add_text(text, ",[", 2)
                    && add_kind(record, notes, state->names.details, add_main)
                    && add_text(text, "],[", 3)
                    && add_kind(record, notes, state->names.changed, add_changes)
                    && add_kind(record, notes, state->names.extras, add_extras)
                    && add_text(text, "],[", 3)
                    && add_kind(record, notes, state->names.tracepoints, add_tracepoint)
                    && add_text(text, "],", 2) && add_more(record, outcomes, kept);
    Py_DECREF(notes);
    Py_XDECREF(kept);
    Py_XDECREF(outcomes);
    return is_added;
}

PyDoc_STRVAR(stored_doc,
"Return the fields of a finished request as JSON. Takes what there is to know of these, the\n"
"request, its id and the number of its route.");

static PyObject *
stored(PyObject *module, PyObject *args)
{
    Record record = {.state = PyModule_GetState(module)};
    Layout *layout = &record.layout;
    PyObject *trace_id, *route, *made = NULL;
    if (!PyArg_ParseTuple(args, "(O!O!O!OOO!O!)OOO:stored", &PyTuple_Type, &layout->plain,
                          &PyTuple_Type, &layout->seldom, &PyTuple_Type, &layout->defaults,
                          &layout->facts, &layout->more, &PyTuple_Type, &layout->called,
                          &PyTuple_Type, &layout->place, &record.trace, &trace_id, &route))
        return NULL;
    Text *text = &record.text;
    if (add_text(text, "[", 1) && add_value(text, route)
        && add_attributes(text, record.trace, layout->plain) && add_text(text, ",", 1)
        && add_value(text, trace_id) && add_notes(&record) && add_text(text, "]", 1))
        made = PyBytes_FromStringAndSize(text->text, text->size);
    PyMem_Free(text->text);
    return made;
}

/* A step in half the space: the index of its parent, and nanoseconds since the request's origin and
 * since its begin. As `trace/stored.py` unpacks it. */
typedef struct {
    uint16_t tracepoint;
    int16_t parent;
    uint32_t begin;
    uint32_t took;
} Short;

#define OPEN UINT32_MAX

/* Return what `round((reading - origin) * 1e9)` is, or NAN if it were another number when the
 * reading is computed again. */
static double
nanoseconds(double origin, double reading)
{
    double since = rint((reading - origin) * 1e9);
    double again = origin + since / 1e9;
    return rint((again - origin) * 1e9) == since ? since : NAN;
}

/* Return whether a step fits. */
static bool
make_short(const Step *step, double origin, Short *made)
{
    double begin = nanoseconds(origin, step->begin);
    double took = step->end == 0 ? OPEN : nanoseconds(origin, step->end) - begin;
    int32_t parent = step->parent < 0 ? -1 : step->parent / WIDTH;
    if (!(0 <= begin && begin <= UINT32_MAX && 0 <= took && took <= OPEN)
        || (took == OPEN && step->end != 0) || parent > INT16_MAX || step->parent < -1
        || step->tracepoint < 0 || step->tracepoint > UINT16_MAX)
        return false;
    *made = (Short){(uint16_t)step->tracepoint, (int16_t)parent, (uint32_t)begin, (uint32_t)took};
    return true;
}

PyDoc_STRVAR(shortened_doc,
"Return packed steps in half the space, or None where one does not fit. Takes these, the reading of\n"
"the clock when the request began, and a bytearray in which the numbers of tracepoints are marked.");

static PyObject *
shortened(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer steps, marks;
    double origin;
    if (!PyArg_ParseTuple(args, "y*dw*:shortened", &steps, &origin, &marks))
        return NULL;
    Py_ssize_t count = steps.len / (Py_ssize_t)sizeof(Step);
    PyObject *made = PyBytes_FromStringAndSize(NULL, count * sizeof(Short));
    bool fits = made != NULL;
    for (Py_ssize_t at = 0; fits && at < count; at++) {
        Step step;
        Short as_short;
        memcpy(&step, (char *)steps.buf + at * sizeof(Step), sizeof(Step));
        fits = step.tracepoint < marks.len && make_short(&step, origin, &as_short);
        if (fits) {
            memcpy(PyBytes_AS_STRING(made) + at * sizeof(Short), &as_short, sizeof(Short));
            ((char *)marks.buf)[step.tracepoint] = 1;
        }
    }
    PyBuffer_Release(&steps);
    PyBuffer_Release(&marks);
    if (made == NULL || fits)
        return made;
    Py_DECREF(made);
    Py_RETURN_NONE;
}
