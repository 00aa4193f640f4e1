#include "class_texts.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "winnow/data/template_file.h"
#include "winnow/data/templates.h"
#include "winnow/text/read_files.h"
#include "winnow/text/tokenizer.h"

namespace winnow::train {

model::ClassTexts class_texts(const Stage& stage, const model::Snapshot& snapshot,
                              const std::vector<std::string>& class_names) {
  auto tokenizer = text::tokenizer_of(snapshot);
  std::int64_t context = model::text_context_of(snapshot);
  std::vector<std::int64_t> tokens;
  auto add = [&](const std::string& text) {
    std::vector<std::int64_t> row = tokenizer->encode(text, context);
    tokens.insert(tokens.end(), row.begin(), row.end());
  };
  auto recorded = stage.fingerprints.find("templates"), described = stage.fingerprints.find("descriptions");
  bool from_file = recorded != stage.fingerprints.end(), with_descriptions = described != stage.fingerprints.end();
  std::vector<std::string> templates;
  if (!from_file) templates = data::templates_of(stage.settings.text("template"));
  if (from_file || with_descriptions) {
    std::vector<std::vector<std::string>> of_class(class_names.size());
    auto take = [&](const std::vector<std::vector<std::string>>& more) {
      for (std::size_t c = 0; c < of_class.size(); ++c)
        of_class[c].insert(of_class[c].end(), more[c].begin(), more[c].end());
    };
    if (from_file) take(data::recorded_texts(recorded->second, class_names));
    for (const std::string& one : templates)
      for (std::size_t c = 0; c < of_class.size(); ++c) of_class[c].push_back(data::prompt(one, class_names[c]));
    if (with_descriptions) take(data::recorded_descriptions(described->second, class_names));
    model::ClassTexts result;
    for (const std::vector<std::string>& texts : of_class) {
      std::for_each(texts.begin(), texts.end(), add);
      result.counts.push_back(static_cast<std::int64_t>(texts.size()));
    }
    result.tokens = at::tensor(tokens, at::kLong).view({-1, context});
    return result;
  }
  for (const std::string& one : templates)
    for (const std::string& name : class_names) add(data::prompt(one, name));
  at::Tensor rows =
      at::tensor(tokens, at::kLong)
          .view({static_cast<std::int64_t>(templates.size()), static_cast<std::int64_t>(class_names.size()), context});
  return {templates.size() == 1 ? rows[0] : rows};
}

}  // namespace winnow::train
