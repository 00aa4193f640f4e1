// Which architecture a snapshot holds, and under whose names.
#pragma once

#include <string>

#include "winnow/text/snapshot_files.h"

namespace winnow::text {

enum class Family { clip, siglip, vit, vit_mae, convnext, resnet, wide_resnet };

struct Kind {
  Family family;
  bool timm;  // timm's names, an image tower alone; else Hugging Face's
};

// transformers' image processor of a family, without "ImageProcessor": what a preprocessor_config.json without a type
// means.
const char* image_processor_of(Family);

// config.json's model_type, or timm's architecture. DataError with the nearest known name for another.
Kind kind_of(const SnapshotFiles&);
std::string family_of(const SnapshotFiles&);  // clip, siglip, vit, vit_mae, convnext, resnet, wide_resnet; DataError

}  // namespace winnow::text
