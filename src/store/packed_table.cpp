#include "packed_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "container.h"
#include "reader.h"
#include "user_block.h"
#include "winnow/core/settings.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

constexpr const char* kWhat = "table of runs";

// In the place of an identity: a table of another format is another thing.
Identity format() { return hash_of(std::string_view("winnow table.h5, format 2")); }

// One record of the data set `runs`: bookkeeping, in the order of the file.
struct Record {
  char identity[32], kind[16], result_digest[32];
  std::int64_t size, changed;
  double start, end;
  std::int64_t layout, first_epoch, epochs, stage_begin, stage_size;
};

class CompoundType {
 public:
  explicit CompoundType(std::size_t width) : type_(WINNOW_HDF5(H5Tcreate(H5T_COMPOUND, width)), H5Tclose) {}
  CompoundType& text(const char* name, std::size_t at, std::size_t length) {
    Handle text = hdf5::text_type(length);
    WINNOW_HDF5(H5Tinsert(type_, name, at, text));
    return *this;
  }
  CompoundType& number(const std::string& name, std::size_t at, hid_t type) {
    WINNOW_HDF5(H5Tinsert(type_, name.c_str(), at, type));
    return *this;
  }
  operator hid_t() const { return type_; }

 private:
  Handle type_;
};

CompoundType record_type() {
  CompoundType type(sizeof(Record));
  type.text("identity", offsetof(Record, identity), 32)
      .text("kind", offsetof(Record, kind), 16)
      .text("result_digest", offsetof(Record, result_digest), 32);
  for (auto [name, at] : {std::pair{"size", offsetof(Record, size)}, {"changed", offsetof(Record, changed)}})
    type.number(name, at, H5T_STD_I64LE);
  for (auto [name, at] : {std::pair{"start", offsetof(Record, start)}, {"end", offsetof(Record, end)}})
    type.number(name, at, H5T_IEEE_F64LE);
  for (auto [name, at] : {std::pair{"layout", offsetof(Record, layout)},
                          {"first_epoch", offsetof(Record, first_epoch)},
                          {"epochs", offsetof(Record, epochs)},
                          {"stage_begin", offsetof(Record, stage_begin)},
                          {"stage_size", offsetof(Record, stage_size)}})
    type.number(name, at, H5T_STD_I64LE);
  return type;
}

std::size_t rows_of(const Table& table) {
  return table.empty() ? 0 : std::visit([](const auto& values) { return values.size(); }, table.front().values);
}
double real_at(const Column& column, std::size_t row) {
  return std::visit([&](const auto& values) { return static_cast<double>(values[row]); }, column.values);
}
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table) names.push_back(column.name);
  return names;
}

// Positions of a layout's columns among all.
std::vector<std::size_t> positions(const std::vector<std::string>& columns, const std::vector<std::string>& all) {
  std::vector<std::size_t> result;
  for (const std::string& column : columns)
    result.push_back(static_cast<std::size_t>(std::find(all.begin(), all.end(), column) - all.begin()));
  return result;
}

}  // namespace

std::optional<std::size_t> PackedTable::find(const Identity& identity) const {
  auto found = std::lower_bound(sorted_.begin(), sorted_.end(), identity);
  if (found == sorted_.end() || *found != identity) return std::nullopt;
  return static_cast<std::size_t>(found - sorted_.begin());
}

std::optional<double> PackedTable::final_value(std::size_t at, std::string_view column) const {
  const std::vector<std::string>& names = columns(at);
  auto found = std::find(names.begin(), names.end(), column);
  if (found == names.end()) return std::nullopt;
  return values_[rows_[at].first_value + static_cast<std::size_t>(found - names.begin())];
}

Table PackedTable::epochs(std::size_t at) {
  load_rest();
  const Row& row = rows_[at];
  const std::vector<std::string>& names = layouts_[row.layout].epochs;
  Table result;
  for (std::size_t c = 0; c < names.size(); ++c) {
    std::vector<double> values(row.epochs);
    for (std::size_t e = 0; e < row.epochs; ++e)
      values[e] = epoch_values_[row.first_epoch_value + e * names.size() + c];
    result.push_back({names[c], std::move(values)});
  }
  return result;
}

Summary PackedTable::summary(std::size_t at) {
  load_rest();
  const Row& row = rows_[at];
  Summary result{row.identity,     row.result_digest,
                 row.kind,         stages_.substr(row.stage_begin, row.stage_size),
                 row.start,        row.end,
                 code_version(at), device(at),
                 metrics(at),      {},
                 epochs(at)};
  for (const std::string& column : columns(at))
    result.final.push_back({column, std::vector<double>{*final_value(at, column)}});
  return result;
}

std::string PackedTable::refusal(const Summary& run) {
  auto twice = [](std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  };
  for (const Column& column : run.final) {
    if (column.name == "identity") return "a column of metrics/final is called identity";
    if (rows_of({column}) != 1)
      return fmt::format("metrics/final has {} rows in column {}, not one", rows_of({column}), column.name);
  }
  for (const Table* table : {&run.final, &run.epochs})
    for (const Column& column : *table)
      if (!std::all_of(column.name.begin(), column.name.end(), [](unsigned char c) { return c >= ' ' && c < 127; }))
        return "a column whose name is no plain text";
  for (const Column& column : run.epochs)
    if (column.name == "run") return "a column of metrics/epochs is called run";
  if (twice(names_of(run.final)) || twice(names_of(run.epochs))) return "two columns of one name";
  if (run.kind.size() > sizeof(Record::kind)) return "a kind of stage with a long name";
  if (run.stage.find('\n') != std::string::npos) return "a stage in several lines";
  return "";
}

std::size_t PackedTable::layout_number(Layout layout) {
  auto [found, fresh] = layout_numbers_.try_emplace(layout, layouts_.size());
  if (fresh) layouts_.push_back(std::move(layout));
  return found->second;
}

std::size_t PackedTable::add(const Summary& run, const Stamp& stamp) {
  Row row{run.identity, run.result_digest, stamp, run.kind, run.start, run.end};
  row.layout = layout_number({names_of(run.final), names_of(run.epochs), run.metrics, run.code_version, run.device});
  row.first_value = values_.size();
  for (const Column& column : run.final) values_.push_back(real_at(column, 0));
  row.epochs = rows_of(run.epochs);
  row.first_epoch_value = epoch_values_.size();
  for (std::size_t e = 0; e < row.epochs; ++e)
    for (const Column& column : run.epochs) epoch_values_.push_back(real_at(column, e));
  row.stage_begin = stages_.size();
  row.stage_size = run.stage.size();
  stages_ += run.stage + "\n";
  rows_.push_back(std::move(row));
  return rows_.size() - 1;
}

void PackedTable::sort() {
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.identity < b.identity; });
  index();
}

void PackedTable::index() {
  sorted_.clear();
  sorted_.reserve(rows_.size());
  for (const Row& row : rows_) sorted_.push_back(row.identity);
}

std::vector<std::string> PackedTable::united(std::vector<std::string> Layout::*columns) const {
  std::vector<std::string> all;
  for (const Layout& layout : layouts_)
    for (const std::string& column : layout.*columns)
      if (std::find(all.begin(), all.end(), column) == all.end()) all.push_back(column);
  return all;
}

std::string PackedTable::bytes() {
  load_rest();
  hdf5::Quiet quiet;
  Container file;
  file.attribute("format", std::int64_t{2});
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::vector<std::string> finals = united(&Layout::final), curves = united(&Layout::epochs);
  std::vector<std::vector<std::size_t>> final_at, curve_at;
  Value layouts = Value::array();
  for (const Layout& layout : layouts_) {
    final_at.push_back(positions(layout.final, finals));
    curve_at.push_back(positions(layout.epochs, curves));
    layouts.push_back({{"scalars", layout.final},
                       {"epochs", layout.epochs},
                       {"metrics", Value::parse(metric_kinds_text(layout.metrics))},
                       {"code_version", layout.code_version},
                       {"device", layout.device}});
  }

  std::size_t width = 32 + 8 * finals.size(), epochs = 0;
  std::vector<Record> records(rows_.size());
  std::vector<char> scalars(rows_.size() * width);
  std::vector<double> curve_values;  // the run's number, then its columns
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    Record& record = records[i];
    std::string identity = row.identity.hex();
    std::memcpy(record.identity, identity.data(), 32);
    std::memset(record.kind, 0, sizeof record.kind);
    std::memcpy(record.kind, row.kind.data(), row.kind.size());
    std::memcpy(record.result_digest, row.result_digest.hex().data(), 32);
    record.size = static_cast<std::int64_t>(row.stamp.size), record.changed = row.stamp.changed;
    record.start = row.start, record.end = row.end;
    record.layout = static_cast<std::int64_t>(row.layout);
    record.first_epoch = static_cast<std::int64_t>(epochs), record.epochs = static_cast<std::int64_t>(row.epochs);
    record.stage_begin = static_cast<std::int64_t>(row.stage_begin),
    record.stage_size = static_cast<std::int64_t>(row.stage_size);
    epochs += row.epochs;

    std::vector<double> line(std::max(finals.size(), curves.size() + 1), kNone);
    const auto& at = final_at[row.layout];
    for (std::size_t c = 0; c < at.size(); ++c) line[at[c]] = values_[row.first_value + c];
    std::memcpy(&scalars[i * width], identity.data(), 32);
    if (!finals.empty()) std::memcpy(&scalars[i * width + 32], line.data(), 8 * finals.size());

    const auto& of_curve = curve_at[row.layout];
    for (std::size_t e = 0; e < row.epochs; ++e) {
      std::fill(line.begin(), line.end(), kNone);
      line[0] = static_cast<double>(i);
      for (std::size_t c = 0; c < of_curve.size(); ++c)
        line[1 + of_curve[c]] = epoch_values_[row.first_epoch_value + e * of_curve.size() + c];
      curve_values.insert(curve_values.end(), line.begin(),
                          line.begin() + static_cast<std::ptrdiff_t>(1 + curves.size()));
    }
  }

  CompoundType scalar_type(width), curve_type(8 * (1 + curves.size()));
  scalar_type.text("identity", 0, 32);
  for (std::size_t c = 0; c < finals.size(); ++c) scalar_type.number(finals[c], 32 + 8 * c, H5T_IEEE_F64LE);
  curve_type.number("run", 0, H5T_IEEE_F64LE);
  for (std::size_t c = 0; c < curves.size(); ++c) curve_type.number(curves[c], 8 + 8 * c, H5T_IEEE_F64LE);
  file.dataset("scalars", scalar_type, width, {rows_.size()}, scalars.data(), Packing::contiguous);
  file.dataset("runs", record_type(), sizeof(Record), {rows_.size()}, records.data(), Packing::contiguous);
  file.dataset("epochs", curve_type, 8 * (1 + curves.size()), {epochs}, curve_values.data(), Packing::deflate);
  file.dataset("stages", H5T_STD_U8LE, 1, {stages_.size()}, stages_.data(), Packing::deflate);
  file.text("layouts", layouts.dump());

  Memory image = file.finish();
  std::string result(reinterpret_cast<const char*>(image.bytes().data()), image.bytes().size());
  std::span<const std::byte> content = image.bytes().subspan(kUserBlockSize);
  auto block = encode({content.size(), hash_of(content), format(), {}});
  std::memcpy(result.data(), block.data(), block.size());
  return result;
}

PackedTable PackedTable::read(const Path& path) {
  if (verify_bytes(path, kWhat).identity != format())
    throw DataError(fmt::format("{} {} has another format than this winnow writes", kWhat, path.string()));
  hdf5::Quiet quiet;
  PackedTable table;
  table.unread_ = std::make_shared<Reader>(path);
  const Reader& file = *table.unread_;
  for (const Value& layout : Value::parse(file.text("layouts")))
    table.layout_number({layout.at("scalars").get<std::vector<std::string>>(),
                         layout.at("epochs").get<std::vector<std::string>>(),
                         parse_metric_kinds(layout.at("metrics").dump()), layout.at("code_version").get<std::string>(),
                         layout.value("device", "")});
  Compound scalars = Reader::compound(file.open_set("scalars")), runs = Reader::compound(file.open_set("runs"));
  if (runs.width != sizeof(Record) || runs.rows != scalars.rows)
    throw DataError(fmt::format("{} {} contradicts itself", kWhat, path.string()));
  std::vector<std::string> finals = table.united(&Layout::final);
  std::vector<std::vector<std::size_t>> final_at;
  for (const Layout& layout : table.layouts_) final_at.push_back(positions(layout.final, finals));

  table.rows_.reserve(runs.rows);
  std::size_t epoch_value = 0;
  for (std::size_t i = 0; i < runs.rows; ++i) {
    auto record = runs.at<Record>(i, 0);
    auto text = [](const char* begin, std::size_t size) { return std::string_view(begin, ::strnlen(begin, size)); };
    Row row{Identity::parse(text(record.identity, 32)),
            Hash128::parse(text(record.result_digest, 32)),
            {static_cast<std::uint64_t>(record.size), record.changed},
            std::string(text(record.kind, 16)),
            record.start,
            record.end};
    row.layout = static_cast<std::size_t>(record.layout);
    row.first_value = table.values_.size();
    row.first_epoch = static_cast<std::size_t>(record.first_epoch),
    row.epochs = static_cast<std::size_t>(record.epochs);
    row.first_epoch_value = epoch_value;
    row.stage_begin = static_cast<std::size_t>(record.stage_begin),
    row.stage_size = static_cast<std::size_t>(record.stage_size);
    epoch_value += row.epochs * table.layouts_.at(row.layout).epochs.size();
    for (std::size_t at : final_at[row.layout]) table.values_.push_back(scalars.at<double>(i, 32 + 8 * at));
    table.rows_.push_back(std::move(row));
  }
  table.index();
  return table;
}

void PackedTable::load_rest() {
  if (!unread_) return;
  std::shared_ptr<Reader> file = std::exchange(unread_, nullptr);
  hdf5::Quiet quiet;
  Compound curves = Reader::compound(file->open_set("epochs"));
  Array stages = Reader::array(file->open_set("stages"));
  stages_.assign(reinterpret_cast<const char*>(stages.bytes.data()), stages.bytes.size());
  std::vector<std::string> all = united(&Layout::epochs);
  std::vector<std::vector<std::size_t>> curve_at;
  for (const Layout& layout : layouts_) curve_at.push_back(positions(layout.epochs, all));
  for (const Row& row : rows_)
    for (std::size_t e = 0; e < row.epochs; ++e)
      for (std::size_t at : curve_at[row.layout])
        epoch_values_.push_back(curves.at<double>(row.first_epoch + e, 8 + 8 * at));
}

}  // namespace winnow::store
