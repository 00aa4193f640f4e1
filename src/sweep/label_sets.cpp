#include "label_sets.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/label/spec.h"

namespace winnow::sweep {

const data::LabelSet& annotated_set(Inspection& seen, const Catalogue& catalogue) {
  std::string dataset = seen.text("dataset"), name = seen.text("labels.set");
  std::vector<std::string> known;
  if (auto sets = catalogue.labels.find(dataset); sets != catalogue.labels.end())
    for (const auto& [other, set] : sets->second) {
      if (other == name) return set;
      known.push_back(other);
    }
  throw UsageError(
      fmt::format("{0}: labels.set: no labels '{1}' of {2} on this machine{3}; known: {4}. Put labels/{1}.safetensors "
                  "(launch/convert-labels) or labels/{1}.json (a list of numbers) below its "
                  "folder and run `winnow data check {2}`",
                  seen.where("labels.set"), name, dataset, did_you_mean(name, known),
                  known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

bool gives_sets(Inspection& seen, const Catalogue& catalogue) {
  if (seen.method().labels == LabelNeed::none) return false;
  label::Spec spec;
  try {
    spec.kind = label::parse_kind(seen.text("labels.kind"));
  } catch (const UsageError&) {
    return false;  // declared, and not made yet: the stage that should make such labels refuses them
  }
  return spec.kind == label::Kind::annotated ? annotated_set(seen, catalogue).candidates : spec.makes_candidates();
}

}  // namespace winnow::sweep
