#include "image.h"

#include <fmt/format.h>

#include <cstring>
#include <set>

#include "handle.h"
#include "layout.h"
#include "user_block.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

// A few KB and less live in their object's header; larger ones in chunks with a checksum each, so that a damaged file can
// still be searched for what is left.
constexpr std::size_t kCompact = 4096;
constexpr std::size_t kChunkBytes = 1 << 20;

enum class Packing { none, deflate };

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

class Image {
 public:
  Image()
      : access_(hdf5::property_list(H5P_FILE_ACCESS)), group_(untimed(H5P_GROUP_CREATE)), compact_(untimed(H5P_DATASET_CREATE)),
        plain_(untimed(H5P_DATASET_CREATE)), scalar_(WINNOW_HDF5(H5Screate(H5S_SCALAR)), H5Sclose), file_(create()) {
    WINNOW_HDF5(H5Pset_layout(compact_, H5D_COMPACT));
  }

  void dataset(const std::string& name, hid_t type, std::size_t element, const std::vector<hsize_t>& shape,
               const void* data, Packing packing) {
    std::size_t bytes = element;
    for (hsize_t extent : shape) bytes *= extent;
    Handle space = shape.empty() ? Handle(WINNOW_HDF5(H5Scopy(scalar_)), H5Sclose)
                                 : Handle(WINNOW_HDF5(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr)), H5Sclose);
    if (bytes > kCompact && !shape.empty()) return write(name, type, space, chunked(shape, element, packing), data);
    write(name, type, space, bytes > 0 && bytes <= kCompact ? compact_ : plain_, bytes > 0 ? data : nullptr);
  }

  void text(const std::string& name, const std::string& content) {
    Handle type = hdf5::text_type(content.size());
    dataset(name, type, std::max<std::size_t>(content.size(), 1), {}, content.c_str(), Packing::none);
  }

  void attribute(const char* name, const std::string& value) {
    Handle type = hdf5::text_type(value.size());
    attribute(name, type, value.c_str());
  }
  void attribute(const char* name, std::int64_t value) { attribute(name, H5T_STD_I64LE, &value); }
  void attribute(const char* name, double value) { attribute(name, H5T_IEEE_F64LE, &value); }

  // The finished file: user block (still zero) and HDF5 part.
  Memory finish() {
    file_.close();
    return std::move(memory_);
  }

 private:
  Handle create() {
    WINNOW_HDF5(H5Pset_libver_bounds(access_, H5F_LIBVER_V110, H5F_LIBVER_V110));
    memory_.attach(access_);
    Handle how = hdf5::property_list(H5P_FILE_CREATE);
    WINNOW_HDF5(H5Pset_obj_track_times(how, false));
    WINNOW_HDF5(H5Pset_attr_phase_change(how, 32, 24));      // attributes in the header: beyond 8 they would get a heap and a tree
    WINNOW_HDF5(H5Pset_userblock(how, kUserBlockSize));
    return Handle(WINNOW_HDF5(H5Fcreate("run", H5F_ACC_TRUNC, how, access_)), H5Fclose);
  }

  // The same content gives the same bytes: no times of objects, groups included.
  static Handle untimed(hid_t kind) {
    Handle how = hdf5::property_list(kind);
    WINNOW_HDF5(H5Pset_obj_track_times(how, false));
    return how;
  }

  static Handle chunked(const std::vector<hsize_t>& shape, std::size_t element, Packing packing) {
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

  void write(const std::string& name, hid_t type, const Handle& space, const Handle& how, const void* data) {
    for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      std::string group = name.substr(0, slash);
      if (groups_.insert(group).second) Handle(WINNOW_HDF5(H5Gcreate2(file_, group.c_str(), H5P_DEFAULT, group_, H5P_DEFAULT)), H5Gclose);
    }
    Handle set(WINNOW_HDF5(H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, how, H5P_DEFAULT)), H5Dclose);
    if (data) WINNOW_HDF5(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
    set.close();
  }

  void attribute(const char* name, hid_t type, const void* value) {
    Handle attribute(WINNOW_HDF5(H5Acreate2(file_, name, type, scalar_, H5P_DEFAULT, H5P_DEFAULT)), H5Aclose);
    WINNOW_HDF5(H5Awrite(attribute, type, value));
  }

  Memory memory_;                       // outlives the file
  // Made once for a file: property lists are the slowest part of a small one.
  Handle access_, group_, compact_, plain_, scalar_, file_;
  std::set<std::string> groups_;        // made so far
};

void add_table(Image& image, const std::string& name, const Table& table) {
  if (table.empty()) throw DataError(fmt::format("table '{}' has no columns", name));
  auto length = [](const Column& column) { return std::visit([](const auto& v) { return v.size(); }, column.values); };
  std::size_t rows = length(table.front()), width = table.size() * 8;
  Handle type(WINNOW_HDF5(H5Tcreate(H5T_COMPOUND, width)), H5Tclose);
  std::vector<std::byte> packed(rows * width);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Column& column = table[i];
    if (length(column) != rows)
      throw DataError(fmt::format("table '{}': column '{}' has {} rows, '{}' has {}", name, column.name, length(column),
                                  table.front().name, rows));
    bool integer = std::holds_alternative<std::vector<std::int64_t>>(column.values);
    WINNOW_HDF5(H5Tinsert(type, column.name.c_str(), i * 8, integer ? H5T_STD_I64LE : H5T_IEEE_F64LE));
    std::visit([&](const auto& values) {
      for (std::size_t row = 0; row < rows; ++row) std::memcpy(&packed[row * width + i * 8], &values[row], 8);
    }, column.values);
  }
  image.dataset(name, type, width, {rows}, packed.data(), Packing::deflate);
}

void add_array(Image& image, const std::string& name, const Array& array) {
  if (array.bytes.size() != array.count() * size_of(array.dtype))
    throw DataError(fmt::format("array '{}' has {} bytes, its shape asks for {}", name, array.bytes.size(),
                                array.count() * size_of(array.dtype)));
  bool integers = array.dtype == DType::i64 || array.dtype == DType::u8;   // labels and masks shrink, weights do not
  image.dataset(name, file_type(array.dtype), size_of(array.dtype), {array.shape.begin(), array.shape.end()},
                array.bytes.data(), integers ? Packing::deflate : Packing::none);
}

// Fixed-length texts are padded with zeros, so a zero cannot be kept. Logs of foreign programs may hold some.
std::string without_zeros(std::string text) {
  for (char& c : text)
    if (c == 0) c = '?';
  return text;
}

}  // namespace

Memory build_image(const RunContent& run, const std::string& canonical, const Hash128& result_digest) {
  hdf5::Quiet quiet;
  Image image;
  image.attribute(attribute::identity, hash_of(canonical).hex());
  image.attribute(attribute::kind, std::string(to_string(run.stage.kind)));
  image.attribute(attribute::result_digest, result_digest.hex());
  const Provenance& from = run.provenance;
  image.attribute(attribute::code_version, from.code_version);
  image.attribute(attribute::host, from.host);
  image.attribute(attribute::device, from.device);
  image.attribute(attribute::libraries, Value(from.libraries).dump());
  image.attribute(attribute::threads, std::int64_t{from.threads});
  image.attribute(attribute::width, std::int64_t{from.width});
  image.attribute(attribute::attempt, std::int64_t{from.attempt});
  image.attribute(attribute::start, from.start);
  image.attribute(attribute::end, from.end);
  image.text(dataset::canonical, canonical);
  image.text(dataset::stage, to_json(run.stage).dump());
  image.text(dataset::log, without_zeros(run.log));
  for (const auto& [name, table] : run.tables) add_table(image, name, table);
  for (const auto& [name, array] : run.arrays) add_array(image, name, array);
  for (const auto& [name, text] : run.texts) {
    if (text.find('\0') != std::string::npos) throw DataError(fmt::format("text '{}' holds a zero byte: store it as an array", name));
    image.text(name, text);
  }
  return image.finish();
}

}  // namespace winnow::store
