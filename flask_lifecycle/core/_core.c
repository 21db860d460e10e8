/* What runs for each step of a request, in C: the log, the fields of its writer, and the function
 * around a recorded one. Python code does the same, and its behaviour is the specification: that of
 * `twin.py` and `recorder/in_python.py`, and of the module that the head of a header names.
 *
 * Only what every step needs is here, and the shortcuts: what nearly every request does besides. A full
 * log, a strand of another thread, a request that is held and a description of an exception are left
 * to the Python code.
 *
 * What each function may rely on: a callable and its arguments are kept alive by whoever calls it;
 * everything else that is used after a call of Python code is owned for that long, and the address
 * of a log's steps is read again, as appending moves them.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifndef Py_BEGIN_CRITICAL_SECTION /* before Python 3.13 there is always a GIL */
#define Py_BEGIN_CRITICAL_SECTION(op) { (void)(op)
#define Py_END_CRITICAL_SECTION() }
#endif

#if PY_VERSION_HEX < 0x030D0000
#define PyObject_GetOptionalAttr _PyObject_LookupAttr
#endif

#include "contents.h"
#include "fields.h"
#include "json.h"
#include "log.h"
#include "recording.h"
#include "shortcut.h"
#include "shortcuts.h"
#include "slots.h"
#include "state.h"
#include "steps.h"
#include "stored.h"
#include "untracked.h"

/* Has to be the same in __init__.py, so that a module built from older sources is not used. */
#define REVISION 12

PyDoc_STRVAR(setup_doc,
"Take what recorded functions use: the context variable of the current trace, what identifies a\n"
"thread, what describes an exception, what reports a fault, the names of recorder/holding.py, and\n"
"the number of tracepoints without one.");

static PyObject *
setup(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *current, *get_ident, *describe_error, *failed, *holding;
    int unnumbered;
    if (!PyArg_ParseTuple(args, "OOOOO!i:setup", &current, &get_ident, &describe_error, &failed,
                          &PyDict_Type, &holding, &unnumbered))
        return NULL;
    if (!PyContextVar_CheckExact(current)) {
        PyErr_SetString(PyExc_TypeError, "the current trace is in a context variable");
        return NULL;
    }
    PyObject *ident = PyObject_CallNoArgs(get_ident);
    if (ident == NULL)
        return NULL;
    unsigned long long number = PyLong_AsUnsignedLongLongMask(ident);
    Py_DECREF(ident);
    if (PyErr_Occurred())
        return NULL;
    /* Python's own need not be called. */
    bool is_native = number == PyThread_get_thread_ident();
    Py_XSETREF(state->get_ident, is_native ? NULL : Py_NewRef(get_ident));
    Py_XSETREF(state->current, Py_NewRef(current));
    Py_XSETREF(state->describe_error, Py_NewRef(describe_error));
    Py_XSETREF(state->failed, Py_NewRef(failed));
    Py_XSETREF(state->holding, Py_NewRef(holding));
    state->unnumbered = unnumbered;
    Py_RETURN_NONE;
}

static PyObject *
pack(PyObject *module, PyObject *log)
{
    State *state = PyModule_GetState(module);
    if (!Py_IS_TYPE(log, state->Log))
        return PyErr_Format(PyExc_TypeError, "%.100s is not a log", Py_TYPE(log)->tp_name);
    return pack_log((Log *)log);
}

static PyMethodDef core_methods[] = {
    {"begin", (PyCFunction)(void (*)(void))begin, METH_FASTCALL, begin_doc},
    {"dumps", dumps, METH_O, "Return a value as JSON, in ASCII and without spaces."},
    {"end", (PyCFunction)(void (*)(void))end, METH_FASTCALL, end_doc},
    {"know", know, METH_O, know_doc},
    {"pack", pack, METH_O, "Return the steps of a log in little memory."},
    {"shortened", shortened, METH_VARARGS, shortened_doc},
    {"shortcut", shortcut, METH_VARARGS, shortcut_doc},
    {"setup", setup, METH_VARARGS, setup_doc},
    {"stored", stored, METH_VARARGS, stored_doc},
    {"untracked", untracked, METH_O, untracked_doc},
    {NULL},
};

static int
core_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
#define X(name) \
    if ((state->names.name = PyUnicode_InternFromString(#name)) == NULL) \
        return -1;
    NAMES(X)
#undef X
    if ((state->names.wsgi_file_wrapper = PyUnicode_InternFromString("wsgi.file_wrapper")) == NULL)
        return -1;
#define ADD(name, spec) \
    state->name = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL); \
    if (state->name == NULL || PyModule_AddType(module, state->name) < 0) \
        return -1;
    ADD(Log, log_spec)
    ADD(Fields, fields_spec)
    ADD(Recording, recording_spec)
    ADD(Shortcut, shortcut_spec)
    ADD(Contents, contents_spec)
    ADD(Looked, looked_spec)
#undef ADD
#define ADD(name) || PyModule_AddIntConstant(module, #name, name) < 0
    return PyModule_AddIntConstant(module, "REVISION", REVISION) < 0 ADD(WRITER)
                   ADD(TRACEPOINT_NUMBER) ADD(STEP) ADD(ENTERED) ADD(RESULT) ADD(NOTHING)
                   ADD(FIRST_MORE) ADD(LAST_MORE) ADD(ARGS) ADD(KWARGS)
               ? -1
               : 0;
#undef ADD
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->Log);
    Py_VISIT(state->Fields);
    Py_VISIT(state->Recording);
    Py_VISIT(state->Shortcut);
    Py_VISIT(state->Contents);
    Py_VISIT(state->Looked);
    for (int at = 0; at < state->known_count; at++)
        Py_VISIT(state->known[at].type);
    Py_VISIT(state->current);
    Py_VISIT(state->get_ident);
    Py_VISIT(state->describe_error);
    Py_VISIT(state->failed);
    Py_VISIT(state->holding);
    return 0;
}

static int
core_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->current);
    Py_CLEAR(state->get_ident);
    Py_CLEAR(state->describe_error);
    Py_CLEAR(state->failed);
    Py_CLEAR(state->holding);
    return 0;
}

/* The types and names stay until the end: functions that outlive the module use them. */
static void
core_free(void *module)
{
    State *state = PyModule_GetState(module);
    (void)core_clear(module);
    Py_CLEAR(state->Log);
    Py_CLEAR(state->Fields);
    Py_CLEAR(state->Recording);
    Py_CLEAR(state->Shortcut);
    Py_CLEAR(state->Contents);
    Py_CLEAR(state->Looked);
    while (state->known_count > 0)
        Py_CLEAR(state->known[--state->known_count].type);
#define X(name) Py_CLEAR(state->names.name);
    NAMES(X)
#undef X
    Py_CLEAR(state->names.wsgi_file_wrapper);
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "flask_lifecycle.core._core",
    .m_doc = "The recording of steps, compiled.",
    .m_size = sizeof(State),
    .m_methods = core_methods,
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
