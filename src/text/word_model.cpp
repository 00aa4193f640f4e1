#include "word_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <unordered_map>

#include "byte_merges.h"
#include "unicode.h"
#include "winnow/core/error.h"

namespace winnow::text {

namespace {

// A null or missing text is empty.
std::string text_of(const Value& json, const char* key) {
  return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

// <0xE9>: how a vocabulary names the bytes of what it does not have.
std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> result;
  for (char c : text) result.push_back(fmt::format("<0x{:02X}>", static_cast<unsigned char>(c)));
  return result;
}

class BytePairs {
 public:
  BytePairs(const Value& json, const std::string& where)
      : where_(where), prefix_(text_of(json, "continuing_subword_prefix")),
        suffix_(text_of(json, "end_of_word_suffix")), unknown_(text_of(json, "unk_token")),
        fuse_(json.value("fuse_unk", false)), fallback_(json.value("byte_fallback", false)),
        whole_first_(json.value("ignore_merges", false)), merges_(read_merges(json, where)) {
    if (!json.contains("vocab") || !json["vocab"].is_object())
      throw DataError(fmt::format("{}.vocab is not a table", where));
    for (const auto& [token, id] : json["vocab"].items()) {
      if (!id.is_number_integer())
        throw DataError(fmt::format("{}.vocab: the id of '{}' is {}", where, token, id.dump()));
      ids_[token] = id.get<std::int64_t>();
    }
  }

  std::vector<std::int64_t> operator()(const std::string& word) const {
    if (auto whole = ids_.find(word); whole_first_ && whole != ids_.end()) return {whole->second};
    std::vector<std::string> symbols;
    std::u32string characters = code_points(word);
    bool unknown_before = false;
    for (std::size_t i = 0; i < characters.size(); ++i) {
      std::string character = utf8({characters[i]});
      std::string symbol = (i > 0 ? prefix_ : "") + character + (i + 1 == characters.size() ? suffix_ : "");
      bool known = ids_.count(symbol) != 0;
      if (known) {
        symbols.push_back(symbol);
      } else if (std::vector<std::string> bytes = bytes_of(character);
                 fallback_ &&
                 std::all_of(bytes.begin(), bytes.end(), [&](const std::string& b) { return ids_.count(b) != 0; })) {
        symbols.insert(symbols.end(), bytes.begin(), bytes.end());
        known = true;
      } else if (unknown_.empty()) {
        throw DataError(fmt::format("{}.vocab has no '{}' and there is no unk_token", where_, symbol));
      } else if (!fuse_ || !unknown_before) {
        symbols.push_back(unknown_);
      }
      unknown_before = !known;
    }
    std::vector<std::int64_t> result;
    for (const std::string& symbol : merges_.apply(std::move(symbols))) {
      auto found = ids_.find(symbol);
      if (found == ids_.end())
        throw DataError(fmt::format("{}.vocab has no '{}', which its merges make", where_, symbol));
      result.push_back(found->second);
    }
    return result;
  }

 private:
  // "a b" or ["a", "b"].
  static ByteMerges read_merges(const Value& json, const std::string& where) {
    std::vector<std::pair<std::string, std::string>> merges;
    if (!json.contains("merges") || !json["merges"].is_array())
      throw DataError(fmt::format("{}.merges is not a list", where));
    for (const Value& merge : json["merges"]) {
      if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
        continue;
      }
      std::string text = merge.is_string() ? merge.get<std::string>() : "";
      std::size_t space = text.find(' ');
      if (space == std::string::npos || space == 0 || space + 1 == text.size())
        throw DataError(fmt::format("{}.merges[{}]: expected two symbols, got {}", where, merges.size(), merge.dump()));
      merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    }
    return ByteMerges(merges);
  }

  std::string where_, prefix_, suffix_, unknown_;
  bool fuse_, fallback_, whole_first_;
  ByteMerges merges_;
  std::unordered_map<std::string, std::int64_t> ids_;
};

class Unigrams {
 public:
  Unigrams(const Value& json, const std::string& where) : fallback_(json.value("byte_fallback", false)) {
    if (!json.contains("vocab") || !json["vocab"].is_array())
      throw DataError(fmt::format("{}.vocab is not a list", where));
    for (const Value& entry : json["vocab"]) {
      auto id = static_cast<std::int64_t>(ids_.size());
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
        throw DataError(fmt::format("{}.vocab[{}]: expected a piece and its score, got {}", where, id, entry.dump()));
      double score = entry[1].get<double>();
      lowest_ = std::min(lowest_, score);
      std::string piece = entry[0].get<std::string>();
      if (!ids_.emplace(piece, Piece{id, score}).second)
        throw DataError(fmt::format("{}.vocab[{}]: '{}' is there twice", where, id, piece));
      longest_ = std::max(longest_, code_points(piece).size());
    }
    if (!json.contains("unk_id") || !json["unk_id"].is_number_integer() ||
        json["unk_id"].get<std::int64_t>() >= static_cast<std::int64_t>(ids_.size()))
      throw DataError(fmt::format("{}.unk_id: expected the number of a piece", where));
    unknown_ = json["unk_id"].get<std::int64_t>();
  }

  // The cut of highest total score; among equal ones the one found first, from the left, longer pieces first. Unknown
  // characters in a row are one piece.
  std::vector<std::int64_t> operator()(const std::string& word) const {
    std::u32string characters = code_points(word);
    std::size_t n = characters.size();
    struct Best {
      double score = -std::numeric_limits<double>::infinity();
      std::size_t from = 0;
      bool unknown = false;
    };
    std::vector<Best> best(n + 1);
    best[0].score = 0;
    for (std::size_t first = 0; first < n; ++first) {
      bool single = false;
      auto offer = [&](std::size_t last, double score, bool unknown) {
        if (best[first].score + score > best[last].score) best[last] = {best[first].score + score, first, unknown};
      };
      std::string piece;
      for (std::size_t last = first + 1; last <= std::min(n, first + longest_); ++last) {
        piece += utf8({characters[last - 1]});
        if (auto found = ids_.find(piece); found != ids_.end()) {
          offer(last, found->second.score, false);
          single |= last == first + 1;
        }
      }
      if (!single) offer(first + 1, lowest_ - kUnknownPenalty, true);
    }
    std::vector<std::pair<std::string, bool>> pieces;
    for (std::size_t last = n; last > 0; last = best[last].from) {
      std::string piece = utf8(characters.substr(best[last].from, last - best[last].from));
      if (best[last].unknown && !pieces.empty() && pieces.back().second)
        pieces.back().first = piece + pieces.back().first;
      else pieces.emplace_back(piece, best[last].unknown);
    }
    std::vector<std::int64_t> result;
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
      if (auto found = ids_.find(piece->first); found != ids_.end()) {
        result.push_back(found->second.id);
        continue;
      }
      std::vector<std::int64_t> bytes;
      if (fallback_)
        for (const std::string& byte : bytes_of(piece->first))
          if (auto found = ids_.find(byte); found != ids_.end()) bytes.push_back(found->second.id);
      if (!bytes.empty() && bytes.size() == piece->first.size())
        result.insert(result.end(), bytes.begin(), bytes.end());
      else result.push_back(unknown_);
    }
    return result;
  }

 private:
  static constexpr double kUnknownPenalty = 10;
  struct Piece {
    std::int64_t id;
    double score;
  };
  bool fallback_;
  std::unordered_map<std::string, Piece> ids_;
  std::size_t longest_ = 1;
  double lowest_ = std::numeric_limits<double>::infinity();
  std::int64_t unknown_ = 0;
};

}  // namespace

WordModel read_word_model(const Value& json, const std::string& where) {
  std::string type = text_of(json, "type");
  if (type == "Unigram")
    return [model = std::make_shared<Unigrams>(json, where)](const std::string& word) { return (*model)(word); };
  if (type == "BPE" || (type.empty() && json.contains("merges")))
    return [model = std::make_shared<BytePairs>(json, where)](const std::string& word) { return (*model)(word); };
  throw DataError(fmt::format("{}.type: '{}' is not known; known: BPE, Unigram", where, type));
}

}  // namespace winnow::text
