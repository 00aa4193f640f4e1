// What the recipes of the three systems train and test on. R is the model's side (224 in all of the papers); sizes that
// the papers give for R = 224 are written relative to it: 256 is 8R/7.
#include "pipelines.h"

namespace winnow::view {

// clang-format off
#define RRC(SCALE, FILTER, SIZE) R"({"op": "random_resized_crop", "size": )" SIZE R"(, "scale": [)" SCALE R"(, 1], "ratio": [0.75, 1.3333333333333333], "interpolation": ")" FILTER R"("})"
#define FLIP R"({"op": "random_hflip", "p": 0.5})"
#define JITTER R"({"op": "random_color_jitter", "brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1, "p": 0.8})"
#define GREY R"({"op": "random_grayscale", "p": 0.2})"
#define AUGMENT R"({"op": "random_augment", "n": 3, "cutout": 0.5, "fill": [125, 123, 114]})"
#define RESIZE(SIZE, FILTER) R"({"op": "resize", "size": )" SIZE R"(, "interpolation": ")" FILTER R"("})"
#define CENTER R"({"op": "center_crop", "size": "R"})"
#define CROP R"({"op": "random_crop", "size": "R", "padding": 0})"
#define SMALL_CROP R"({"op": "random_crop", "size": 32, "padding": 4})"

const std::vector<NamedPipeline>& named_pipelines() {
  static const std::vector<NamedPipeline> table = {
      // docs/methods/partial-labels.md#4.3
      {"plain",          "[" RESIZE(R"("R")", "bilinear") ", " CENTER "]"},
      {"test-8-7",       "[" RESIZE(R"("8R/7")", "bilinear") ", " CENTER "]"},
      {"rrc-flip",       "[" RRC("0.08", "bilinear", R"("R")") ", " FLIP "]"},                       // strong: CIFAR, Places-LT, ImageNet-LT
      {"weak-id",        "[" RRC("0.2", "bilinear", R"("R")") ", " FLIP ", " JITTER ", " GREY "]"},  // CIFAR-10-ID, CIFAR-100-ID
      {"strong-id",      "[" RRC("0.2", "bilinear", R"("R")") ", " FLIP ", " AUGMENT "]"},
      {"weak-fine",      "[" RRC("0.08", "bilinear", R"("R")") ", " FLIP ", " JITTER ", " GREY "]"}, // CUB, Cars, Dogs, FGVC
      {"strong-fine",    "[" RRC("0.08", "bilinear", R"("R")") ", " FLIP ", " AUGMENT "]"},
      {"weak-plcifar",   "[" FLIP ", " SMALL_CROP ", " RESIZE(R"(["R", "R"])", "bilinear") "]"},
      {"strong-plcifar", "[" RRC("0.2", "bilinear", "32") ", " FLIP ", " AUGMENT ", " RESIZE(R"(["R", "R"])", "bilinear") "]"},
      // docs/methods/partial-labels.md#3.4: test-time ensembles
      {"five-crop",      "[" RESIZE(R"("R+24")", "bilinear") R"(, {"op": "five_crop", "size": "R"}])"},
      {"ten-crop",       "[" RESIZE(R"("R+24")", "bilinear") R"(, {"op": "ten_crop", "size": "R"}])"},
      // docs/methods/noisy-labels.md#8
      {"cifar",          "[" SMALL_CROP ", " RESIZE(R"(["R", "R"])", "bilinear") ", " FLIP "]"},
      {"crop256",        "[" RESIZE(R"(["8R/7", "8R/7"])", "bilinear") ", " CROP ", " FLIP "]"},     // augmentation A
      {"clothing",       "[" RESIZE(R"("8R/7")", "bilinear") ", " CROP ", " FLIP "]"},
      {"squeeze",        "[" RESIZE(R"(["R", "R"])", "bilinear") "]"},                               // test: CIFAR, Tiny, Cars, CUB
      {"squeeze-8-7",    "[" RESIZE(R"(["8R/7", "8R/7"])", "bilinear") ", " CENTER "]"},             // test: WebVision
      // docs/methods/unsupervised.md#1
      {"test",           "[" RESIZE(R"("R")", "bicubic") ", " CENTER "]"},
      {"rrc(0.08)",      "[" RRC("0.08", "bicubic", R"("R")") ", " FLIP "]"},
      {"rrc(0.5)",       "[" RRC("0.5", "bicubic", R"("R")") ", " FLIP "]"},
      {"moco2",          "[" RRC("0.2", "bilinear", R"("R")") ", " JITTER ", " GREY R"(, {"op": "random_gaussian_blur", "sigma": [0.1, 2.0], "p": 0.5}, )" FLIP "]"},
      {"lafter",         "[" RRC("0.2", "bilinear", R"("R")") ", " JITTER ", " GREY R"(, {"op": "random_gaussian_blur", "sigma": [0.1, 2.0], "p": 1}, )" FLIP "]"},
  };
  return table;
}
// clang-format on

}  // namespace winnow::view
