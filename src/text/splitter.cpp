#include "splitter.h"

#include <fmt/format.h>

#include <memory>

#include "byte_merges.h"
#include "unicode.h"
#include "winnow/core/error.h"

namespace winnow::text {

namespace {

// What becomes of the separators.
Words split(const std::string& text, const Pattern& pattern, const std::string& behaviour, bool invert,
            const std::string& where) {
  Words result;
  bool separator_before = false;
  std::string waiting;  // of a separator that goes with what follows
  for (auto& [part, matched] : pattern.parts(text)) {
    bool separator = matched != invert;
    if (behaviour == "Isolated") {
      result.push_back(part);
    } else if (behaviour == "Removed") {
      if (!separator) result.push_back(part);
    } else if (behaviour == "MergedWithPrevious") {
      if (separator && !result.empty() && !separator_before) result.back() += part;
      else result.push_back(part);
    } else if (behaviour == "MergedWithNext") {
      if (separator) {
        if (!waiting.empty()) result.push_back(waiting);
        waiting = part;
      } else {
        result.push_back(waiting + part);
        waiting.clear();
      }
    } else if (behaviour == "Contiguous") {
      if (!result.empty() && separator == separator_before) result.back() += part;
      else result.push_back(part);
    } else {
      throw DataError(fmt::format(
          "{}: behavior '{}' is not known; known: Contiguous, Isolated, MergedWithNext, MergedWithPrevious, Removed",
          where, behaviour));
    }
    separator_before = separator;
  }
  if (!waiting.empty()) result.push_back(waiting);
  return result;
}

Splitter each(std::function<Words(const std::string&)> one) {
  return [one = std::move(one)](const Words& words) {
    Words result;
    for (const std::string& word : words)
      for (std::string& part : one(word)) result.push_back(std::move(part));
    return result;
  };
}

Splitter byte_level(const Value& json) {
  bool prefix = json.value("add_prefix_space", true), cut = json.value("use_regex", true);
  auto pattern =
      std::make_shared<Pattern>("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
  return each([=](const std::string& word) {
    std::string text = prefix && !word.starts_with(" ") ? " " + word : word;
    Words result;
    for (const std::string& part : cut ? pattern->matches(text) : Words{text}) {
      std::string symbols;
      for (char c : part) symbols += byte_symbol(static_cast<unsigned char>(c));
      result.push_back(symbols);
    }
    return result;
  });
}

Splitter metaspace(const Value& json, const std::string& where) {
  std::string mark = json.value("replacement", "\xE2\x96\x81");
  std::string scheme = json.contains("prepend_scheme")        ? json["prepend_scheme"].get<std::string>()
                       : json.value("add_prefix_space", true) ? "always"
                                                              : "never";
  if (scheme != "always" && scheme != "first" && scheme != "never")
    throw DataError(fmt::format("{}: prepend_scheme '{}' is not known; known: always, first, never", where, scheme));
  bool cut = json.value("split", true);
  auto space = std::make_shared<Pattern>(" "), marks = std::make_shared<Pattern>("\\Q" + mark + "\\E");
  return [=](const Words& words) {
    Words result;
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string text = space->replace(words[i], mark);
      if ((scheme == "always" || (scheme == "first" && i == 0)) && !text.starts_with(mark)) text = mark + text;
      if (!cut) result.push_back(text);
      else
        for (std::string& part : split(text, *marks, "MergedWithNext", false, where)) result.push_back(std::move(part));
    }
    return result;
  };
}

}  // namespace

Splitter read_splitter(const Value& json, const std::string& where) {
  if (json.is_null()) return [](const Words& words) { return words; };
  std::string type = json.at("type").get<std::string>();
  if (type == "ByteLevel") return byte_level(json);
  if (type == "Metaspace") return metaspace(json, where);
  if (type == "Split") {
    const Value& pattern = json.at("pattern");
    auto expression =
        std::make_shared<Pattern>(pattern.contains("Regex") ? pattern["Regex"].get<std::string>()
                                                            : "\\Q" + pattern.at("String").get<std::string>() + "\\E");
    std::string behaviour = json.at("behavior").get<std::string>();
    bool invert = json.value("invert", false);
    return each([=](const std::string& word) { return split(word, *expression, behaviour, invert, where); });
  }
  if (type == "WhitespaceSplit" || type == "Whitespace") {
    auto expression = std::make_shared<Pattern>(type == "Whitespace" ? "\\w+|[^\\w\\s]+" : "\\S+");
    return each([=](const std::string& word) { return expression->matches(word); });
  }
  if (type == "Sequence") {
    std::vector<Splitter> steps;
    for (const Value& step : json.at("pretokenizers")) steps.push_back(read_splitter(step, where));
    return [=](const Words& words) {
      Words now = words;
      for (const Splitter& step : steps) now = step(now);
      return now;
    };
  }
  throw DataError(fmt::format(
      "{}: pre_tokenizer '{}' is not known; known: ByteLevel, Metaspace, Sequence, Split, Whitespace, WhitespaceSplit",
      where, type));
}

}  // namespace winnow::text
