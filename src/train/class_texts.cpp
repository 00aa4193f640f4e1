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
  if (auto recorded = stage.fingerprints.find("templates"); recorded != stage.fingerprints.end()) {
    model::ClassTexts result;
    for (const std::vector<std::string>& texts : data::recorded_texts(recorded->second, class_names)) {
      std::for_each(texts.begin(), texts.end(), add);
      result.counts.push_back(static_cast<std::int64_t>(texts.size()));
    }
    result.tokens = at::tensor(tokens, at::kLong).view({-1, context});
    return result;
  }
  std::vector<std::string> templates = data::templates_of(stage.settings.text("template"));
  for (const std::string& one : templates)
    for (const std::string& name : class_names) add(data::prompt(one, name));
  at::Tensor rows =
      at::tensor(tokens, at::kLong)
          .view({static_cast<std::int64_t>(templates.size()), static_cast<std::int64_t>(class_names.size()), context});
  return {templates.size() == 1 ? rows[0] : rows};
}

}  // namespace winnow::train
