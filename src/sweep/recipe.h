// Recipes: how a method becomes stages. One file each under recipes/, listed in recipe.cpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/stage/stage.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// An experiment as a recipe sees it. What a recipe decides by is recorded where it reads a value (Settings::text and
// the like; RecordedReads): copy settings by all(), and look at none of its values.
struct Experiment {
  const Catalogue& catalogue;
  const Method& method;
  Settings settings;                // effective
  std::set<std::string> defaulted;  // keys whose value is the declared default
};

struct Draft {
  struct Edge {
    std::size_t stage;  // an earlier draft
    Output output;
  };
  std::string_view label;             // a literal: nodes keep the view
  Stage stage;                        // without inputs: identities of earlier stages come later
  std::map<std::string, Edge> edges;  // by the name that the executor uses
  bool own_settings = false;          // settings of a preset, the same whatever the experiment sets
  std::map<std::string, std::string>
      origin;  // by setting: the experiment's key that it comes from, where it has another name
};

// In topological order; the last one yields the table cell.
using Recipe = std::vector<Draft> (*)(Experiment);

Recipe find_recipe(std::string_view name);  // UsageError with the known ones
bool recipe_trains(std::string_view name);  // does a stage behind the cell train a model?

// The fingerprint of a file of class texts takes the place of the setting that names it (`template`, `descriptions`):
// what counts is the content.
void note_class_texts(std::vector<Draft>& drafts, const Fingerprints&);

// The fingerprints of the further test splits of a stage that is measured on them, as "test.NAME" (data_sets.h).
void note_further_tests(std::vector<Draft>& drafts, const Catalogue&);

// Where the experiment's data set has its own validation part measured (data.validation_split = own): the part's
// fingerprint, as "validation.NAME" (data_sets.h), in the place of the setting, of stages that train on that data set.
void note_validation_split(std::vector<Draft>& drafts, const std::string& dataset, const Catalogue&);

// The key by which a sweep asks that run files keep trained weights. It belongs to no stage's settings: the output
// does.
inline constexpr const char* kKeepWeights = "keep_weights";

// The trainings behind the cell, the last stage or the members of an ensemble, yield their weights, too.
void keep_weights(std::vector<Draft>& drafts);

// Fills in the inputs of every draft and returns their identities; of open ones (Stage::open) a hash that tells them
// apart and is none.
std::vector<Identity> connect(std::vector<Draft>& drafts);

}  // namespace winnow::sweep
