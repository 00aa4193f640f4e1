#include "byte_merges.h"

#include <array>

#include "unicode.h"

namespace winnow::text {

namespace {

bool printable(int b) { return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF); }

struct ByteSymbols {
  std::array<std::string, 256> of;
  std::vector<std::string> in_order;

  ByteSymbols() {
    for (int b = 0; b < 256; ++b)
      if (printable(b)) in_order.push_back(of[static_cast<std::size_t>(b)] = utf8({static_cast<char32_t>(b)}));
    char32_t next = 256;
    for (int b = 0; b < 256; ++b)
      if (!printable(b)) in_order.push_back(of[static_cast<std::size_t>(b)] = utf8({next++}));
  }
};

const ByteSymbols& table() {
  static const ByteSymbols symbols;
  return symbols;
}

}  // namespace

const std::string& byte_symbol(unsigned char byte) { return table().of[byte]; }
const std::vector<std::string>& byte_symbols_in_order() { return table().in_order; }

ByteMerges::ByteMerges(const std::vector<std::pair<std::string, std::string>>& merges) {
  rank_.reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) rank_.emplace(merges[i].first + " " + merges[i].second, i);
}

std::vector<std::string> ByteMerges::apply(std::vector<std::string> symbols) const {
  while (symbols.size() > 1) {
    std::size_t best = rank_.size(), at = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
      if (auto found = rank_.find(symbols[i] + " " + symbols[i + 1]); found != rank_.end() && found->second < best)
        best = found->second, at = i;
    if (best == rank_.size()) break;
    std::string first = symbols[at], second = symbols[at + 1];
    std::vector<std::string> merged;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (i + 1 < symbols.size() && symbols[i] == first && symbols[i + 1] == second) {
        merged.push_back(first + second);
        ++i;
      } else {
        merged.push_back(symbols[i]);
      }
    }
    symbols = std::move(merged);
  }
  return symbols;
}

}  // namespace winnow::text
