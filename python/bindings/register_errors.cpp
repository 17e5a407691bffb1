// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>

#include <bedtok/error.hpp>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "register.hpp"

namespace bedtok::python {

namespace py = pybind11;

namespace {

// Borrowed references to types that the module keeps alive.
PyObject* error_type = nullptr;
PyObject* parse_error_type = nullptr;
PyObject* config_error_type = nullptr;
PyObject* vocabulary_error_type = nullptr;

PyObject* new_type(py::module_& module, const char* name, PyObject* base, const char* doc) {
  const std::string qualified = std::string("bedtok.") + name;
  PyObject* type = PyErr_NewExceptionWithDoc(qualified.c_str(), doc, base, nullptr);
  if (type == nullptr) throw py::error_already_set();
  module.add_object(name, py::reinterpret_steal<py::object>(type));
  return type;
}

void raise_parse_error(const ParseError& error) {
  const py::object raised = py::handle(parse_error_type)(py::str(error.what()));
  raised.attr("path") = error.path();
  raised.attr("line") = error.line() ? py::cast(*error.line()) : py::none();
  PyErr_SetObject(parse_error_type, raised.ptr());
}

/// OSError picks its subclass by errno: FileNotFoundError, IsADirectoryError ...
void raise_os_error(const std::error_code& code, const py::object& path) {
  const py::tuple arguments = py::make_tuple(code.value(), std::strerror(code.value()), path);
  PyErr_SetObject(PyExc_OSError, arguments.ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const ParseError& error) {
    raise_parse_error(error);
  } catch (const ConfigError& error) {
    PyErr_SetString(config_error_type, error.what());
  } catch (const VocabularyError& error) {
    PyErr_SetString(vocabulary_error_type, error.what());
  } catch (const Error& error) {
    PyErr_SetString(error_type, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    raise_os_error(error.code(), py::str(error.path1().string()));
  } catch (const std::system_error& error) {
    raise_os_error(error.code(), py::none());
  }
}

}  // namespace

void register_errors(py::module_& module) {
  error_type = new_type(module, "Error", PyExc_ValueError,
                        "An argument or a file has a value that cannot be used.");
  parse_error_type =
      new_type(module, "ParseError", error_type,
               "A file is not what its format says. `path` names it; `line` counts from 1, and is "
               "None where the place is not a line.");
  config_error_type =
      new_type(module, "ConfigError", error_type,
               "An option or a configuration file has a value that is not allowed.");
  vocabulary_error_type =
      new_type(module, "VocabularyError", error_type,
               "The vocabulary is empty, or lacks the id or region that was asked for.");
  py::register_exception_translator(&translate);
}

}  // namespace bedtok::python
