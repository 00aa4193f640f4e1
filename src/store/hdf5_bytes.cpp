#include "hdf5_bytes.h"

#include <fmt/format.h>

#include <cstring>

#include "container.h"
#include "handle.h"
#include "layout.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

void add_table(Container& image, const std::string& name, const Table& table) {
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
    std::visit(
        [&](const auto& values) {
          for (std::size_t row = 0; row < rows; ++row) std::memcpy(&packed[row * width + i * 8], &values[row], 8);
        },
        column.values);
  }
  image.dataset(name, type, width, {rows}, packed.data(), Packing::deflate);
}

void add_array(Container& image, const std::string& name, const Array& array) {
  if (array.bytes.size() != array.count() * size_of(array.dtype))
    throw DataError(fmt::format("array '{}' has {} bytes, its shape asks for {}", name, array.bytes.size(),
                                array.count() * size_of(array.dtype)));
  bool integers = array.dtype == DType::i64 || array.dtype == DType::u8;  // labels and masks shrink, weights do not
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
  Container image;
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
  if (from.image_wait > 0) image.attribute(attribute::image_wait, from.image_wait);
  if (from.features_read > 0) image.attribute(attribute::features_read, from.features_read);
  if (from.chunk > 0) image.attribute(attribute::chunk, from.chunk);
  if (!from.earlier_chunks.empty()) image.attribute(attribute::earlier_chunks, Value(from.earlier_chunks).dump());
  image.text(dataset::canonical, canonical);
  image.text(dataset::stage, to_json(run.stage).dump());
  if (!run.metrics.empty()) image.text(dataset::metrics, metric_kinds_text(run.metrics));
  image.text(dataset::log, without_zeros(run.log));
  if (!run.confusion.empty()) add_table(image, dataset::confusion, run.confusion);
  for (const auto& [name, table] : run.tables) add_table(image, name, table);
  for (const auto& [name, array] : run.arrays) add_array(image, name, array);
  for (const auto& [name, text] : run.texts) {
    if (text.find('\0') != std::string::npos)
      throw DataError(fmt::format("text '{}' holds a zero byte: store it as an array", name));
    image.text(name, text);
  }
  return image.finish();
}

}  // namespace winnow::store
