#include "container.h"

#include <algorithm>

#include "user_block.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

// A few KB and less live in their object's header; larger ones in chunks with a checksum each, so that a damaged file
// can still be searched for what is left.
constexpr std::size_t kCompact = 4096;
constexpr std::size_t kChunkBytes = 1 << 20;

std::vector<hsize_t> chunk_of(std::vector<hsize_t> shape, std::size_t element) {
  auto bytes = [&] {
    std::size_t product = element;
    for (hsize_t extent : shape) product *= extent;
    return product;
  };
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    while (bytes() > kChunkBytes && shape[axis] > 1) shape[axis] = (shape[axis] + 1) / 2;
  return shape;
}

// The same content gives the same bytes: no times of objects, groups included.
Handle untimed(hid_t kind) {
  Handle how = hdf5::property_list(kind);
  WINNOW_HDF5(H5Pset_obj_track_times(how, false));
  return how;
}

Handle chunked(const std::vector<hsize_t>& shape, std::size_t element, Packing packing) {
  Handle how = untimed(H5P_DATASET_CREATE);
  std::vector<hsize_t> chunk = chunk_of(shape, element);
  WINNOW_HDF5(H5Pset_chunk(how, static_cast<int>(chunk.size()), chunk.data()));
  if (packing == Packing::deflate) {
    WINNOW_HDF5(H5Pset_shuffle(how));
    WINNOW_HDF5(H5Pset_deflate(how, 1));
  }
  WINNOW_HDF5(H5Pset_fletcher32(how));
  return how;
}

}  // namespace

Container::Container()
    : access_(hdf5::property_list(H5P_FILE_ACCESS)), group_(untimed(H5P_GROUP_CREATE)),
      compact_(untimed(H5P_DATASET_CREATE)), plain_(untimed(H5P_DATASET_CREATE)),
      scalar_(WINNOW_HDF5(H5Screate(H5S_SCALAR)), H5Sclose), file_(create()) {
  WINNOW_HDF5(H5Pset_layout(compact_, H5D_COMPACT));
}

void Container::dataset(const std::string& name, hid_t type, std::size_t element, const std::vector<hsize_t>& shape,
                        const void* data, Packing packing) {
  std::size_t bytes = element;
  for (hsize_t extent : shape) bytes *= extent;
  Handle space =
      shape.empty()
          ? Handle(WINNOW_HDF5(H5Scopy(scalar_)), H5Sclose)
          : Handle(WINNOW_HDF5(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr)), H5Sclose);
  if (bytes > kCompact && !shape.empty() && packing != Packing::contiguous)
    return write(name, type, space, chunked(shape, element, packing), data);
  write(name, type, space, bytes > 0 && bytes <= kCompact ? compact_ : plain_, bytes > 0 ? data : nullptr);
}

void Container::text(const std::string& name, const std::string& content) {
  Handle type = hdf5::text_type(content.size());
  dataset(name, type, std::max<std::size_t>(content.size(), 1), {}, content.c_str(), Packing::none);
}

void Container::attribute(const char* name, const std::string& value) {
  Handle type = hdf5::text_type(value.size());
  attribute(name, type, value.c_str());
}
void Container::attribute(const char* name, std::int64_t value) { attribute(name, H5T_STD_I64LE, &value); }
void Container::attribute(const char* name, double value) { attribute(name, H5T_IEEE_F64LE, &value); }

Memory Container::finish() {
  file_.close();
  return std::move(memory_);
}

Handle Container::create() {
  WINNOW_HDF5(H5Pset_libver_bounds(access_, H5F_LIBVER_V110, H5F_LIBVER_V110));
  memory_.attach(access_);
  Handle how = hdf5::property_list(H5P_FILE_CREATE);
  WINNOW_HDF5(H5Pset_obj_track_times(how, false));
  WINNOW_HDF5(
      H5Pset_attr_phase_change(how, 32, 24));  // attributes in the header: beyond 8 they would get a heap and a tree
  WINNOW_HDF5(H5Pset_userblock(how, kUserBlockSize));
  return Handle(WINNOW_HDF5(H5Fcreate("run", H5F_ACC_TRUNC, how, access_)), H5Fclose);
}

void Container::write(const std::string& name, hid_t type, const Handle& space, const Handle& how, const void* data) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    std::string group = name.substr(0, slash);
    if (groups_.insert(group).second)
      Handle(WINNOW_HDF5(H5Gcreate2(file_, group.c_str(), H5P_DEFAULT, group_, H5P_DEFAULT)), H5Gclose);
  }
  Handle set(WINNOW_HDF5(H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, how, H5P_DEFAULT)), H5Dclose);
  if (data) WINNOW_HDF5(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  set.close();
}

void Container::attribute(const char* name, hid_t type, const void* value) {
  Handle attribute(WINNOW_HDF5(H5Acreate2(file_, name, type, scalar_, H5P_DEFAULT, H5P_DEFAULT)), H5Aclose);
  WINNOW_HDF5(H5Awrite(attribute, type, value));
}

}  // namespace winnow::store
