// What tokenizer.json says of a text before it is cut into pieces. Names and meaning of Hugging Face's tokenizers.
#pragma once

#include <functional>
#include <string>

#include "winnow/core/settings.h"

namespace winnow::text {

using Normaliser = std::function<std::string(const std::string&)>;

// Null: the text as it is. DataError naming `where` for a kind that is not known here.
Normaliser read_normaliser(const Value& json, const std::string& where);

}  // namespace winnow::text
