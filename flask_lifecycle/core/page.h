/* The toolbar on an ordinary page: toolbar/inject.py, `Toolbar.on_response`. */

#pragma once

#include <Python.h>

#include <stdbool.h>
#include <string.h>

#include "named.h"
#include "objects.h"
#include "responses.h"
#include "shortcut.h"
#include "state.h"

/* What the method in Python uses, as the shortcut's data has it. */
enum {
    RESPONSE, SET_DATA, HEADERS, HEADER_LIST, STATUS_CODE, CHARSET_OF, MARKS, SPECIAL, UNUSUAL, NO_STORE,
    CARRIED, ADDED, PARTS_OF_PAGE
};

static bool
are_parts_of_page(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_PAGE)
           && PyType_Check(PyTuple_GET_ITEM(data, RESPONSE))
           && PyType_Check(PyTuple_GET_ITEM(data, HEADERS))
           && is_named_type(PyTuple_GET_ITEM(data, ADDED))
           && PyTuple_CheckExact(PyTuple_GET_ITEM(data, MARKS))
           && PyAnySet_Check(PyTuple_GET_ITEM(data, SPECIAL))
           && PyTuple_CheckExact(PyTuple_GET_ITEM(data, UNUSUAL));
}

/* How much of a page is examined: toolbar/document.py, `_BEGINNING` and `_ENDING`. */
#define BEGINNING 4096
#define ENDING 256

/* All references are owned except for the first three. */
typedef struct {
    State *state;
    PyObject *parts;
    PyObject *response;
    /* The page, its headers, the index of its length among them, and that as text. */
    PyObject *body;
    PyObject *headers;
    Py_ssize_t length_at;
} Page;

static void
page_free(Page *page)
{
    Py_XDECREF(page->body);
    Py_XDECREF(page->headers);
}

/* Return whether a trace's page may have the toolbar. */
static bool
is_shown(State *state, PyObject *trace)
{
    if (!attribute_is(state, trace, &state->names.parent, Py_None)
        || !attribute_is(state, trace, &state->names.unhandled, Py_False))
        return false;
    PyObject *route = PyObject_GetAttr(trace, state->names.route);
    bool is_open = route != NULL
                   && (route == Py_None || attribute_is(state, route, &state->names.ignored, Py_False));
    Py_XDECREF(route);
    return is_open;
}

/* Return whether a browser says that it opens the response as a page, as a whole. */
static bool
is_opened(State *state, PyObject *parts, PyObject *environ)
{
    if (!PyDict_CheckExact(environ))
        return false;
    PyObject *unusual = PyTuple_GET_ITEM(parts, UNUSUAL);
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(unusual); at++)
        if (PyDict_Contains(environ, PyTuple_GET_ITEM(unusual, at)) != 0)
            return false;
    PyObject *dest = get_item(environ, state->names.HTTP_SEC_FETCH_DEST);
    PyObject *method = dest == NULL ? NULL : get_item(environ, state->names.REQUEST_METHOD);
    bool is_page = is_text(dest, "document") && (is_text(method, "GET") || is_text(method, "POST"));
    Py_XDECREF(method);
    Py_XDECREF(dest);
    return is_page;
}

/* Take the page if it is a single chunk of bytes. */
static bool
take_body(Page *page)
{
    PyObject *chunks = PyObject_GetAttr(page->response, page->state->names.response);
    if (chunks != NULL && PyList_CheckExact(chunks) && PyList_GET_SIZE(chunks) == 1)
        page->body = Py_NewRef(PyList_GET_ITEM(chunks, 0));
    Py_XDECREF(chunks);
    return page->body != NULL && PyBytes_CheckExact(page->body)
           && PyBytes_GET_SIZE(page->body) > 0;
}

/* Return a copy of the headers if they are Werkzeug's own, or NULL. */
static PyObject *
copy_of_headers(Page *page)
{
    PyObject *list = list_of_headers(page->state, page->response, PyTuple_GET_ITEM(page->parts, HEADERS),
                                     PyTuple_GET_ITEM(page->parts, HEADER_LIST));
    PyObject *copy = list == NULL ? NULL : PyList_GetSlice(list, 0, PY_SSIZE_T_MAX);
    Py_XDECREF(list);
    return copy;
}

/* Return whether a header is in no way special. */
static bool
take_header(Page *page, Py_ssize_t at, PyObject **content_type)
{
    PyObject *pair = PyList_GET_ITEM(page->headers, at);
    if (!is_tuple_of(pair, 2)
        || !PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 0))
        || !PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 1)))
        return false;
    PyObject *name = PyObject_CallMethodNoArgs(PyTuple_GET_ITEM(pair, 0), page->state->names.lower);
    bool is_usual = name != NULL
                    && PySet_Contains(PyTuple_GET_ITEM(page->parts, SPECIAL), name) == 0;
    if (is_usual && is_text(name, "content-length")) {
        is_usual = page->length_at < 0;
        page->length_at = at;
    } else if (is_usual && is_text(name, "content-type") && *content_type == NULL) {
        *content_type = PyTuple_GET_ITEM(pair, 1);
    }
    Py_XDECREF(name);
    return is_usual;
}

static PyObject *
length_text(Py_ssize_t length)
{
    PyObject *number = PyLong_FromSsize_t(length);
    PyObject *text = number == NULL ? NULL : PyObject_Str(number);
    Py_XDECREF(number);
    return text;
}

/* Take the headers if they are those of a page in an ordinary charset, with its length. */
static bool
take_page_headers(Page *page)
{
    PyObject *content_type = NULL; /* borrowed from the headers, which are a copy */
    page->length_at = -1;
    page->headers = copy_of_headers(page);
    bool are_usual = page->headers != NULL;
    for (Py_ssize_t at = 0; are_usual && at < PyList_GET_SIZE(page->headers); at++)
        are_usual = take_header(page, at, &content_type);
    if (!are_usual || page->length_at < 0 || content_type == NULL)
        return false;
    PyObject *charset = PyObject_CallOneArg(PyTuple_GET_ITEM(page->parts, CHARSET_OF), content_type);
    bool is_single = is_text(charset, "latin-1");
    Py_XDECREF(charset);
    if (!is_single)
        return false;
    PyObject *length = length_text(PyBytes_GET_SIZE(page->body));
    PyObject *pair = PyList_GET_ITEM(page->headers, page->length_at);
    bool is_known = length != NULL && is_text(PyTuple_GET_ITEM(pair, 0), "Content-Length")
                    && PyUnicode_Compare(PyTuple_GET_ITEM(pair, 1), length) == 0;
    Py_XDECREF(length);
    return is_known;
}

/* Return whether letters, which may be in upper case, begin with a word in lower case. */
static bool
begins_with(const char *letters, const char *end, const char *word)
{
    for (; *word != '\0'; letters++, word++)
        if (letters >= end || Py_TOLOWER(*letters) != *word)
            return false;
    return true;
}

/* Return whether a word is in a text; `anchor` is the index of a character in it that has no case. */
static bool
has_word(const char *text, const char *end, const char *word, Py_ssize_t anchor)
{
    for (const char *at = text; (at = memchr(at, word[anchor], end - at)) != NULL; at++)
        if (at - text >= anchor && begins_with(at - anchor, end, word))
            return true;
    return false;
}

/* Return whether nothing in a page says that it has to be examined. */
static bool
is_plain_body(Page *page)
{
    const char *text = PyBytes_AS_STRING(page->body);
    Py_ssize_t length = PyBytes_GET_SIZE(page->body);
    const char *end = text + Py_MIN(length, BEGINNING);
    bool has_mark = length >= 2
                    && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
    if (has_mark || has_word(text, end, "<base", 0) || has_word(text, end, "content-security-policy", 7))
        return false;
    PyObject *marks = PyTuple_GET_ITEM(page->parts, MARKS);
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(marks); at++)
        if (PySequence_Contains(page->body, PyTuple_GET_ITEM(marks, at)) != 0)
            return false;
    return true;
}

static const char *
before_spaces(const char *begin, const char *end)
{
    while (end > begin && Py_ISSPACE(end[-1]))
        end--;
    return end;
}

/* Return where an end tag begins that is the last of a text, apart from spaces; or NULL. */
static const char *
end_tag_of(const char *begin, const char *end, const char *tag)
{
    Py_ssize_t length = strlen(tag);
    end = before_spaces(begin, end);
    if (end == begin || end[-1] != '>')
        return NULL;
    end = before_spaces(begin, end - 1);
    return end - begin >= length && begins_with(end - length, end, tag) ? end - length : NULL;
}

/* Return the offset at which the tag is inserted: toolbar/document.py, `_END`. */
static Py_ssize_t
end_of_body(PyObject *body)
{
    const char *text = PyBytes_AS_STRING(body), *end = text + PyBytes_GET_SIZE(body);
    const char *begin = end - Py_MIN(end - text, ENDING);
    const char *html = end_tag_of(begin, end, "</html");
    const char *found = end_tag_of(begin, html == NULL ? end : html, "</body");
    return (found == NULL ? end : found) - text;
}

/* Return the page with the tag in it. */
static PyObject *
body_with(PyObject *body, PyObject *tag, Py_ssize_t at)
{
    Py_ssize_t length = PyBytes_GET_SIZE(body), more = PyBytes_GET_SIZE(tag);
    PyObject *whole = PyBytes_FromStringAndSize(NULL, length + more);
    if (whole == NULL)
        return NULL;
    char *into = PyBytes_AS_STRING(whole);
    memcpy(into, PyBytes_AS_STRING(body), at);
    memcpy(into + at, PyBytes_AS_STRING(tag), more);
    memcpy(into + at + more, PyBytes_AS_STRING(body) + at, length - at);
    return whole;
}

/* Return the pair of the new length. */
static PyObject *
length_pair(Page *page, PyObject *whole)
{
    PyObject *before = PyList_GET_ITEM(page->headers, page->length_at);
    PyObject *length = length_text(PyBytes_GET_SIZE(whole));
    PyObject *pair = length == NULL ? NULL : PyTuple_Pack(2, PyTuple_GET_ITEM(before, 0), length);
    Py_XDECREF(length);
    return pair;
}

/* Return the headers with the toolbar. */
static PyObject *
headers_with(Page *page, PyObject *length)
{
    PyObject *kept = PyList_GetSlice(page->headers, 0, PY_SSIZE_T_MAX);
    if (kept != NULL
        && (PyList_SetItem(kept, page->length_at, Py_NewRef(length)) < 0
            || PyList_Append(kept, PyTuple_GET_ITEM(page->parts, NO_STORE)) < 0))
        Py_CLEAR(kept);
    return kept;
}

/* Set an attribute to a new list of an object, or of the items of a list. Takes the reference. */
static int
set_list(PyObject *object, PyObject *name, PyObject *list)
{
    int status = list == NULL ? -1 : PyObject_SetAttr(object, name, list);
    Py_XDECREF(list);
    return status;
}

/* Return an object of a class of Werkzeug's, without the call of its `__init__`. */
static PyObject *
new_object(PyTypeObject *kind)
{
    PyObject *nothing = PyTuple_New(0);
    PyObject *made = nothing == NULL ? NULL : kind->tp_new(kind, nothing, NULL);
    Py_XDECREF(nothing);
    return made;
}

/* Return a copy of the response, whose headers are still the same. */
static PyObject *
copy_of_response(Page *page)
{
    PyObject *copy = new_object(Py_TYPE(page->response));
    PyObject *into = copy == NULL ? NULL : PyObject_GetAttr(copy, page->state->names.__dict__);
    PyObject *from = into == NULL ? NULL
                                  : PyObject_GetAttr(page->response, page->state->names.__dict__);
    if (from == NULL || PyDict_Update(into, from) < 0)
        Py_CLEAR(copy);
    Py_XDECREF(from);
    Py_XDECREF(into);
    return copy;
}

/* Return a copy of the response with another body and other headers. */
static PyObject *
response_with(Page *page, PyObject *whole, PyObject *kept)
{
    State *state = page->state;
    PyObject *copy = copy_of_response(page);
    PyObject *kind = PyTuple_GET_ITEM(page->parts, HEADERS);
    PyObject *headers = copy == NULL ? NULL : new_object((PyTypeObject *)kind);
    if (headers == NULL
        || set_list(headers, PyTuple_GET_ITEM(page->parts, HEADER_LIST),
                    PyList_GetSlice(kept, 0, PY_SSIZE_T_MAX)) < 0
        || PyObject_SetAttr(copy, state->names.headers, headers) < 0
        || set_list(copy, state->names.response, list_of(Py_NewRef(whole))) < 0)
        Py_CLEAR(copy);
    Py_XDECREF(headers);
    return copy;
}

/* Put with the trace what was added; return -1 with an exception. */
static int
put_added(Page *page, PyObject *trace, PyObject *tag, Py_ssize_t at, PyObject *length, PyObject *kept)
{
    State *state = page->state;
    PyObject *own = PyTuple_Pack(2, PyTuple_GET_ITEM(page->parts, NO_STORE), length);
    PyObject *added = make_named(
        PyTuple_GET_ITEM(page->parts, ADDED),
        tuple_of(5, (PyObject *[]){Py_NewRef(tag), PyLong_FromSsize_t(at), PyDict_New(),
                                   own == NULL ? NULL : PySequence_List(own),
                                   PyTuple_Pack(2, kept, page->headers)}));
    int status = added == NULL || PyObject_SetAttr(trace, state->names.added, added) < 0
                     ? -1
                     : PyObject_SetAttr(trace, state->names.toolbar,
                                        PyTuple_GET_ITEM(page->parts, CARRIED));
    Py_XDECREF(added);
    Py_XDECREF(own);
    return status;
}

/* Return the response that carries the tag; NULL with an exception. */
static PyObject *
carrying(Page *page, PyObject *trace, PyObject *tag)
{
    Py_ssize_t at = end_of_body(page->body);
    PyObject *whole = body_with(page->body, tag, at);
    PyObject *length = whole == NULL ? NULL : length_pair(page, whole);
    PyObject *kept = length == NULL ? NULL : headers_with(page, length);
    PyObject *response = kept == NULL ? NULL : response_with(page, whole, kept);
    if (response != NULL && put_added(page, trace, tag, at, length, kept) < 0)
        Py_CLEAR(response);
    Py_XDECREF(kept);
    Py_XDECREF(length);
    Py_XDECREF(whole);
    return response;
}

/* Return whether a response is one of Flask's own that succeeded. */
static bool
is_ordinary(Page *page)
{
    PyObject *kind = PyTuple_GET_ITEM(page->parts, RESPONSE);
    State *state = page->state;
    if ((PyObject *)Py_TYPE(page->response) != kind
        || !attribute_is(state, kind, &state->names.set_data, PyTuple_GET_ITEM(page->parts, SET_DATA))
        || !attribute_is(state, page->response, &state->names.automatically_set_content_length, Py_True))
        return false;
    PyObject *status = PyObject_GetAttr(page->response, PyTuple_GET_ITEM(page->parts, STATUS_CODE));
    bool is_ok = status != NULL && PyLong_CheckExact(status) && PyLong_AsLong(status) == 200;
    Py_XDECREF(status);
    return is_ok;
}

/* What `_tag` uses, as the shortcut's data has it: what is before the attributes of the tag, between
 * them and after them, and the keys of the request's target. */
enum { BEFORE_TAG, IN_TAG, AFTER_TAG, TARGETS, PARTS_OF_TAG };

static bool
are_parts_of_tag(PyObject *data)
{
    return is_tuple_of(data, PARTS_OF_TAG) && is_tuple_of(PyTuple_GET_ITEM(data, TARGETS), 2);
}

/* Return whether the app is at the root of its host, as a request's target is its path, where nothing is
 * encoded. Otherwise there may be an exception. */
static bool
is_at_root(State *state, PyObject *parts, PyObject *environ, PyObject *path)
{
    PyObject *targets = PyTuple_GET_ITEM(parts, TARGETS);
    PyObject *script = get_item(environ, state->names.SCRIPT_NAME);
    bool is_root = script == NULL || is_text(script, "");
    PyObject *uri = is_root ? get_item(environ, PyTuple_GET_ITEM(targets, 0)) : NULL;
    if (is_root && (uri == NULL || is_text(uri, "")))
        Py_XSETREF(uri, get_item(environ, PyTuple_GET_ITEM(targets, 1)));
    is_root = is_root && uri != NULL && PyUnicode_CheckExact(uri) && PyUnicode_CheckExact(path);
    if (is_root) {
        Py_ssize_t length = PyUnicode_GET_LENGTH(uri);
        Py_ssize_t end = PyUnicode_FindChar(uri, '?', 0, length, 1);
        end = end < 0 ? length : end;
        is_root = PyUnicode_GET_LENGTH(path) == end
                  && PyUnicode_Tailmatch(uri, path, 0, length, -1) == 1
                  && PyUnicode_FindChar(path, '%', 0, end, 1) == -1;
    }
    Py_XDECREF(uri);
    Py_XDECREF(script);
    return is_root;
}

/* Return the key of a request, as `request_key` of toolbar/keys.py does; NULL with an exception. */
static PyObject *
key_of_request(State *state, PyObject *toolbar, PyObject *id)
{
    PyObject *keyed = PyObject_GetAttr(toolbar, state->names._keyed), *copy = NULL, *key = NULL;
    PyObject *text = keyed == NULL ? NULL : PyUnicode_AsASCIIString(id), *updated = NULL;
    if (text != NULL)
        copy = PyObject_CallMethodNoArgs(keyed, state->names.copy);
    if (copy != NULL)
        updated = PyObject_CallMethodOneArg(copy, state->names.update, text);
    if (updated != NULL)
        key = PyObject_CallMethodNoArgs(copy, state->names.hexdigest);
    Py_XDECREF(updated);
    Py_XDECREF(copy);
    Py_XDECREF(text);
    Py_XDECREF(keyed);
    return key;
}

/* Return the tag for the request with an id; NULL with an exception. */
static PyObject *
tag_for(State *state, PyObject *parts, PyObject *toolbar, PyObject *id)
{
    PyObject *around = PyObject_GetAttr(toolbar, state->names._around), *tag = NULL;
    PyObject *key = around == NULL ? NULL : key_of_request(state, toolbar, id), *pieces = NULL;
    PyObject *dot = key == NULL ? NULL : PyUnicode_InternFromString(".");
    if (dot != NULL && is_tuple_of(around, 2))
        pieces = PyTuple_Pack(8, PyTuple_GET_ITEM(parts, BEFORE_TAG), PyTuple_GET_ITEM(around, 0), id,
                              dot, key, PyTuple_GET_ITEM(parts, IN_TAG), PyTuple_GET_ITEM(around, 1),
                              PyTuple_GET_ITEM(parts, AFTER_TAG));
    PyObject *empty = pieces == NULL ? NULL : PyUnicode_FromStringAndSize(NULL, 0);
    if (empty != NULL)
        tag = PyUnicode_Join(empty, pieces);
    Py_XDECREF(empty);
    Py_XDECREF(pieces);
    Py_XDECREF(dot);
    Py_XDECREF(key);
    Py_XDECREF(around);
    return tag;
}

/* `_tag(self, trace, environ)`: it is done for an app at the root of its host. */
static PyObject *
tag(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 3 || !PyDict_CheckExact(args[2]))
        return NULL;
    PyObject *path = get_attr(state, args[1], &state->names.path), *id = NULL, *made = NULL;
    if (path != NULL && is_at_root(state, self->data, args[2], path))
        id = PyObject_GetAttr(args[1], state->names.id);
    if (id != NULL && PyUnicode_CheckExact(id))
        made = tag_for(state, self->data, args[0], id);
    Py_XDECREF(id);
    Py_XDECREF(path);
    return made;
}
VECTORCALL(tag)

/* `on_response(self, response, trace, environ)`: it is done for an ordinary page. */
static PyObject *
on_response(Shortcut *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = PyType_GetModuleState(Py_TYPE(self));
    if (count != 4)
        return NULL;
    PyObject *toolbar = args[0], *trace = args[2], *environ = args[3];
    Page page = {.state = state, .parts = self->data, .response = args[1]};
    PyObject *tag = NULL, *written = NULL, *result = NULL;
    if (is_shown(state, trace) && is_opened(state, self->data, environ) && is_ordinary(&page)
        && take_body(&page) && take_page_headers(&page) && is_plain_body(&page))
        tag = PyObject_CallMethodObjArgs(toolbar, state->names._tag, trace, environ, NULL);
    if (tag != NULL && PyUnicode_Check(tag))
        written = PyUnicode_AsLatin1String(tag);
    if (written != NULL)
        result = carrying(&page, trace, written);
    Py_XDECREF(written);
    Py_XDECREF(tag);
    page_free(&page);
    return result;
}
VECTORCALL(on_response)
