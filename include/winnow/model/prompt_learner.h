// Learned contexts in the text tower: vectors in place of the words before, around or behind the class name. Zhou et
// al., "Learning to prompt for vision-language models" (CoOp), 2022; two polarities in DeFT.
// docs/methods/noisy-labels.md#2.1.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace winnow::model {

enum class NamePlace { end, middle, front };   // of the class name among the M context vectors
NamePlace parse_name_place(std::string_view);  // UsageError with the nearest

// Token rows with slots for a text tower with learned vectors: id -1 - j stands for vector j.
// tokens: C x context, each start, M placeholder tokens, name, rest (".", end, padding). name_lengths: C, tokens of the
// bare name; read for `middle` (M / 2 vectors, name, the other vectors, rest) and `front` (name, vectors, rest).
// class_specific: class c has vectors c M .. c M + M - 1 of its own, else all share 0 .. M - 1.
at::Tensor slot_rows(const at::Tensor& tokens, const at::Tensor& name_lengths, std::int64_t context_vectors, NamePlace,
                     bool class_specific);

// N(0, 0.02^2), rows x d, from the counter stream of `seed`.
at::Tensor random_context(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose);

}  // namespace winnow::model
