// What can go wrong, as a few exception types. `cmd` maps them to one line and an exit code, nowhere else.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace winnow {

class Error : public std::runtime_error {
 public:
  // what() ends at the first zero byte, so zero bytes become the six letters "\u0000".
  explicit Error(const std::string& message);
};

// What a person typed or wrote: sweep file, command line, preset. The text says what, where, what is allowed.
class UsageError : public Error {
 public:
  using Error::Error;
};

// What lies on a disk: data sets, weights, run files.
class DataError : public Error {
 public:
  using Error::Error;
};

// Memory, GPU, MPI, a full or read-only disk.
class DeviceError : public Error {
 public:
  using Error::Error;
};

// A broken promise between winnow's own parts.
class InternalError : public Error {
 public:
  using Error::Error;
};

// " (did you mean 'x'?)" for the nearest of `known` if one is near, else "". Appended to messages.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace winnow
