// Mutations of a text, the same ones in every run.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace winnow::fuzz {

class Mutator {
 public:
  // `pieces` are inserted: what breaks the parser at hand.
  Mutator(std::string original, std::vector<std::string> pieces)
      : original_(std::move(original)), pieces_(std::move(pieces)) {}

  std::string next() {
    std::string text = original_;
    for (std::size_t n = 1 + below(4); n > 0; --n) mutate(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  std::size_t position(const std::string& text) { return below(text.size() + 1); }
  void mutate(std::string& text) {
    std::size_t at = position(text);
    switch (below(5)) {
      case 0: text.insert(at, pieces_[below(pieces_.size())]); break;
      case 1: text.erase(at, 1 + below(12)); break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 3: text.insert(at, text.substr(position(text), 1 + below(60))); break;
      case 4: {  // swap two lines
        std::size_t end = text.find('\n', at);
        if (end == std::string::npos) break;
        std::string line = text.substr(at, end - at + 1);
        text.erase(at, line.size());
        text.insert(position(text), line);
      }
    }
  }

  std::string original_;
  std::vector<std::string> pieces_;
  std::mt19937 engine_{20260101};
};

}  // namespace winnow::fuzz
