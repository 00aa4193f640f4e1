#include "winnow/model/shape.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "transformer.h"

namespace winnow::model {

Value shape_of(ImageTower& image, const TextTower* text) {
  Value shape = {{"image_size", image.image_size()}, {"width", image.tower_width()}};
  if (const Transformer* blocks = image.transformer()) {
    shape["blocks"] = blocks->config().blocks;
    shape["patch"] = std::llround(std::sqrt(static_cast<double>(image.patch_area())));
  } else {
    // layer1.0.conv1, stages.0.layers.0., stages.0.blocks.0., block1.layer.0.: numbers of stage and block, whatever
    // they are called.
    static const std::regex place("(?:layer|stages\\.|block)(\\d+)\\.(?:layers?\\.|blocks\\.)?(\\d+)\\..*");
    std::map<int, std::set<int>> stages;
    std::map<int, std::int64_t> narrowest;  // convolution of each stage
    for (const Parameter& parameter : image.weights().all()) {
      std::smatch found;
      if (!std::regex_search(parameter.name, found, place)) continue;
      int stage = std::stoi(found[1]);
      stages[stage].insert(std::stoi(found[2]));
      if (parameter.value.dim() != 4) continue;
      std::int64_t rows = parameter.value.size(0);
      auto [known, fresh] = narrowest.emplace(stage, rows);
      if (!fresh) known->second = std::min(known->second, rows);
    }
    if (!narrowest.empty()) shape["inner_width"] = narrowest.begin()->second;
    shape["depths"] = Value::array();
    for (const auto& [stage, blocks] : stages) shape["depths"].push_back(blocks.size());
  }
  if (text) shape["text_width"] = text->token_width();
  return shape;
}

}  // namespace winnow::model
