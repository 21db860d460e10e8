/* The shortcuts by their names: see `shortcut` in __init__.py. */

#pragma once

#include <Python.h>

#include <stdbool.h>
#include <string.h>

#include "beginning.h"
#include "body.h"
#include "call.h"
#include "changes.h"
#include "chunk.h"
#include "contexts.h"
#include "ending.h"
#include "measures.h"
#include "methods.h"
#include "objects.h"
#include "outline.h"
#include "page.h"
#include "part.h"
#include "rendering.h"
#include "response.h"
#include "responses.h"
#include "routing.h"
#include "shortcut.h"
#include "signals.h"
#include "statement.h"
#include "store.h"
#include "texts.h"
#include "trace.h"
#include "user_code.h"

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
    return is_tuple_of(data, 2);
}

static bool
are_three(PyObject *data)
{
    return is_tuple_of(data, 3);
}

static bool
are_four(PyObject *data)
{
    return is_tuple_of(data, 4);
}

static bool
are_five(PyObject *data)
{
    return is_tuple_of(data, 5);
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
    {"app_context", app_context_vectorcall, are_five},
    {"before_context", before_context_vectorcall, is_set},
    {"begin_for_some", begin_for_some_vectorcall, is_set},
    {"begin_statement", begin_statement_vectorcall, are_parts_of_statement},
    {"begin_trace", begin_trace_vectorcall, are_parts_of_begin},
    {"block", block_vectorcall, are_parts_of_block},
    {"call", call_vectorcall, are_parts_of_call},
    {"close", close_vectorcall, are_parts_of_close},
    {"end_of_statement", end_statement_vectorcall, are_parts_of_statement},
    {"ensure_sync", ensure_sync_vectorcall, is_dict},
    {"execute", execute_vectorcall, are_parts_of_execution},
    {"finish", finish_vectorcall, are_parts_of_end},
    {"forget", forget_vectorcall, is_none},
    {"get", get_vectorcall, is_method_and_set},
    {"headers", headers_vectorcall, is_none},
    {"is_another_apps", is_another_apps_vectorcall, is_none},
    {"is_plain", is_plain_vectorcall, is_none},
    {"is_served", is_served_vectorcall, are_four},
    {"itself", itself_vectorcall, is_none},
    {"look", look_vectorcall, are_parts},
    {"look_at_parsed", look_at_parsed_vectorcall, are_three},
    {"look_at_response", look_at_response_vectorcall, are_parts_of_response},
    {"look_at_returned", look_at_returned_vectorcall, is_none},
    {"made_from", made_from_vectorcall, are_two},
    {"make_context", make_context_vectorcall, are_parts_of_maker},
    {"matched", matched_vectorcall, are_four},
    {"next", next_vectorcall, are_parts_of_body},
    {"note_response", note_response_vectorcall, is_none},
    {"on_response", on_response_vectorcall, are_parts_of_page},
    {"on_trace", on_trace_vectorcall, are_four},
    {"opened", opened_vectorcall, is_set},
    {"process_response", process_response_vectorcall, are_parts_of_processing},
    {"query", query_vectorcall, is_number},
    {"recorded_body", recorded_body_vectorcall, are_parts_of_proxy},
    {"recording_writer", recording_writer_vectorcall, is_set},
    {"remembered", remembered_vectorcall, is_dict},
    {"render", render_vectorcall, are_parts_of_rendering},
    {"request_context", request_context_vectorcall, are_two},
    {"root", root_vectorcall, are_parts_of_root},
    {"send", send_vectorcall, is_number},
    {"send_template", send_template_vectorcall, are_parts_of_announcement},
    {"sent_body", sent_body_vectorcall, is_none},
    {"sent", sent_vectorcall, are_parts_of_response},
    {"start_response", start_response_vectorcall, are_parts_of_start},
    {"tag", tag_vectorcall, are_parts_of_tag},
    {"take", take_vectorcall, are_two},
    {"text", text_vectorcall, is_none},
    {"trace_id", trace_id_vectorcall, is_dict},
    {"unclosed", unclosed_vectorcall, is_none},
    {"user_location", user_location_vectorcall, are_two},
    {"view_args", view_args_vectorcall, is_type},
};

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
