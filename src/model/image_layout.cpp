#include "winnow/model/image_layout.h"

#include "convnext.h"
#include "modified_resnet.h"
#include "resnet.h"
#include "vision_transformer.h"
#include "wide_resnet.h"
#include "winnow/core/error.h"
#include "winnow/text/family.h"

namespace winnow::model {

std::int64_t ImageLayout::columns(FeatureKind feature) const {
  if (feature == FeatureKind::logits) throw InternalError("columns of a checkpoint's logits are asked of its tower");
  return feature == FeatureKind::embedding && !projection.empty() ? joint : width;
}

ImageLayout image_layout(const Snapshot& snapshot) {
  switch (kind_of(snapshot).family) {
    case text::Family::convnext: return convnext_layout(snapshot);
    case text::Family::resnet: return resnet_layout(snapshot);
    case text::Family::wide_resnet: return wide_resnet_layout(snapshot);
    case text::Family::clip:
      if (is_modified_resnet(snapshot)) return modified_resnet_layout(snapshot);
      [[fallthrough]];
    default: return vision_transformer_layout(snapshot);
  }
}

}  // namespace winnow::model
