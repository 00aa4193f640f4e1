#include "winnow/data/label_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>

#include "file_kind.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"
#include "winnow/core/printable.h"

namespace winnow::data {

namespace {

constexpr const char* kFolder = "labels";
constexpr const char* kSuffix = ".safetensors";
constexpr const char* kListSuffix = ".json";

// One of the two forms, its shape checked against its own number of rows alone.
struct Rows {
  std::span<const std::int64_t> given, clean;
  std::span<const std::uint8_t> candidates;
  std::int64_t samples = 0, classes = 0;  // classes: of candidate sets
  bool sets = false;                      // candidates, and no given labels
};

std::span<const std::int64_t> labels_in(const SafeTensors& file, const std::string& name) {
  const SafeTensor& tensor = file.at(name);
  if (tensor.dtype != "I64" || tensor.shape.size() != 1)
    throw DataError(fmt::format("{}: {} must be N whole numbers (I64), it is {} of {}", file.path().string(), name,
                                tensor.dtype, fmt::join(tensor.shape, " x ")));
  return {reinterpret_cast<const std::int64_t*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(std::int64_t)};
}

Rows rows_of(const SafeTensors& file) {
  const auto& tensors = file.tensors();
  bool given = tensors.count("given"), sets = tensors.count("candidates");
  if (given == sets)
    throw DataError(fmt::format("{}: a label file holds either 'given' (N) or 'candidates' (N x C), this one holds {}",
                                file.path().string(), given ? "both" : "neither"));
  Rows rows;
  if (given) {
    rows.given = labels_in(file, "given");
    rows.samples = static_cast<std::int64_t>(rows.given.size());
    if (tensors.count("clean")) rows.clean = labels_in(file, "clean");
    return rows;
  }
  const SafeTensor& tensor = file.at("candidates");
  if (tensor.dtype != "U8" || tensor.shape.size() != 2)
    throw DataError(fmt::format("{}: candidates must be N x C zeros and ones (U8), they are {} of {}",
                                file.path().string(), tensor.dtype, fmt::join(tensor.shape, " x ")));
  rows.sets = true;
  rows.samples = tensor.shape[0];
  rows.classes = tensor.shape[1];
  rows.candidates = {reinterpret_cast<const std::uint8_t*>(tensor.bytes.data()), tensor.bytes.size()};
  return rows;
}

// Is it a list of numbers? A data set may have JSON files of its own in a folder of this name.
bool is_label_list(const Path& file) {
  constexpr std::size_t kEnough = 4096;
  std::ifstream content(file, std::ios::binary);
  std::string start(kEnough, '\0');
  content.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(content.gcount()));
  if (start.starts_with("\xEF\xBB\xBF")) start.erase(0, 3);  // a byte order mark
  auto next = [&](std::size_t from) { return start.find_first_not_of(" \t\r\n", from); };
  std::size_t bracket = next(0);
  if (bracket == std::string::npos || start[bracket] != '[') return false;
  std::size_t first = next(bracket + 1);
  return first != std::string::npos && std::string_view("-]0123456789").find(start[first]) != std::string_view::npos;
}

std::vector<std::int64_t> read_label_list(const Path& file) {
  Value list = read_json(file);
  std::vector<std::int64_t> labels;
  labels.reserve(list.size());
  for (const Value& label : list) {
    if (!label.is_number_integer())
      throw DataError(
          fmt::format("{}: entry {} is {}; a label file of this kind is a flat list of whole numbers, one "
                      "a training image",
                      file.string(), labels.size(), brief(label)));
    labels.push_back(label.get<std::int64_t>());
  }
  return labels;
}

// A label file's content, and the rows that refer to it.
class LabelFile {
 public:
  explicit LabelFile(const Path& path) {
    if (path.extension() == kListSuffix) {
      list_ = read_label_list(path);
      rows_.given = list_;
      rows_.samples = static_cast<std::int64_t>(list_.size());
    } else {
      rows_ = rows_of(tensors_.emplace(path));
    }
  }
  LabelFile(const LabelFile&) = delete;
  const Rows& rows() const { return rows_; }

 private:
  std::optional<SafeTensors> tensors_;
  std::vector<std::int64_t> list_;
  Rows rows_;
};

std::string fingerprint_of(const Rows& rows, const std::string& dataset) {
  Hasher hasher;
  hasher.add(dataset).add(fmt::format("/{}x{}/", rows.samples, rows.classes));
  hasher.add(rows.sets ? std::as_bytes(rows.candidates) : std::as_bytes(rows.given));
  return hasher.digest().hex();
}

void require_given(const std::string& path, const Rows& rows, const Labelled& of) {
  for (std::size_t i = 0; i < rows.given.size(); ++i)
    if (rows.given[i] < 0 || rows.given[i] >= of.classes)
      throw DataError(fmt::format("{}: sample {} has the label {}; {} has classes 0..{}", path, i, rows.given[i],
                                  of.dataset, of.classes - 1));
  if (rows.clean.empty()) return;
  if (rows.clean.size() != rows.given.size())
    throw DataError(fmt::format("{}: {} given and {} clean labels", path, rows.given.size(), rows.clean.size()));
  std::size_t differing = 0, first = 0;
  for (std::size_t i = rows.clean.size(); i-- > 0;)
    if (rows.clean[i] != of.labels[i]) ++differing, first = i;
  if (differing)
    throw DataError(
        fmt::format("{}: {} of {} clean labels are not those of {}, the first at sample {}: labels of another data "
                    "set, or another order of the samples",
                    path, differing, rows.clean.size(), of.dataset, first));
}

void require_sets(const std::string& path, const Rows& rows, const Labelled& of) {
  if (rows.classes != of.classes)
    throw DataError(
        fmt::format("{}: candidates among {} classes, {} has {}", path, rows.classes, of.dataset, of.classes));
  auto C = static_cast<std::size_t>(rows.classes);
  for (std::size_t i = 0; i * C < rows.candidates.size(); ++i) {
    std::span<const std::uint8_t> row = rows.candidates.subspan(i * C, C);
    if (*std::max_element(row.begin(), row.end()) > 1)
      throw DataError(fmt::format("{}: sample {} has an entry that is neither 0 nor 1", path, i));
    if (std::find(row.begin(), row.end(), 1) == row.end())
      throw DataError(fmt::format("{}: sample {} has no candidate", path, i));
  }
}

double share_missing(const Rows& rows, const Labelled& of) {
  std::size_t missing = 0;
  for (std::size_t i = 0; i < of.labels.size(); ++i) {
    auto truth = static_cast<std::size_t>(of.labels[i]);
    missing += rows.sets ? !rows.candidates[i * static_cast<std::size_t>(rows.classes) + truth]
                         : rows.given[i] != of.labels[i];
  }
  return static_cast<double>(missing) / static_cast<double>(of.labels.size());
}

// What the rows hold, alone: `clean` has served its purpose.
void keep(const Rows& rows, const std::string& dataset, const std::string& fingerprint) {
  if (is_kept(fingerprint, dataset)) return;
  Path path = label_set_path(fingerprint);
  std::filesystem::remove(path);  // damaged
  make_folders(path.parent_path());
  std::map<std::string, SafeTensor> tensors;
  if (rows.sets) tensors["candidates"] = {"U8", {rows.samples, rows.classes}, std::as_bytes(rows.candidates)};
  else tensors["given"] = {"I64", {rows.samples}, std::as_bytes(rows.given)};
  write_atomically(
      path,
      [&](const Path& part) {
        write_safetensors(part, tensors, {{"dataset", dataset}});
      },
      Existing::keep);
}

}  // namespace

std::vector<std::string> label_files(const Path& root) {
  std::vector<std::string> files;
  if (!is_there(root / kFolder)) return files;
  for (const std::string& name : names_in(root / kFolder, false))
    if (Path(name).extension() == kSuffix ||
        (Path(name).extension() == kListSuffix && is_label_list(root / kFolder / name)))
      files.push_back((Path(kFolder) / name).string());
  return files;
}

std::string note_on_other_label_files(const Path& root) {
  if (!is_folder(root / kFolder)) return "";
  std::vector<std::string> others;
  for (const std::string& name : names_in(root / kFolder, false)) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr const char* kArrays[] = {".npy", ".npz", ".pt", ".pth", ".pkl", ".pickle", ".h5", ".hdf5", ".safetensor"};
    bool array = (lower.find(kSuffix) != std::string::npos && Path(name).extension() != kSuffix) ||
                 (lower.ends_with(kListSuffix) &&
                  (Path(name).extension() != kListSuffix || !is_label_list(root / kFolder / name)));
    if (array || std::any_of(std::begin(kArrays), std::end(kArrays),
                             [&](const char* ending) { return lower.ends_with(ending); }))
      others.push_back(name);
  }
  if (others.empty()) return "";
  return fmt::format(
      "labels/{}{} not read: labels are files NAME.safetensors, which launch/convert-labels "
      "makes, or NAME.json, a list of numbers",
      printable(others[0]),
      others.size() == 1 ? " is"
                         : fmt::format(" and {} other{} are", others.size() - 1, others.size() == 2 ? "" : "s"));
}

Path label_set_path(const std::string& fingerprint) { return cache_folder() / kFolder / (fingerprint + kSuffix); }

bool is_kept(const std::string& fingerprint, const std::string& dataset) {
  try {
    KeptLabels labels(fingerprint, dataset);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

std::map<std::string, LabelSet> keep_label_sets(const Path& root, const Labelled& of) {
  std::map<std::string, LabelSet> result;
  for (const std::string& name : label_files(root)) {
    std::string path = (root / name).string(), set_name = Path(name).stem().string();
    if (result.count(set_name))
      throw DataError(fmt::format("{}: there are labels '{}' of another kind of file beside it; give one another name",
                                  path, set_name));
    LabelFile file(path);
    const Rows& rows = file.rows();
    if (rows.samples != static_cast<std::int64_t>(of.labels.size()))
      throw DataError(fmt::format("{}: labels of {} samples, {} has {} training images", path, rows.samples, of.dataset,
                                  of.labels.size()));
    if (rows.sets) require_sets(path, rows, of);
    else require_given(path, rows, of);
    LabelSet set{fingerprint_of(rows, of.fingerprint), rows.sets, share_missing(rows, of)};
    keep(rows, of.fingerprint, set.fingerprint);
    result[set_name] = set;
  }
  return result;
}

KeptLabels::KeptLabels(const std::string& fingerprint, const std::string& dataset)
    : file_([&] {
        Path path = label_set_path(fingerprint);
        if (!is_there(path))
          throw DataError(
              fmt::format("labels of fingerprint {} are not on this machine: run winnow data check here", fingerprint));
        return SafeTensors(path);
      }()) {
  std::string path = file_.path().string();
  if (auto found = file_.metadata().find("dataset"); found == file_.metadata().end() || found->second != dataset)
    throw DataError(fmt::format("{}: these labels are of another data set", path));
  Rows rows = rows_of(file_);
  if (fingerprint_of(rows, dataset) != fingerprint)
    throw DataError(fmt::format("{} is damaged: run winnow data check of its data set", path));
  samples_ = rows.samples;
  classes_ = rows.classes;
  given_ = rows.given;
  candidates_ = rows.candidates;
}

}  // namespace winnow::data
