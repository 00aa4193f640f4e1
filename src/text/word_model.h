// How a word becomes ids: byte pairs (Sennrich et al. 2016) or the likeliest cut into unigrams (Kudo 2018), as
// tokenizer.json's "model" describes them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::text {

using WordModel = std::function<std::vector<std::int64_t>(const std::string& word)>;

// DataError naming `where`, key and entry.
WordModel read_word_model(const Value& json, const std::string& where);

}  // namespace winnow::text
