// The decoded cache is a safetensors file: {train,test}.{images,labels}, and in its metadata version, fingerprint,
// classes.
#pragma once

namespace winnow::data {

inline constexpr const char* kCacheVersion = "1";

}  // namespace winnow::data
