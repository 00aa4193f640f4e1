#include "timm_architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "winnow/core/error.h"

namespace winnow::model {

std::string_view timm_architectures();  // timm_architectures.txt

namespace {

// Entries of model_args that change no value that is computed of an image (of the size of training).
constexpr const char* kHarmless[] = {"num_classes",    "drop_rate",        "drop_path_rate",  "attn_drop_rate",
                                     "proj_drop_rate", "pos_drop_rate",    "patch_drop_rate", "weight_init",
                                     "fix_init",       "dynamic_img_size", "strict_img_size", "head_init_scale",
                                     "ls_init_value",  "zero_init_last",   "global_pool"};

std::map<std::string, std::string> definition(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  std::istringstream lines{std::string(timm_architectures())};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::string own = line.substr(0, line.find(' '));
    if (own != name) {
      known.push_back(own);
      continue;
    }
    if (std::size_t why = line.find(" ! "); why != std::string::npos)
      throw DataError(fmt::format("{}: the architecture '{}' is not supported: {}", where, name, line.substr(why + 3)));
    std::map<std::string, std::string> result;
    std::istringstream entries(line.substr(own.size()));
    for (std::string entry; entries >> entry;)
      result[entry.substr(0, entry.find('='))] = entry.substr(entry.find('=') + 1);
    return result;
  }
  throw DataError(fmt::format(
      "{}: architecture '{}' is not known{}: winnow reads timm's vit_*, convnext_*, resnet* and wide_resnet*", where,
      name, did_you_mean(name, known)));
}

}  // namespace

TimmArchitecture::TimmArchitecture(const text::SnapshotFiles& snapshot, const std::vector<std::string>& changeable)
    : config_(snapshot.config), where_(snapshot.source + "/config.json"),
      name_(text::ConfigTable(config_, where_).text("architecture", "")), own_(definition(name_, where_)),
      arguments_(text::ConfigTable(config_, where_).table("model_args")) {
  for (const std::string& key : arguments_.keys()) {
    bool known = std::find(changeable.begin(), changeable.end(), key) != changeable.end() ||
                 std::find(std::begin(kHarmless), std::end(kHarmless), key) != std::end(kHarmless);
    if (known) continue;
    // A definition's own value, written out.
    if (auto same = own_.find(key);
        same != own_.end() && arguments_.shown(key) == (same->second == "1"   ? "true"
                                                        : same->second == "0" ? "false"
                                                                              : same->second))
      continue;
    throw DataError(fmt::format("{}.{}: {} is not supported; winnow reads {}", arguments_.name(), key,
                                arguments_.shown(key), fmt::join(changeable, ", ")));
  }
}

const std::string& TimmArchitecture::own(const char* key) const {
  auto found = own_.find(key);
  if (found == own_.end())
    throw DataError(fmt::format("{}: '{}' is a model of another kind: it has no {}", where_, name_, key));
  return found->second;
}

std::int64_t TimmArchitecture::own_size(const char* key) const { return std::stoll(own(key)); }
std::int64_t TimmArchitecture::size(const char* key) const { return arguments_.side(key, own_size(key)); }
std::string TimmArchitecture::text(const char* key) const { return arguments_.text(key, own(key)); }
bool TimmArchitecture::flag(const char* key) const { return arguments_.flag(key, own(key) == "1"); }
double TimmArchitecture::real(const char* key) const { return std::stod(own(key)); }

std::vector<std::int64_t> TimmArchitecture::sizes(const char* key) const {
  std::vector<std::int64_t> fallback;
  std::istringstream numbers(own(key));
  for (std::string number; std::getline(numbers, number, ',');) fallback.push_back(std::stoll(number));
  return arguments_.sizes(key, fallback);
}

std::int64_t TimmArchitecture::image_size() const {
  if (arguments_.has("img_size")) return size("img_size");
  text::ConfigTable pretrained = text::ConfigTable(config_, where_).table("pretrained_cfg");
  if (!pretrained.has("input_size")) return own_.count("img_size") ? own_size("img_size") : 224;
  std::vector<std::int64_t> shape = pretrained.sizes("input_size", {});
  if (shape.size() != 3 || shape[1] != shape[2])
    throw DataError(
        fmt::format("{}.input_size: expected [3, R, R], got {}", pretrained.name(), pretrained.shown("input_size")));
  return shape[1];
}

void TimmArchitecture::require_pool(const std::string& pool) const {
  text::ConfigTable all(config_, where_);
  std::string found = arguments_.has("global_pool")
                          ? arguments_.text("global_pool", "")
                          : all.text("global_pool", own_.count("global_pool") ? own("global_pool") : pool);
  if (found != pool)
    throw DataError(
        fmt::format("{}: global_pool '{}' of '{}' is not supported; winnow reads '{}'", where_, found, name_, pool));
}

}  // namespace winnow::model
