#include "normaliser.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "charsmap.h"
#include "unicode.h"
#include "winnow/core/error.h"

namespace winnow::text {

namespace {

std::string from_base64(const std::string& text, const std::string& where) {
  std::string result;
  std::uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a' + 26
                : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '+'             ? 62
                : c == '/'             ? 63
                                       : -1;
    if (c == '=' || c == '\n') continue;
    if (value < 0) throw DataError(fmt::format("{}: no base64", where));
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((have += 6) >= 8) result.push_back(static_cast<char>(bits >> (have -= 8) & 0xFF));
  }
  return result;
}

}  // namespace

Normaliser read_normaliser(const Value& json, const std::string& where) {
  if (json.is_null()) return [](const std::string& text) { return text; };
  std::string type = json.at("type").get<std::string>();
  if (type == "NFC") return &nfc;
  if (type == "NFD") return &nfd;
  if (type == "NFKC") return &nfkc;
  if (type == "NFKD") return &nfkd;
  if (type == "Lowercase") return &lower_each;
  if (type == "Strip") {
    bool left = json.value("strip_left", true), right = json.value("strip_right", true);
    return [=](const std::string& text) { return strip(text, left, right); };
  }
  if (type == "Prepend") {
    std::string prefix = json.at("prepend").get<std::string>();
    return [=](const std::string& text) { return text.empty() ? text : prefix + text; };
  }
  if (type == "Replace") {
    std::string content = json.at("content").get<std::string>();
    const Value& pattern = json.at("pattern");
    auto expression =
        std::make_shared<Pattern>(pattern.contains("Regex") ? pattern["Regex"].get<std::string>()
                                                            : "\\Q" + pattern.at("String").get<std::string>() + "\\E");
    return [=](const std::string& text) { return expression->replace(text, content); };
  }
  if (type == "Precompiled") {
    auto map = std::make_shared<Charsmap>(
        from_base64(json.at("precompiled_charsmap").get<std::string>(), where + ".precompiled_charsmap"));
    return [=](const std::string& text) { return map->normalise(text); };
  }
  if (type == "Sequence") {
    std::vector<Normaliser> steps;
    for (const Value& step : json.at("normalizers")) steps.push_back(read_normaliser(step, where));
    return [=](const std::string& text) {
      std::string now = text;
      for (const Normaliser& step : steps) now = step(now);
      return now;
    };
  }
  throw DataError(fmt::format(
      "{}: normalizer '{}' is not known; known: Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, "
      "Sequence, Strip",
      where, type));
}

}  // namespace winnow::text
