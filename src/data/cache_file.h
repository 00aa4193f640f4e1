// A file of the cache that is read and written at places. Every failure is a DeviceError that names the path and the
// system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "winnow/core/file.h"

namespace winnow::data {

class CacheFile {
 public:
  explicit CacheFile(const Path&);  // made where it is missing
  ~CacheFile();
  CacheFile(const CacheFile&) = delete;

  std::int64_t size() const;
  void resize(std::int64_t size) const;  // what is new are zeros, which take no room
  void read(std::int64_t at, std::span<std::byte>) const;
  void write(std::int64_t at, std::span<const std::byte>) const;
  void lock() const;  // against other processes, until this object ends; waits
  void unlock() const;
  bool try_lock() const;  // the same without waiting; false: another process has it

 private:
  [[noreturn]] void fail(const char* what) const;

  Path path_;
  int fd_;
};

}  // namespace winnow::data
