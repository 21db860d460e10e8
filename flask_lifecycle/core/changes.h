/* The look at what changed in `g` and the session: collectors/changes/mappings.py. */

#pragma once

#include <Python.h>
#include <structmember.h>

#include "errors.h"
#include "slots.h"
#include "state.h"
#include "writer.h"

/* A dict, with its contents at the last comparison; `containers` is NULL if there are no lists and
 * dicts in it. */
typedef struct {
    PyObject_HEAD
    PyObject *mapping;
    PyObject *keys;
    PyObject *values;
    PyObject *containers;
} Contents;

static PyObject *
get_containers(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *containers = ((Contents *)self)->containers;
    return containers == NULL ? PyTuple_New(0) : Py_NewRef(containers);
}

static PyMemberDef contents_members[] = {
    {"keys", T_OBJECT_EX, offsetof(Contents, keys), READONLY, NULL},
    {"values", T_OBJECT_EX, offsetof(Contents, values), READONLY, NULL},
    {NULL},
};

static PyGetSetDef contents_getset[] = {
    {"containers", get_containers, NULL, NULL, NULL},
    {NULL},
};

static int
contents_traverse(PyObject *object, visitproc visit, void *arg)
{
    Contents *self = (Contents *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->mapping);
    Py_VISIT(self->keys);
    Py_VISIT(self->values);
    Py_VISIT(self->containers);
    return 0;
}

/* Not the mapping, which a comparison needs: what is in it clears itself. */
static int
contents_clear(PyObject *object)
{
    Contents *self = (Contents *)object;
    Py_CLEAR(self->keys);
    Py_CLEAR(self->values);
    Py_CLEAR(self->containers);
    return 0;
}

static void
contents_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    (void)contents_clear(object);
    Py_XDECREF(((Contents *)object)->mapping);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyType_Slot contents_slots[] = {
    {Py_tp_doc, "A dict, with its contents at the last comparison."},
    {Py_tp_dealloc, contents_dealloc},
    {Py_tp_traverse, contents_traverse},
    {Py_tp_clear, contents_clear},
    {Py_tp_members, contents_members},
    {Py_tp_getset, contents_getset},
    {0, NULL},
};

static PyType_Spec contents_spec = {
    .name = "flask_lifecycle.core._core.Contents",
    .basicsize = sizeof(Contents),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = contents_slots,
};

/* The last known contents of one app context, and of the session of its request if it has one. */
typedef struct {
    PyObject_HEAD
    Contents *g;
    Contents *session;
} Looked;

static int
looked_traverse(PyObject *object, visitproc visit, void *arg)
{
    Looked *self = (Looked *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->g);
    Py_VISIT(self->session);
    return 0;
}

static int
looked_clear(PyObject *object)
{
    Looked *self = (Looked *)object;
    Py_CLEAR(self->g);
    Py_CLEAR(self->session);
    return 0;
}

static void
looked_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    (void)looked_clear(object);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyType_Slot looked_slots[] = {
    {Py_tp_doc, "The last known contents of one app context."},
    {Py_tp_dealloc, looked_dealloc},
    {Py_tp_traverse, looked_traverse},
    {Py_tp_clear, looked_clear},
    {0, NULL},
};

static PyType_Spec looked_spec = {
    .name = "flask_lifecycle.core._core.Looked",
    .basicsize = sizeof(Looked),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = looked_slots,
};

/* What the look in Python uses, as the shortcut's data has it. */
enum { APP_CONTEXT, REQUEST_CONTEXT, SESSION, OWNERS, NESTED, DIFFERENCE, PUT_NOTE, CHANGES, PARTS };

static bool
are_parts(PyObject *data)
{
    return PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == PARTS
           && PyContextVar_CheckExact(PyTuple_GET_ITEM(data, APP_CONTEXT))
           && PyContextVar_CheckExact(PyTuple_GET_ITEM(data, REQUEST_CONTEXT))
           && PyUnicode_CheckExact(PyTuple_GET_ITEM(data, SESSION))
           && PyAnySet_Check(PyTuple_GET_ITEM(data, OWNERS))
           && PyType_Check(PyTuple_GET_ITEM(data, CHANGES));
}

static bool
is_container(PyObject *value)
{
    return PyList_CheckExact(value) || PyDict_CheckExact(value) || PyTuple_CheckExact(value);
}

/* Copy the keys and values of a dict; return whether there are containers, or -1 if it has another
 * size by now: the memory for the copies may have come by a garbage collection, which runs code. */
static int
copy_dict(PyObject *mapping, PyObject *keys, PyObject *values)
{
    Py_ssize_t place = 0, at = 0, count = PyTuple_GET_SIZE(keys);
    PyObject *key, *value;
    int found = 0;
    Py_BEGIN_CRITICAL_SECTION(mapping);
    if (PyDict_GET_SIZE(mapping) != count)
        found = -1;
    while (found >= 0 && at < count && PyDict_Next(mapping, &place, &key, &value)) {
        PyTuple_SET_ITEM(keys, at, Py_NewRef(key));
        PyTuple_SET_ITEM(values, at, Py_NewRef(value));
        found |= is_container(value);
        at++;
    }
    Py_END_CRITICAL_SECTION();
    return found;
}

/* Return the contents of a dict; NULL with an exception. */
static Contents *
contents_of(State *state, PyObject *parts, PyObject *mapping)
{
    Contents *self = (Contents *)state->Contents->tp_alloc(state->Contents, 0);
    if (self == NULL)
        return NULL;
    self->mapping = Py_NewRef(mapping);
    int found;
    do {
        Py_ssize_t count = PyDict_GET_SIZE(mapping);
        Py_XSETREF(self->keys, PyTuple_New(count));
        Py_XSETREF(self->values, PyTuple_New(count));
        if (self->keys == NULL || self->values == NULL) {
            Py_DECREF(self);
            return NULL;
        }
        found = copy_dict(mapping, self->keys, self->values);
    } while (found < 0);
    if (found > 0) {
        self->containers = PyObject_CallOneArg(PyTuple_GET_ITEM(parts, NESTED), self->values);
        if (self->containers != NULL && !PyTuple_CheckExact(self->containers)) {
            Py_CLEAR(self->containers);
            PyErr_SetString(PyExc_TypeError, "a tuple of containers");
        }
        if (self->containers == NULL)
            Py_CLEAR(self);
    }
    return self;
}

/* Return whether a dict has the very keys and values; those are tuples, or one tuple in which the
 * values come after the keys. */
static bool
has_same_items(PyObject *dict, PyObject *const *keys, PyObject *const *values, Py_ssize_t count)
{
    Py_ssize_t place = 0, at = 0;
    PyObject *key, *value;
    bool is_same;
    Py_BEGIN_CRITICAL_SECTION(dict);
    is_same = PyDict_GET_SIZE(dict) == count;
    while (is_same && PyDict_Next(dict, &place, &key, &value)) {
        is_same = at < count && keys[at] == key && values[at] == value;
        at++;
    }
    Py_END_CRITICAL_SECTION();
    return is_same;
}

static bool
has_same_elements(PyObject *list, PyObject *const *elements, Py_ssize_t count)
{
    bool is_same;
    Py_BEGIN_CRITICAL_SECTION(list);
    is_same = PyList_GET_SIZE(list) == count;
    for (Py_ssize_t at = 0; is_same && at < count; at++)
        is_same = PyList_GET_ITEM(list, at) == elements[at];
    Py_END_CRITICAL_SECTION();
    return is_same;
}

#define ITEMS(tuple) (((PyTupleObject *)(tuple))->ob_item)

/* Return whether a container, the first of a pair, has the contents that are the second. */
static bool
is_same_container(PyObject *pair)
{
    if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2)
        return false;
    PyObject *container = PyTuple_GET_ITEM(pair, 0), *held = PyTuple_GET_ITEM(pair, 1);
    if (!PyTuple_CheckExact(held))
        return false;
    Py_ssize_t count = PyTuple_GET_SIZE(held);
    if (PyList_CheckExact(container))
        return has_same_elements(container, ITEMS(held), count);
    return PyDict_CheckExact(container) && count % 2 == 0
           && has_same_items(container, ITEMS(held), ITEMS(held) + count / 2, count / 2);
}

/* Return whether the dict, and what is in it, is as it was. */
static bool
is_unchanged(Contents *self)
{
    /* The garbage collector has taken it apart. */
    if (self->keys == NULL || self->values == NULL)
        return true;
    if (!has_same_items(
            self->mapping, ITEMS(self->keys), ITEMS(self->values), PyTuple_GET_SIZE(self->keys)))
        return false;
    Py_ssize_t count = self->containers == NULL ? 0 : PyTuple_GET_SIZE(self->containers);
    for (Py_ssize_t at = 0; at < count; at++)
        if (!is_same_container(PyTuple_GET_ITEM(self->containers, at)))
            return false;
    return true;
}

static bool
is_scalar(PyObject *value)
{
    return PyUnicode_CheckExact(value) || PyLong_CheckExact(value) || PyFloat_CheckExact(value)
           || PyBool_Check(value) || PyBytes_CheckExact(value) || value == Py_None;
}

/* Return whether a value is another one, or -1 with an exception, or 2 if that is left to Python. */
static int
is_another(PyObject *before, PyObject *now)
{
    if (before == now)
        return 0;
    if (Py_TYPE(before) != Py_TYPE(now))
        return 1;
    if (is_container(now))
        return 2;
    if (!is_scalar(now))
        return 1;
    int is_equal = PyObject_RichCompareBool(before, now, Py_EQ);
    return is_equal < 0 ? -1 : !is_equal;
}

static int
put(PyObject **dict, PyObject *name, PyObject *value)
{
    if (!PyUnicode_CheckExact(name))
        return 0;
    if (*dict == NULL && (*dict = PyDict_New()) == NULL)
        return -1;
    return PyDict_SetItem(*dict, name, value);
}

/* Find what was added and changed, as dicts, or NULL if nothing was. Return 1; 0 if that is left to
 * Python, or -1 with an exception. */
static int
find_difference(Contents *before, Contents *now, PyObject **added, PyObject **changed)
{
    Py_ssize_t count = PyTuple_GET_SIZE(before->keys), all = PyTuple_GET_SIZE(now->keys);
    if (before->containers != NULL || all < count
        || memcmp(ITEMS(before->keys), ITEMS(now->keys), count * sizeof(PyObject *)) != 0)
        return 0;
    for (Py_ssize_t at = 0; at < all; at++) {
        PyObject *name = PyTuple_GET_ITEM(now->keys, at), *value = PyTuple_GET_ITEM(now->values, at);
        int is_new = at < count ? is_another(PyTuple_GET_ITEM(before->values, at), value) : 1;
        if (is_new < 0 || is_new == 2)
            return is_new < 0 ? -1 : 0;
        if (is_new && put(at < count ? changed : added, name, value) < 0)
            return -1;
    }
    return 1;
}

/* Return the difference as Python has it, or None if there is none; NULL with an exception. */
static PyObject *
difference_of(PyObject *parts, Contents *before, Contents *now)
{
    PyObject *added = NULL, *changed = NULL, *difference = NULL;
    int found = find_difference(before, now, &added, &changed);
    if (found == 0)
        difference = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, DIFFERENCE), before, now, NULL);
    else if (found > 0 && added == NULL && changed == NULL)
        difference = Py_NewRef(Py_None);
    else if (found > 0)
        difference = Py_BuildValue("OO()", added == NULL ? Py_None : added,
                                   changed == NULL ? Py_None : changed);
    Py_XDECREF(added);
    Py_XDECREF(changed);
    return difference;
}

/* What is known of texts that need no masking, as the redactor has it: hashes of names, and of texts,
 * and the length of the longest text; and what a value is masked with. */
enum { USUAL, PLAIN, LONGEST, MASK, PARTS_OF_PLAIN };

/* One word of this length is in no secret format: `redact/redactor.py`, `_SHORT`. */
#define SHORT_WORD 11
/* Every card number is larger: `redact/values.py`, `SMALL`. */
#define SMALL 1000000000000LL
/* Of one change no more are shown: `trace/header_changes.py`. */
#define NAMES_KEPT 50

/* Return whether the hash of a text is in a set, or -1 with an exception. */
static int
is_known_text(PyObject *hashes, PyObject *text)
{
    PyObject *hash = PyLong_FromSsize_t(PyObject_Hash(text));
    int is_in = hash == NULL ? -1 : PySet_Contains(hashes, hash);
    Py_XDECREF(hash);
    return is_in;
}

static bool
is_short_word(PyObject *text)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (length == 0 || length >= SHORT_WORD || !PyUnicode_IS_ASCII(text))
        return false;
    const Py_UCS1 *letters = PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t at = 0; at < length; at++)
        if (!Py_ISALNUM(letters[at]))
            return false;
    return true;
}

/* Return the bytes that a value takes that is shown as it is, beside what each takes; -1, where there
 * may be an exception, if it may have to be masked. */
static Py_ssize_t
plain_size(PyObject *plain, PyObject *value)
{
    if (value == Py_None || PyBool_Check(value))
        return 0;
    if (PyLong_CheckExact(value)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0 && -SMALL < number && number < SMALL ? 0 : -1;
    }
    if (!PyUnicode_CheckExact(value))
        return -1;
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    Py_ssize_t longest = PyLong_AsSsize_t(PyTuple_GET_ITEM(plain, LONGEST));
    if (length > longest)
        return -1;
    bool is_plain = is_short_word(value) || is_known_text(PyTuple_GET_ITEM(plain, PLAIN), value) == 1;
    return is_plain ? 50 + length : -1;
}

/* Return names and values in turn if nothing of them is masked, and add to their size; NULL, where
 * there may be an exception, if that is left to Python. */
static PyObject *
plain_pairs(PyObject *plain, PyObject *names, Py_ssize_t *size)
{
    if (names == Py_None)
        return PyTuple_New(0);
    PyObject *pairs = PyTuple_New(2 * PyDict_GET_SIZE(names)), *name, *value;
    Py_ssize_t place = 0, at = 0;
    while (pairs != NULL && PyDict_Next(names, &place, &name, &value)) {
        Py_ssize_t more = is_known_text(PyTuple_GET_ITEM(plain, USUAL), name) == 1
                              ? plain_size(plain, value) : -1;
        *size += more;
        PyTuple_SET_ITEM(pairs, at++, Py_NewRef(name));
        PyTuple_SET_ITEM(pairs, at++, Py_NewRef(value));
        if (more < 0)
            Py_CLEAR(pairs);
    }
    return pairs;
}

/* Return what is noted of a difference if nothing of it is masked, as `Changed.found`; in the same
 * way. */
static PyObject *
plain_found(PyObject *plain, PyObject *where, PyObject *difference, Py_ssize_t *size)
{
    PyObject *added = PyTuple_GET_ITEM(difference, 0), *changed = PyTuple_GET_ITEM(difference, 1);
    PyObject *new = plain_pairs(plain, added, size), *found = NULL;
    PyObject *other = new == NULL ? NULL : plain_pairs(plain, changed, size);
    if (other != NULL && *size <= PyLong_AsSsize_t(PyTuple_GET_ITEM(plain, LONGEST)))
        found = Py_BuildValue("(OOO())", where, new, other);
    Py_XDECREF(new);
    Py_XDECREF(other);
    return found;
}

/* Return the bytes of a request's details and more, as a number. */
static int
add_detail_bytes(State *state, PyObject *writer, Py_ssize_t more)
{
    PyObject *before = more == 0 ? NULL : get_attr(state, writer, &state->names.detail_bytes);
    PyObject *size = before == NULL ? NULL : PyLong_FromSsize_t(more);
    PyObject *sum = size == NULL ? NULL : PyNumber_Add(before, size);
    int status = sum == NULL ? (more == 0 ? 0 : -1)
                             : set_attr(state, writer, &state->names.detail_bytes, sum);
    Py_XDECREF(sum);
    Py_XDECREF(size);
    Py_XDECREF(before);
    return status;
}

/* Return an empty record of changes. */
static PyObject *
new_changes(State *state, PyObject *kind)
{
    PyObject *nothing = PyTuple_New(0), *size = PyLong_FromLong(0);
    PyObject *changes = nothing == NULL || size == NULL
                            ? NULL : ((PyTypeObject *)kind)->tp_new((PyTypeObject *)kind, nothing, NULL);
    /* As in its `__init__`, whose call would take longer than all of this. */
    if (changes != NULL && (PyObject_SetAttr(changes, state->names.found, nothing) < 0
                            || PyObject_SetAttr(changes, state->names.response, Py_None) < 0
                            || PyObject_SetAttr(changes, state->names.size, size) < 0))
        Py_CLEAR(changes);
    Py_XDECREF(size);
    Py_XDECREF(nothing);
    return changes;
}

/* Put what was found with a step, which has no changes yet; return -1 with an exception. */
static int
put_changes(State *state, PyObject *parts, Fields *writer, PyObject *step, PyObject *found,
            Py_ssize_t size)
{
    PyObject *changes = new_changes(state, PyTuple_GET_ITEM(parts, CHANGES));
    PyObject *number = changes == NULL ? NULL : PyLong_FromSsize_t(size);
    PyObject *changed = number == NULL ? NULL : notes_of(state, writer, &state->names.changed);
    int status = changed == NULL || set_attr(state, changes, &state->names.found, found) < 0
                         || set_attr(state, changes, &state->names.size, number) < 0
                         || PyObject_SetItem(changed, step, changes) < 0
                     ? -1
                     : add_detail_bytes(state, (PyObject *)writer, size);
    Py_XDECREF(changed);
    Py_XDECREF(number);
    Py_XDECREF(changes);
    return status;
}

/* Put the changes of a response with a step; return -1 with an exception. */
static int
put_response(State *state, PyObject *kind, Fields *writer, PyObject *step, PyObject *answers)
{
    PyObject *changed = notes_of(state, writer, &state->names.changed);
    PyObject *changes = changed == NULL ? NULL : get_item(changed, step);
    int status = changed == NULL ? -1 : 0;
    if (changes == NULL && !PyErr_Occurred()) {
        changes = new_changes(state, kind);
        status = changes == NULL ? -1 : PyObject_SetItem(changed, step, changes);
    }
    if (status == 0)
        status = changes == NULL ? -1 : PyObject_SetAttr(changes, state->names.response, answers);
    Py_XDECREF(changes);
    Py_XDECREF(changed);
    return status;
}

/* Return whether a difference was found here, not in Python: the names are in new dicts or None. */
static bool
is_plain_difference(PyObject *difference)
{
    if (!PyTuple_CheckExact(difference) || PyTuple_GET_SIZE(difference) != 3)
        return false;
    PyObject *removed = PyTuple_GET_ITEM(difference, 2);
    for (int at = 0; at < 2; at++) {
        PyObject *names = PyTuple_GET_ITEM(difference, at);
        if (names != Py_None
            && !(PyDict_CheckExact(names) && PyDict_GET_SIZE(names) <= NAMES_KEPT))
            return false;
    }
    return PyTuple_CheckExact(removed) && PyTuple_GET_SIZE(removed) == 0;
}

/* Return the step that a change belongs to: the given one, or of the innermost function that runs; as
 * `_note` finds it. NULL with an exception. */
static PyObject *
place_of(State *state, PyObject *writer, PyObject *step)
{
    if (step != Py_None)
        return Py_NewRef(step);
    PyObject *function = PyObject_CallMethodNoArgs(writer, state->names.function);
    if (function == NULL || !PyLong_CheckExact(function) || PyLong_AsLong(function) != -1)
        return function;
    Py_DECREF(function);
    return PyLong_FromLong(0);
}

/* Note a difference in the request's own thread, if nothing of it is masked; `_note` in Python does
 * the rest. Return 1, 0 if that is left to Python, or -1 with an exception. */
static int
note_plainly(State *state, PyObject *parts, Fields *writer, PyObject *step, PyObject *where,
             PyObject *difference)
{
    if (!PyLong_CheckExact(step) || PyLong_AsSsize_t(step) < 0)
        return 0;
    PyObject *redactor = get_attr(state, (PyObject *)writer, &state->names.redactor);
    PyObject *plain = redactor == NULL ? NULL : get_attr(state, redactor, &state->names.plain);
    PyObject *changed = plain == NULL ? NULL : notes_of(state, writer, &state->names.changed);
    PyObject *found = NULL;
    Py_ssize_t size = 0;
    int status = 0;
    if (changed != NULL && PyDict_CheckExact(changed) && PyDict_Contains(changed, step) == 0
        && PyTuple_CheckExact(plain) && PyTuple_GET_SIZE(plain) == PARTS_OF_PLAIN)
        found = plain_found(plain, where, difference, &size);
    if (found != NULL)
        status = put_changes(state, parts, writer, step, found, size) < 0 ? -1 : 1;
    else
        PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(changed);
    Py_XDECREF(plain);
    Py_XDECREF(redactor);
    return status;
}

/* Compare one of the contents, and note what changed; return -1 with an exception. */
static int
compare(State *state, PyObject *parts, Contents **held, PyObject *mapping, PyObject *where,
        PyObject *writer, PyObject *step)
{
    Contents *now = contents_of(state, parts, mapping);
    if (now == NULL)
        return -1;
    Contents *before = *held;
    *held = (Contents *)Py_NewRef(now);
    PyObject *difference = difference_of(parts, before, now);
    int status = difference == NULL ? -1 : difference == Py_None;
    if (status == 0 && is_plain_difference(difference)) {
        PyObject *place = place_of(state, writer, step);
        status = place == NULL ? -1 : note_plainly(state, parts, (Fields *)writer, place, where,
                                                   difference);
        Py_XDECREF(place);
    }
    if (status == 0) {
        PyObject *noted = PyObject_CallFunctionObjArgs(
            PyTuple_GET_ITEM(parts, PUT_NOTE), writer, step, where, difference, NULL);
        status = noted == NULL ? -1 : 0;
        Py_XDECREF(noted);
    }
    Py_XDECREF(difference);
    Py_DECREF(before);
    Py_DECREF(now);
    return status < 0 ? -1 : 0;
}

/* Return the `__dict__` of an attribute of an object, or of the object itself: a dict, or NULL. */
static PyObject *
namespace_of(State *state, PyObject *object, PyObject *name)
{
    PyObject *owner = name == NULL ? Py_NewRef(object) : PyObject_GetAttr(object, name);
    PyObject *dict = owner == NULL ? NULL : get_attr(state, owner, &state->names.__dict__);
    Py_XDECREF(owner);
    if (dict != NULL && !PyDict_Check(dict)) {
        Py_CLEAR(dict);
        PyErr_SetString(PyExc_TypeError, "a namespace is a dict");
    }
    return dict;
}

/* Return the session of the current request: a dict, or NULL, where there may be an exception. */
static PyObject *
current_session(State *state, PyObject *parts)
{
    PyObject *context = NULL, *session = NULL;
    if (PyContextVar_Get(PyTuple_GET_ITEM(parts, REQUEST_CONTEXT), Py_None, &context) < 0)
        return NULL;
    if (context != Py_None) {
        PyObject *names = namespace_of(state, context, NULL);
        session = names == NULL ? NULL : get_item(names, PyTuple_GET_ITEM(parts, SESSION));
        Py_XDECREF(names);
    }
    Py_DECREF(context);
    if (session != NULL && !PyDict_Check(session))
        Py_CLEAR(session);
    return session;
}

/* Return what is known of a context, which may have just begun; NULL, where there may be an
 * exception, if that is of the look in Python, or if it is another app's, which is not seen to be
 * popped: then `*is_foreign`. */
static Looked *
known_of(State *state, PyObject *parts, Fields *writer, PyObject *context, bool *is_foreign)
{
    PyObject *seen = field(writer, &writer->seen);
    PyObject *known = seen == NULL ? NULL : get_item(seen, context);
    Looked *looked = NULL;
    if (known != NULL) {
        if (Py_IS_TYPE(known, state->Looked))
            looked = (Looked *)Py_NewRef(known);
    } else if (seen != NULL && PyDict_CheckExact(seen) && !PyErr_Occurred()) {
        PyObject *app = get_attr(state, context, &state->names.app);
        *is_foreign = app != NULL && !is_app_of(state, writer, app);
        Py_XDECREF(app);
        PyObject *names = PyErr_Occurred() || *is_foreign
                              ? NULL
                              : namespace_of(state, context, state->names.g);
        if (names != NULL) {
            looked = (Looked *)state->Looked->tp_alloc(state->Looked, 0);
            if (looked != NULL)
                looked->g = contents_of(state, parts, names);
            if (looked != NULL
                && (looked->g == NULL || PyDict_SetItem(seen, context, (PyObject *)looked) < 0))
                Py_CLEAR(looked);
            Py_DECREF(names);
        }
    }
    Py_XDECREF(known);
    Py_XDECREF(seen);
    return looked;
}

/* Return -1 with an exception. */
static int
compare_all(State *state, PyObject *parts, Looked *looked, PyObject *context, PyObject *writer,
            PyObject *step)
{
    if (!is_unchanged(looked->g)) {
        PyObject *names = namespace_of(state, context, state->names.g);
        int status = names == NULL ? -1
                                   : compare(state, parts, &looked->g, names, state->names.g,
                                             writer, step);
        Py_XDECREF(names);
        if (status < 0)
            return -1;
    }
    if (looked->session == NULL) {
        PyObject *session = current_session(state, parts);
        if (session != NULL) {
            Contents *contents = contents_of(state, parts, session);
            Py_DECREF(session);
            Py_XSETREF(looked->session, contents);
        }
        return PyErr_Occurred() ? -1 : 0;
    }
    if (is_unchanged(looked->session))
        return 0;
    PyObject *session = Py_NewRef(looked->session->mapping);
    int status = compare(
        state, parts, &looked->session, session, state->names.session, writer, step);
    Py_DECREF(session);
    return status;
}
