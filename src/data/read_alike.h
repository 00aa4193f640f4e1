// Names that people, and tokenizers that fold case, take for the same.
#pragma once

#include <string>

namespace winnow::data {

// The name as a prompt shows it (underscores are blanks), without what no reader sees: case of Latin letters, how an
// accent is coded (one character or two), characters of no width, kinds and numbers of blanks. For comparing alone: it
// is no text of its own.
std::string read_alike(const std::string& name);

}  // namespace winnow::data
