// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>

#include <atomic>
#include <bedtok/error.hpp>
#include <bedtok/interruption.hpp>
#include <bedtok/io/detail/path_text.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "register.hpp"
#include "text_or_none.hpp"

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
  // The name of the file is in its own encoding, what follows is UTF-8.
  const std::string_view message = error.what();
  const std::size_t name =
      message.compare(0, error.path().size(), error.path()) == 0 ? error.path().size() : 0;
  const py::object text = to_file_name(message.substr(0, name)) + decode_text(message.substr(name));
  const py::object raised = py::handle(parse_error_type)(text);
  raised.attr("path") = to_file_name(error.path());
  raised.attr("line") = error.line() ? py::cast(*error.line()) : py::none();
  PyErr_SetObject(parse_error_type, raised.ptr());
}

void raise_error(PyObject* type, const char* message) {
  PyErr_SetObject(type, decode_text(message).ptr());
}

/// OSError picks its subclass by errno: FileNotFoundError, IsADirectoryError ...
void raise_os_error(const std::error_code& code, const py::object& path) {
  // Windows has numbers of its own.
  const int reason = code.default_error_condition().value();
  const py::tuple arguments = py::make_tuple(reason, std::strerror(reason), path);
  PyErr_SetObject(PyExc_OSError, arguments.ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const ParseError& error) {
    raise_parse_error(error);
  } catch (const ConfigError& error) {
    raise_error(config_error_type, error.what());
  } catch (const VocabularyError& error) {
    raise_error(vocabulary_error_type, error.what());
  } catch (const Error& error) {
    raise_error(error_type, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    raise_os_error(error.code(), to_file_name(io::detail::path_text(error.path1())));
  } catch (const std::system_error& error) {
    raise_os_error(error.code(), py::none());
  }
}

// Python runs the handlers of signals on its main thread. A child process that was forked from
// another thread keeps the parent's number: there a signal is seen when the call is done.
std::atomic<unsigned long> main_thread{0};

/// Runs the handlers of signals that have come, and throws what one raises, such as
/// KeyboardInterrupt. On other threads, and within 50 ms of the last time, it does nothing: to take
/// the GIL for each sample would cost more than the sample.
void check_signals() {
  if (PyThread_get_thread_ident() != main_thread.load(std::memory_order_relaxed)) return;
  using Clock = std::chrono::steady_clock;
  static Clock::time_point last;  // of the main thread only
  const Clock::time_point now = Clock::now();
  if (now - last < std::chrono::milliseconds(50)) return;
  last = now;
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
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
  main_thread =
      py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
  set_interruption_check(&check_signals);
}

}  // namespace bedtok::python
