// The keys of a method's stage tables: `detect = { train = { epochs = 4 } }` sets detect.train.epochs.
#pragma once

#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// For every stage that the method declares: each common key that is not shared, inheriting what the table does not say;
// which method the stage runs; the keys of those methods. UsageError for presets that contradict each other.
std::vector<Key> stage_keys(const Method&, const Catalogue&);

// Method::stage_profiles. UsageError for a profile that gives a value by another key's name.
std::map<std::string, std::map<std::string, std::map<std::string, Assignments>>> stage_profiles(const Method& owner,
                                                                                                const Catalogue&);

}  // namespace winnow::sweep
