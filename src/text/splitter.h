// How tokenizer.json cuts a text into the words that its model sees one by one. Names and meaning of Hugging Face's
// tokenizers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::text {

using Words = std::vector<std::string>;
using Splitter = std::function<Words(const Words&)>;

// Null: no cut. DataError naming `where` for a kind that is not known here.
Splitter read_splitter(const Value& json, const std::string& where);

}  // namespace winnow::text
