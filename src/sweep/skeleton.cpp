#include "winnow/sweep/skeleton.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "preset_name.h"
#include "winnow/core/printable.h"

namespace winnow::sweep {

std::string_view skeleton_method();
std::string_view skeleton_program();
std::string_view skeleton_sweep();
std::string_view skeleton_dataset();
std::string_view skeleton_model();

namespace {

constexpr Words<SkeletonKind>::Entry kWords[] = {{SkeletonKind::method, "method"},
                                                 {SkeletonKind::dataset, "dataset"},
                                                 {SkeletonKind::model, "model"},
                                                 {SkeletonKind::sweep, "sweep"}};
constexpr Words<SkeletonKind> kKinds("kind", kWords);

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

// A module of Python has another alphabet.
std::string module_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name.front() >= '0' && name.front() <= '9' ? "method_" + name : name;
}

}  // namespace

const Words<SkeletonKind>& skeleton_kinds() { return kKinds; }

std::vector<SkeletonFile> skeleton(SkeletonKind kind, const std::string& name) {
  if (!is_preset_name(name)) throw UsageError(fmt::format("new: '{}': {}", printable(name), kPresetNames));
  auto filled = [&](std::string_view text, const std::string& file, const std::string& methods = "") {
    return replaced(replaced(replaced(std::string(text), "@NAME@", name), "@FILE@", file), "@METHODS@", methods);
  };
  auto sweep = [&](const std::string& methods) {
    return SkeletonFile{name + ".toml", filled(skeleton_sweep(), name, methods)};
  };
  switch (kind) {
    case SkeletonKind::sweep: return {sweep("\"ce\", \"sce\"")};
    case SkeletonKind::dataset:
      return {{fmt::format("presets/datasets/{}.toml", name), filled(skeleton_dataset(), name)}};
    case SkeletonKind::model: {
      SkeletonFile with = sweep("\"ce\", \"sce\"");
      with.text = replaced(replaced(with.text, "\"nano-clip\"", fmt::format("\"{}\"", name)),
                           "adapt   = \"linear-probe\"\n", "");
      return {{fmt::format("presets/models/{}.toml", name), filled(skeleton_model(), name)}, with};
    }
    case SkeletonKind::method: {
      std::string module = module_name(name);
      return {{fmt::format("presets/methods/{}.toml", name), filled(skeleton_method(), module)},
              {fmt::format("presets/methods/{}.py", module), filled(skeleton_program(), module)},
              sweep(fmt::format("\"ce\", \"{}\"", name))};
    }
  }
  throw InternalError("a kind of skeleton outside its closed list");
}

}  // namespace winnow::sweep
