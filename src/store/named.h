// Whatever a verified file still does wrong is the fault of its writer: name the file and say what it was.
#pragma once

#include <fmt/format.h>

#include "handle.h"
#include "winnow/core/file.h"

namespace winnow::store {

template <class Body>
auto with_name(const Path& path, Body body) {
  hdf5::Quiet quiet;
  try {
    return body();
  } catch (const std::exception& error) {
    throw DataError(fmt::format("run file {}: {}", path.string(), error.what()));
  }
}

}  // namespace winnow::store
