// An HDF5 file under construction in memory, with a user block of zeros in front.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "handle.h"
#include "memory.h"

namespace winnow::store {

enum class Packing { contiguous, none, deflate };  // `none`: in chunks with checksums

class Container {
 public:
  Container();

  // `name` with '/' makes its groups. An empty shape is a scalar.
  void dataset(const std::string& name, hid_t type, std::size_t element, const std::vector<hsize_t>& shape,
               const void* data, Packing);
  void text(const std::string& name, const std::string& content);
  void attribute(const char* name, const std::string& value);
  void attribute(const char* name, std::int64_t value);
  void attribute(const char* name, double value);

  // The finished file: user block (still zero) and HDF5 part.
  Memory finish();

 private:
  hdf5::Handle create();
  void write(const std::string& name, hid_t type, const hdf5::Handle& space, const hdf5::Handle& how, const void* data);
  void attribute(const char* name, hid_t type, const void* value);

  Memory memory_;  // outlives the file
  // Made once for a file: property lists are the slowest part of a small one.
  hdf5::Handle access_, group_, compact_, plain_, scalar_, file_;
  std::set<std::string> groups_;  // made so far
};

}  // namespace winnow::store
