// The methods of stages whose settings name none, by name: find_method() knows them (registry.h).
#pragma once

namespace winnow::method {

inline constexpr const char* kOfPretraining = "contrastive";  // stage kind `pretrain`
inline constexpr const char* kOfFixedModels = "zero-shot";    // `score` and `evaluate` of a model as it is

}  // namespace winnow::method
