#include "winnow/stage/result_version.h"

#include <fmt/format.h>

#include <vector>

#include "winnow/core/error.h"

namespace winnow {

namespace {

constexpr std::pair<StageKind, int> kVersions[] = {
    {StageKind::pretrain, 1}, {StageKind::score, 1},        {StageKind::narrow, 1},   {StageKind::select, 1},
    {StageKind::embed, 1},    {StageKind::cross_filter, 1}, {StageKind::ensemble, 1}, {StageKind::evaluate, 1},
};

}  // namespace

int result_version(StageKind kind) {
  for (const auto& [known, version] : kVersions)
    if (known == kind) return version;
  throw InternalError(fmt::format("stages of kind {} have the version of their method", to_string(kind)));
}

std::vector<StageKind> kinds_with_own_version() {
  std::vector<StageKind> result;
  for (const auto& [kind, version] : kVersions) result.push_back(kind);
  return result;
}

int result_version_of_method(std::string_view method) {
  const auto& versions = method_versions();
  if (auto found = versions.find(method); found != versions.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, version] : versions) known.push_back(name);
  throw UsageError(fmt::format("no preset declares a method '{}'{}", method, did_you_mean(method, known)));
}

void require_version(const Stage& stage, std::string_view what, int own) {
  if (stage.version != own)
    throw UsageError(fmt::format("{} has result version {} here, the stage wants {}: winnow and winnow-train differ",
                                 what, own, stage.version));
}

}  // namespace winnow
