// Byte-pair encoding: a word's symbols, merged by rank until no merge is left. Sennrich et al. 2016; byte symbols of
// GPT-2.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace winnow::text {

// GPT-2's printable stand-ins for the 256 bytes, by byte and in the order of CLIP's vocabulary: printable Latin-1
// first, the others moved to 256 and up.
const std::string& byte_symbol(unsigned char byte);
const std::vector<std::string>& byte_symbols_in_order();

class ByteMerges {
 public:
  explicit ByteMerges(const std::vector<std::pair<std::string, std::string>>& merges);
  // Symbols of one word after all merges that apply; the one of lowest rank first, all its places at once.
  std::vector<std::string> apply(std::vector<std::string> symbols) const;

 private:
  std::unordered_map<std::string, std::size_t> rank_;  // "first second"
};

}  // namespace winnow::text
