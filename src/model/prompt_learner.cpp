#include "winnow/model/prompt_learner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

NamePlace parse_name_place(std::string_view word) {
  if (word == "end") return NamePlace::end;
  if (word == "middle") return NamePlace::middle;
  if (word == "front") return NamePlace::front;
  throw UsageError(fmt::format("the class name stands at '{}'{}; known: end, middle, front", word,
                               did_you_mean(word, {"end", "middle", "front"})));
}

at::Tensor slot_rows(const at::Tensor& tokens, const at::Tensor& name_lengths, std::int64_t context_vectors,
                     NamePlace place, bool class_specific) {
  std::int64_t C = tokens.size(0), columns = tokens.size(1), M = context_vectors;
  if (columns < M + 3)
    throw UsageError(fmt::format("{} context vectors in a text of {} tokens: no room for a name", M, columns));
  at::Tensor host = tokens.cpu().to(at::kLong).contiguous(), lengths = name_lengths.cpu().to(at::kLong).contiguous();
  at::Tensor result = host.clone();
  for (std::int64_t c = 0; c < C; ++c) {
    const std::int64_t* from = host.const_data_ptr<std::int64_t>() + c * columns;
    std::int64_t* to = result.mutable_data_ptr<std::int64_t>() + c * columns;
    std::int64_t name = place == NamePlace::end ? 0 : lengths.const_data_ptr<std::int64_t>()[c];
    if (name < 0 || 1 + M + name > columns)
      throw UsageError(fmt::format("class {}: a name of {} tokens does not fit the text", c, name));
    std::int64_t before = place == NamePlace::middle  ? M / 2
                          : place == NamePlace::front ? 0
                                                      : M;  // vectors before the name
    std::int64_t at = 1, slot = class_specific ? c * M : 0;
    for (std::int64_t j = 0; j < before; ++j) to[at++] = -1 - (slot + j);
    for (std::int64_t j = 0; j < name; ++j) to[at++] = from[1 + M + j];
    for (std::int64_t j = before; j < M; ++j) to[at++] = -1 - (slot + j);
  }
  return result.to(tokens.device());
}

at::Tensor random_context(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose) {
  return normal({rows, width}, 0, 0.02, Streams(seed, purpose).at(0, 0));
}

}  // namespace winnow::model
