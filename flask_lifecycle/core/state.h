/* The module's state, which each interpreter has for itself. */

#pragma once

#include <Python.h>

#include "fields.h"
#include "log.h"

#define NAMES(X) \
    X(after) X(app) X(armed) X(called) X(changed) X(changes) X(close) X(context) X(detail) X(detail_bytes) X(details) \
    X(extras) X(file) X(fold) X(found) X(function) X(g) X(headers) X(held) X(is_over) X(is_spine) X(line) X(notes) X(outcomes) X(plain) \
    X(receivers) X(redactor) X(sent) X(session) X(session_interface) X(size) X(source) X(step) X(stopwatch) X(stored) X(strand) X(streamed) X(trace) X(tracepoints) \
    X(views) X(__class__) X(__dict__) X(__wrapped__) X(_few) \
    X(_flask_lifecycle) X(_headers) X(_kept) X(_pair) X(_statements)

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
    struct {
#define X(name) PyObject *name;
        NAMES(X)
#undef X
    } names;
} State;
