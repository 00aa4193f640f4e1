// The HDF5 C library behind owners and one check of its return codes. Nothing outside src/store includes this.
#pragma once

#include <hdf5.h>

#include <string>
#include <utility>

#include "winnow/core/error.h"

namespace winnow::store::hdf5 {

// Throws DataError with the call and the library's own innermost message.
[[noreturn]] void fail(const char* call);

template <class Result>
Result check(Result result, const char* call) {
  if (result < 0) fail(call);
  return result;
}

// The only place where a return code of HDF5 is looked at.
#define WINNOW_HDF5(call) ::winnow::store::hdf5::check((call), #call)

// Owns one identifier. Movable, not copyable. The destructor ignores the outcome of closing; where closing can lose
// data, call close().
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }
  void close() { check(close_(std::exchange(id_, -1)), "close"); }

 private:
  hid_t id_;
  Close close_;
};

// While it lives the library prints nothing of its own on standard error; messages travel in exceptions.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

Handle text_type(std::size_t length);  // fixed length, UTF-8, padded with zeros
Handle property_list(hid_t kind);

}  // namespace winnow::store::hdf5
