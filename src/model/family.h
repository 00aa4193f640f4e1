// Which architecture a snapshot holds, and under whose names.
#pragma once

#include "winnow/model/snapshot.h"

namespace winnow::model {

enum class Family { clip, siglip, vit, vit_mae, convnext, resnet, wide_resnet };

struct Kind {
  Family family;
  bool timm;                                      // timm's names, an image tower alone; else Hugging Face's
};

// config.json's model_type, or timm's architecture. DataError with the nearest known name for another.
Kind kind_of(const Snapshot&);

}  // namespace winnow::model
