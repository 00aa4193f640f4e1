// tokenizer.json of Hugging Face's tokenizers: normaliser, cut into words, model, and the ids around them.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "normaliser.h"
#include "splitter.h"
#include "unicode.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/text/read_files.h"
#include "winnow/text/tokenizer.h"
#include "word_model.h"

namespace winnow::text {

namespace {

// Names that stand for one id wherever they occur; "normalized" ones are looked for after normalisation.
struct Added {
  std::map<std::string, std::int64_t> raw, normalised;
  std::optional<Pattern> raw_pattern, normalised_pattern;
};

Pattern any_of(const std::map<std::string, std::int64_t>& names) {
  std::vector<std::string> longest_first;
  for (const auto& [name, id] : names) longest_first.push_back(name);
  std::stable_sort(longest_first.begin(), longest_first.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::string expression;
  for (const std::string& name : longest_first) expression += (expression.empty() ? "\\Q" : "|\\Q") + name + "\\E";
  return Pattern(expression);
}

class JsonTokenizer final : public Tokenizer {
 public:
  JsonTokenizer(const Value& json, const std::string& where) {
    normaliser_ = read_normaliser(json.value("normalizer", Value()), where + ": normalizer");
    splitter_ = read_splitter(json.value("pre_tokenizer", Value()), where + ": pre_tokenizer");
    model_ = read_word_model(json.at("model"), where + ": model");
    for (const Value& token : json.value("added_tokens", Value::array())) {
      auto content = token.at("content").get<std::string>();
      bool normalised = token.value("normalized", false);
      (normalised ? added_.normalised : added_.raw)[normalised ? normaliser_(content) : content] =
          token.at("id").get<std::int64_t>();
    }
    if (!added_.raw.empty()) added_.raw_pattern = any_of(added_.raw);
    if (!added_.normalised.empty()) added_.normalised_pattern = any_of(added_.normalised);
    read_frame(json.value("post_processor", Value()), where + ": post_processor");
  }

  void pad_with(std::int64_t id) { padding_ = id; }
  std::optional<std::int64_t> added(const std::string& name) const {
    for (const auto* names : {&added_.raw, &added_.normalised})
      if (auto found = names->find(name); found != names->end()) return found->second;
    return std::nullopt;
  }

  std::vector<std::int64_t> pieces(const std::string& text) const override {
    std::vector<std::int64_t> ids;
    for (auto& [part, named] : parts(text, added_.raw_pattern)) {
      if (named) {
        ids.push_back(added_.raw.at(part));
        continue;
      }
      for (auto& [inner, inner_named] : parts(normaliser_(part), added_.normalised_pattern)) {
        if (inner_named) {
          ids.push_back(added_.normalised.at(inner));
          continue;
        }
        for (const std::string& word : splitter_({inner}))
          for (std::int64_t id : model_(word)) ids.push_back(id);
      }
    }
    return ids;
  }

 private:
  static std::vector<std::pair<std::string, bool>> parts(const std::string& text,
                                                         const std::optional<Pattern>& pattern) {
    if (text.empty()) return {};
    if (!pattern) return {{text, false}};
    return pattern->parts(text);
  }

  // Ids before and after a text: at most one each.
  void read_frame(const Value& json, const std::string& where) {
    if (json.is_null() || json.at("type") == "ByteLevel") return;
    std::string type = json.at("type").get<std::string>();
    if (type == "Sequence") {
      for (const Value& step : json.at("processors")) read_frame(step, where);
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      start_ = json.at("cls").at(1).get<std::int64_t>();
      end_ = json.at("sep").at(1).get<std::int64_t>();
    } else if (type == "TemplateProcessing") {
      bool after = false;
      for (const Value& item : json.at("single")) {
        if (item.contains("Sequence")) {
          after = true;
          continue;
        }
        const Value& ids = json.at("special_tokens").at(item.at("SpecialToken").at("id").get<std::string>()).at("ids");
        std::int64_t& place = after ? end_ : start_;
        if (ids.size() != 1 || place >= 0)
          throw DataError(fmt::format("{}: more than one id before or after the text", where));
        place = ids.at(0).get<std::int64_t>();
      }
    } else {
      throw DataError(fmt::format(
          "{}: '{}' is not known; known: BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing",
          where, type));
    }
  }

  Normaliser normaliser_;
  Splitter splitter_;
  WordModel model_;
  Added added_;
};

}  // namespace

std::unique_ptr<Tokenizer> json_tokenizer(const SnapshotFiles& snapshot) {
  auto found = snapshot.files.find("tokenizer.json");
  if (found == snapshot.files.end())
    throw DataError(fmt::format("{}: tokenizer.json is missing: no texts without a tokenizer", snapshot.source));
  std::string where = snapshot.source + "/tokenizer.json";
  Value json = parse_json(found->second, where);
  if (!json.is_object()) throw DataError(fmt::format("{} is not a JSON table", where));
  try {
    auto tokenizer = std::make_unique<JsonTokenizer>(json, where);
    // The padding token stands in another file, as a name or a table.
    if (auto config = snapshot.files.find("tokenizer_config.json"); config != snapshot.files.end()) {
      Value settings = parse_json(config->second, snapshot.source + "/tokenizer_config.json");
      Value pad = settings.is_object() ? settings.value("pad_token", Value()) : Value();
      if (pad.is_object()) pad = pad.value("content", Value());
      if (pad.is_string())
        if (auto id = tokenizer->added(pad.get<std::string>())) tokenizer->pad_with(*id);
    }
    return tokenizer;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace winnow::text
