// Words that mean each data set's own prompts, where else a template or a set of prompts stands: coop, clip, coop8 as
// the data set's preset says ([prompts]; sweeps/presets/README.md), and plain. docs/methods/unsupervised.md#2.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "recipe.h"

namespace winnow::sweep {

// The entries that [prompts] may have.
const std::vector<std::string>& prompt_entries();
bool is_prompt_word(const std::string&);
// The words that mean something on this data set.
std::vector<std::string> prompt_words(const Dataset&);
// What a word means on this data set: a template, or a set of prompts by name. None: it is no such word, or the data
// set has no such prompts.
std::optional<std::string> own_prompt(const Dataset&, const std::string& word);

// What a stage's word (`template`) means on its data set takes its place, so that the stage is the one whose prompts
// are written out. `declared`: the default of an experiment's key, which identities leave out.
void put_own_prompts(std::vector<Draft>&, const Catalogue&,
                     const std::function<std::optional<Value>(const std::string& key)>& declared);

}  // namespace winnow::sweep
