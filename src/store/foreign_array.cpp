#include "winnow/store/foreign_array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <memory>
#include <string_view>

#include "handle.h"
#include "reader.h"
#include "winnow/core/error.h"
#include "winnow/core/file_state.h"

namespace winnow::store {

using hdf5::Handle;

namespace {

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";

// At the front, or behind a block of the user's.
bool begins_as_hdf5(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  for (std::streamoff at : {0, 512, 1024, 2048}) {
    std::string begin(kSignature.size(), '\0');
    if (file.seekg(at).read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kSignature)
      return true;
  }
  return false;
}

// The library's message does not help a user who copied half a file.
std::unique_ptr<Reader> opened(const Path& path) {
  if (std::string why = unreadable_because(path); !why.empty()) throw DataError(why);
  try {
    return std::make_unique<Reader>(path);
  } catch (const DataError&) {
    throw DataError(begins_as_hdf5(path) ? "an HDF5 file that is cut short or damaged: copy or write it again"
                                         : "no HDF5 file");
  }
}

}  // namespace

ForeignArray read_foreign_array(const Path& path, const std::string& name) {
  if (!std::filesystem::exists(path)) throw DataError(fmt::format("{} is not there", path.string()));
  hdf5::Quiet quiet;
  try {
    std::unique_ptr<Reader> held = opened(path);
    Reader& file = *held;
    if (!file.has(name))
      throw DataError(fmt::format("no data set '{}'; there are: {}", name, fmt::join(file.sets(), ", ")));
    Handle set = file.open_set(name);
    H5T_class_t kind = Reader::class_of(set);
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) throw DataError(fmt::format("'{}' holds no numbers", name));
    Handle space(WINNOW_HDF5(H5Dget_space(set)), H5Sclose);
    std::vector<hsize_t> shape(static_cast<std::size_t>(WINNOW_HDF5(H5Sget_simple_extent_ndims(space))));
    WINNOW_HDF5(H5Sget_simple_extent_dims(space, shape.data(), nullptr));
    ForeignArray result;
    result.shape.assign(shape.begin(), shape.end());
    result.values.resize(static_cast<std::size_t>(WINNOW_HDF5(H5Sget_simple_extent_npoints(space))));
    if (!result.values.empty())
      WINNOW_HDF5(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.values.data()));
    return result;
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace winnow::store
