// What the experiments have in common that differ in free axes alone.
#pragma once

#include <cstdint>
#include <vector>

#include "canonical_template.h"
#include "experiment.h"

namespace winnow::sweep {

struct Shape {
  std::vector<CanonicalTemplate> stages;  // empty: excluded
  std::vector<Identity> identities;       // of stages that do not vary
  std::vector<bool> open;                 // by stage: Node::open
  std::set<std::string> read;             // keys whose values decided the stages
  std::string method;
  std::string profile;      // no part of an identity, but of an experiment
  std::uint32_t width = 1;  // neither

  Shape() = default;
  Shape(Resolved&, const std::map<std::string, Slot>& slots, const Catalogue&);
};

}  // namespace winnow::sweep
