#include "preprocessing.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/model/image_layout.h"
#include "winnow/text/family.h"
#include "winnow/text/read_files.h"
#include "winnow/train/images_check.h"

namespace winnow::train {

namespace {

struct Preprocessor {
  Value json;
  std::string source, type;

  static Preprocessor of(const model::Snapshot& snapshot) {
    auto file = snapshot.files.find("preprocessor_config.json");
    if (file == snapshot.files.end())
      throw DataError(fmt::format("{}: preprocessor_config.json is missing", snapshot.source));
    std::string source = snapshot.source + "/" + snapshot.preprocessor;
    text::Kind kind = kind_of(snapshot);
    bool of_transformers =
        !kind.timm && kind.family != text::Family::wide_resnet;  // whose files may leave the type to the family
    return {parse_json(file->second, source), source, of_transformers ? text::image_processor_of(kind.family) : ""};
  }
};

}  // namespace

Preprocessing Preprocessing::from(const model::Snapshot& snapshot) {
  Preprocessor preprocessor = Preprocessor::of(snapshot);
  return {view::parse_normalisation(preprocessor.json, preprocessor.source, preprocessor.type),
          model::image_layout(snapshot).image_size};
}

std::vector<view::Step> own_view(const model::Snapshot& snapshot) {
  Preprocessor preprocessor = Preprocessor::of(snapshot);
  const std::string& source = preprocessor.source;
  std::vector<view::Step> steps = view::parse_preprocessor(preprocessor.json, source, preprocessor.type);
  steps.pop_back();  // the normalisation is the view's
  std::int64_t side = model::image_layout(snapshot).image_size;
  view::Size last;  // 0: depends on the image
  for (const view::Step& step : steps) {
    if (auto resize = std::get_if<view::Resize>(&step)) last = resize->size;
    if (auto crop = std::get_if<view::CenterCrop>(&step)) last = crop->size;
  }
  if (last != view::Size{side, side})
    throw DataError(fmt::format("{}: images become {}, the model takes {} x {}", source,
                                last.height ? fmt::format("{} x {}", last.height, last.width) : "as long as they are",
                                side, side));
  return steps;
}

void require_normalisation(const model::Snapshot& snapshot) { Preprocessing::from(snapshot); }

std::string own_view_refusal(const model::Snapshot& snapshot) {
  try {
    own_view(snapshot);
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

}  // namespace winnow::train
