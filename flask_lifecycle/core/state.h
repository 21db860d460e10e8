/* The module's state, which each interpreter has for itself. */

#pragma once

#include <Python.h>

#include "fields.h"
#include "log.h"

#define NAMES(X) \
    X(add) X(added) X(after) X(app) X(app_context) X(append) X(args) X(armed) \
    X(automatically_set_content_length) X(begun) X(called) X(changed) X(changes) X(clock) \
    X(close) X(concat) X(connections) X(context) X(copy) X(count) X(detail) X(detail_bytes) \
    X(details) X(dialect) X(ended) X(endpoint) X(environ) X(environment) X(extras) X(failed) \
    X(file) X(filename) X(finish) X(fold) X(folded) X(found) X(from) X(func) X(function) X(g) \
    X(headers) X(hexdigest) X(holds) X(HTTP_SEC_FETCH_DEST) X(HTTP_TRACEPARENT) X(HTTP_UPGRADE) \
    X(id) X(ignored) X(is_over) X(is_plain) X(is_spine) X(joined) X(joins) X(line) X(loader) \
    X(log) X(lower) X(macros) X(many) X(match) X(method) X(name) X(next_serial) X(no_context) \
    X(notes) X(origin) X(outbox) X(outcomes) X(outline) X(parameters) X(parent) X(path) \
    X(PATH_INFO) X(place) X(plain) X(preview) X(process_response) X(query) X(QUERY_STRING) \
    X(received) X(receivers) X(redactor) X(rendering) X(request) X(REQUEST_METHOD) X(response) \
    X(route) X(routing_exception) X(rowcount) X(rows) X(run) X(SCRIPT_NAME) X(seen) X(sent) \
    X(serial) X(session) X(session_interface) X(set_data) X(share) X(size) X(source) \
    X(started_at) X(status) X(step) X(stopwatch) X(store) X(stored) X(strand) X(strands) \
    X(streamed) X(template) X(text) X(thread) X(time) X(to) X(toolbar) X(trace) X(tracepoints) \
    X(unhandled) X(update) X(url_rule) X(valued) X(values) X(view_args) X(view_functions) \
    X(whole) X(__class__) X(__dict__) X(__name__) X(__wrapped__) X(_active) X(_around) X(_epoch) \
    X(_few) X(_first) X(_flask_lifecycle) X(_hand_over) X(_headers) X(_kept) X(_keyed) X(_known) \
    X(_max_bytes) X(_name) X(_note) X(_numbers) X(_open_queries) X(_pair) X(_pid) X(_redactor) \
    X(_shapes) X(_spine) X(_statements) X(_tag) X(_together) X(_tracepoint)

typedef struct {
#define X(name) PyObject *name;
    NAMES(X)
#undef X
    PyObject *wsgi_file_wrapper;
} Names;

enum { NAME_COUNT = sizeof(Names) / sizeof(PyObject *), MOST_KNOWN = 8 };

/* A class, and the offsets of its slots by the indexes of their names: 0 if it has no such slot. */
typedef struct {
    PyTypeObject *type;
    Py_ssize_t offsets[NAME_COUNT];
} KnownType;

typedef struct {
    PyTypeObject *Log;
    PyTypeObject *Fields;
    PyTypeObject *Recording;
    PyTypeObject *Shortcut;
    PyTypeObject *Contents;
    PyTypeObject *Looked;
    /* See `setup`. */
    PyObject *current;
    PyObject *get_ident;
    PyObject *describe_error;
    PyObject *failed;
    PyObject *holding;
    int32_t unnumbered;
    Names names;
    KnownType known[MOST_KNOWN];
    int known_count;
} State;
