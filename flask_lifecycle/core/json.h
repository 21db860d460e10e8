/* JSON of what is stored of requests, as `twin.dumps` writes it, into one buffer. */

#pragma once

#include <Python.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* What is rare is left to the twin: it is an exception here. */
typedef struct {
    char *text;
    Py_ssize_t size;
    Py_ssize_t capacity;
} Text;

/* Return where at most so many bytes can be written, or NULL with a MemoryError. */
static char *
text_end(Text *text, Py_ssize_t more)
{
    if (text->capacity - text->size < more) {
        Py_ssize_t capacity = 2 * (text->size + more) + 4096;
        char *moved = PyMem_Realloc(text->text, capacity);
        if (moved == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        text->text = moved;
        text->capacity = capacity;
    }
    return text->text + text->size;
}

static bool
add_text(Text *text, const char *more, Py_ssize_t size)
{
    char *end = text_end(text, size);
    if (end == NULL)
        return false;
    memcpy(end, more, size);
    text->size += size;
    return true;
}

static char *
write_unit(char *at, unsigned int unit)
{
    *at++ = '\\';
    *at++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[unit >> shift & 15];
    return at;
}

static char *
write_escaped(char *at, Py_UCS4 character)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = character - 1 < 127 ? strchr(escaped, (int)character) : NULL;
    if (found != NULL) {
        *at++ = '\\';
        *at++ = letters[found - escaped];
        return at;
    }
    if (character < 0x10000)
        return write_unit(at, character);
    character -= 0x10000;
    return write_unit(write_unit(at, 0xd800 | character >> 10), 0xdc00 | (character & 0x3ff));
}

/* Two escapes of six bytes. */
#define LONGEST_ESCAPE 12

static bool
add_string(Text *text, PyObject *string)
{
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(string) < 0) /* A string that an old extension made may have no data yet. */
        return false;
#endif
    int kind = PyUnicode_KIND(string);
    const void *data = PyUnicode_DATA(string);
    Py_ssize_t length = PyUnicode_GET_LENGTH(string);
    if (length > PY_SSIZE_T_MAX / (4 * LONGEST_ESCAPE)) {
        PyErr_NoMemory();
        return false;
    }
    char *at = text_end(text, LONGEST_ESCAPE * length + 2);
    if (at == NULL)
        return false;
    *at++ = '"';
    for (Py_ssize_t index = 0; index < length; index++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, index);
        if (' ' <= character && character <= '~' && character != '"' && character != '\\')
            *at++ = (char)character;
        else
            at = write_escaped(at, character);
    }
    *at++ = '"';
    text->size = at - text->text;
    return true;
}

static bool
add_integer(Text *text, PyObject *number)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow) {
        PyErr_SetString(PyExc_OverflowError, "an integer of more than 64 bits");
        return false;
    }
    char digits[20], *end = digits + sizeof(digits), *at = end;
    unsigned long long left = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) != 0);
    if (value < 0)
        *--at = '-';
    return add_text(text, at, end - at);
}

static bool
add_float(Text *text, double value)
{
    if (!isfinite(value)) {
        PyErr_SetString(PyExc_ValueError, "a number that is not finite");
        return false;
    }
    char *digits = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (digits == NULL)
        return false;
    bool is_added = add_text(text, digits, strlen(digits));
    PyMem_Free(digits);
    return is_added;
}

static bool add_value(Text *text, PyObject *value);

/* No code of others runs while a container is written, that could change it. */
static bool
add_items(Text *text, PyObject *items)
{
    bool is_added = add_text(text, "[", 1);
    for (Py_ssize_t index = 0; is_added && index < PySequence_Fast_GET_SIZE(items); index++)
        is_added = (index == 0 || add_text(text, ",", 1))
                   && add_value(text, PySequence_Fast_GET_ITEM(items, index));
    return is_added && add_text(text, "]", 1);
}

static bool
add_pairs(Text *text, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    bool is_added = add_text(text, "{", 1), is_first = true;
    while (is_added && PyDict_Next(dict, &position, &key, &value)) {
        if (!PyUnicode_Check(key)) {
            PyErr_SetString(PyExc_TypeError, "a key that is no string");
            return false;
        }
        is_added = (is_first || add_text(text, ",", 1)) && add_string(text, key)
                   && add_text(text, ":", 1) && add_value(text, value);
        is_first = false;
    }
    return is_added && add_text(text, "}", 1);
}

static bool
add_container(Text *text, PyObject *value)
{
    if (Py_EnterRecursiveCall(" in what is stored"))
        return false;
    bool is_added;
    Py_BEGIN_CRITICAL_SECTION(value);
    is_added = PyDict_Check(value) ? add_pairs(text, value) : add_items(text, value);
    Py_END_CRITICAL_SECTION();
    Py_LeaveRecursiveCall();
    return is_added;
}

static bool
add_value(Text *text, PyObject *value)
{
    if (PyUnicode_Check(value))
        return add_string(text, value);
    if (value == Py_None)
        return add_text(text, "null", 4);
    if (value == Py_True)
        return add_text(text, "true", 4);
    if (value == Py_False)
        return add_text(text, "false", 5);
    if (PyLong_Check(value))
        return add_integer(text, value);
    if (PyFloat_Check(value))
        return add_float(text, PyFloat_AS_DOUBLE(value));
    if (PyDict_Check(value) || PyList_Check(value) || PyTuple_Check(value))
        return add_container(text, value);
    PyErr_Format(PyExc_TypeError, "%.100s is not JSON", Py_TYPE(value)->tp_name);
    return false;
}

static PyObject *
dumps(PyObject *Py_UNUSED(module), PyObject *value)
{
    Text text = {NULL, 0, 0};
    PyObject *made = NULL;
    if (add_value(&text, value))
        made = PyUnicode_DecodeASCII(text.text, text.size, NULL);
    PyMem_Free(text.text);
    return made;
}
