// Forwards of an engine's networks: inputs, slices of the gang, chunks, outputs for all.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <chrono>

#include "kept_features.h"
#include "row_chunks.h"
#include "stage_seed.h"
#include "winnow/core/error.h"
#include "winnow/train/engine.h"
#include "winnow/train/scopes.h"

namespace winnow::train {

namespace {

Tensor cut(const Tensor& rows, std::int64_t first, std::int64_t last) { return rows.narrow(0, first, last - first); }

// For each of `length` places along an axis the number of the cell, of `cells`, that it lies in.
Tensor cell_of(std::int64_t length, std::int64_t cells, c10::Device device) {
  at::TensorOptions whole(at::kLong);
  return at::arange(length, whole.device(device)).mul_(cells).floor_divide_(length);
}

// A scalar as it is. Of cells h x w each pixel of images B x C x H x W has the weight of the cell that it lies in: H x
// W; of rows B x d, which have no height, of h w cells in a line: d.
Tensor weight_of_pixels(const Tensor& weight, const Tensor& inputs) {
  if (weight.dim() == 0) return weight;
  c10::Device device = weight.device();
  if (inputs.dim() == 2)
    return weight.flatten().index_select(0, cell_of(inputs.size(1), weight.numel(), device)).to(inputs.scalar_type());
  return weight.index_select(0, cell_of(inputs.size(-2), weight.size(0), device))
      .index_select(1, cell_of(inputs.size(-1), weight.size(1), device))
      .to(inputs.scalar_type());
}

}  // namespace

Tensor Engine::inputs(const Call& call, std::int64_t first, std::int64_t last) {
  RECORD_USER_SCOPE(scope::inputs);
  Tensor ids = cut(call.ids.on_host(), first, last);
  if (const auto* name = std::get_if<std::string>(&call.view)) return source_.inputs(call.split, *name, ids, epoch_);
  const auto& rows = std::get<method::Rows>(call.view);
  Tensor own = gathered(rows, call.split, ids);
  if (!rows.weight.defined()) return own;
  Tensor weight = weight_of_pixels(rows.weight, own);
  return weight * own + (1 - weight) * gathered(rows, call.split, cut(rows.partner.on_host(), first, last));
}

// The rows at these places, in their order: each part's at once, as its view gives them.
Tensor Engine::gathered(const method::Rows& rows, const std::string& split, const Tensor& places) {
  std::vector<Tensor> found, order;
  std::int64_t first = 0;
  for (const auto& [view, ids] : rows.parts) {
    Tensor here = places.ge(first).logical_and(places.lt(first + ids.size())).nonzero().squeeze(1);
    if (here.size(0) == places.size(0) && found.empty()) {  // all of one part
      return source_.inputs(split, view, ids.on_host().index_select(0, places - first), epoch_);
    }
    if (here.size(0) > 0 || found.empty()) {
      found.push_back(
          source_.inputs(split, view, ids.on_host().index_select(0, places.index_select(0, here) - first), epoch_));
      order.push_back(here);
    }
    first += ids.size();
  }
  method::Ids back(at::cat(order).argsort(), facts_.real.device());
  return at::cat(found).index_select(0, back.on_device());
}

model::Outputs Engine::rows(const Call& call, std::int64_t first, std::int64_t last) {
  Tensor pixels = inputs(call, first, last);
  RECORD_USER_SCOPE(scope::forward);
  if (call.unadapted) return call.tower->rows_unadapted(pixels);
  if (!call.number) return call.tower->rows(pixels);
  std::uint64_t seed = facts_.settings->has("seed") ? stage_seed(*facts_.settings) : 0;
  return call.tower->rows_in_training(pixels, {collective_, call.ids.size(), first, seed, *call.number});
}

std::vector<std::pair<std::int64_t, std::int64_t>> Engine::chunks_of(std::int64_t rows) const {
  std::vector<std::pair<std::int64_t, std::int64_t>> chunks;
  for (comm::Slice piece : row_chunks(comm::slice_of(rows, collective_.rank(), collective_.size()), chunk_))
    chunks.emplace_back(piece.first, piece.last);
  return chunks;
}

method::Outputs Engine::forward(const std::string& network, const method::View& view, const method::Ids& ids, bool grad,
                                const std::string& split) {
  if (sampled_ && !in_step_) return sample(network, view, ids, split);
  if (const auto* name = std::get_if<std::string>(&view))
    if (auto frozen = frozen_.find(network); frozen != frozen_.end())
      return frozen_rows(network, *name, ids, split, frozen->second);
  return compute(network, view, ids, grad, split);
}

method::Outputs Engine::frozen_rows(const std::string& network, const std::string& view, const method::Ids& ids,
                                    const std::string& split, const Hash128& function) {
  std::optional<RowsContent> content = source_.content_of(split, view, ids.on_host(), epoch_);
  if (!content) return compute(network, view, ids, /*grad=*/false, split);
  return {{"features", kept_features_->rows(function, *content, ids.size(), network_of(network).kind->width(), [&] {
             return compute(network, view, ids, /*grad=*/false, split).features();
           })}};
}

method::Outputs Engine::sample(const std::string& network, const method::View& view, const method::Ids& ids,
                               const std::string& split) {
  const auto* name = std::get_if<std::string>(&view);
  auto [found, first] = first_pieces_.try_emplace(fmt::format("{}/{}/{}", network, name ? *name : "a mixture", split));
  if (first) {
    auto start = std::chrono::steady_clock::now();
    found->second = compute(network, view, ids, /*grad=*/false, split);
    sampled_rows_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    sampled_rows_.computed += ids.size();
  }
  sampled_rows_.asked += ids.size();
  method::Outputs result;
  for (const auto& [output, tensor] : found->second.all())
    result.all().emplace_back(output, repeated(tensor, ids.size()));
  return result;
}

method::Outputs Engine::compute(const std::string& network, const method::View& view, const method::Ids& ids, bool grad,
                                const std::string& split) {
  const auto& part = network_of(network);
  model::Tower& tower = *part.kind;
  const auto* name = std::get_if<std::string>(&view);
  bool text = name && name->empty();
  if (auto known = texts_.find(network); text && !grad && known != texts_.end())
    if (known->second.first.equal(ids.on_host())) return known->second.second;
  grad = grad && at::GradMode::is_enabled() && !tower.weights().trained().empty();
  if (grad && chunk_ > 0 && tower.has_batch_statistics())
    throw UsageError(fmt::format(
        "network '{}' normalises whole batches (batch_norm = \"batch\"), chunks of {} rows would change its result: "
        "take smaller batches, more processes, or batch_norm = \"stored\"",
        network, chunk_));
  if (grad && part.unadapted)
    throw InternalError(
        fmt::format("network '{}' is another's tower without its adaptation: it has no gradient", network));
  Call call{&tower, part.unadapted, split, view, ids, {}, {}, {}};
  constexpr std::uint64_t kMost = 256;  // of a step: they share a step's range of numbers, which key dropout's draws
  if (grad && forwards_ == kMost)
    throw InternalError(fmt::format("more than {} forwards with gradient in a step", kMost));
  if (grad) call.number = static_cast<std::uint64_t>(iteration_) * kMost + forwards_++;
  bool keep_graph = grad && chunk_ == 0;
  std::vector<std::vector<Tensor>> pieces;  // output x chunk
  std::vector<std::string> names;
  {
    at::AutoGradMode mode(keep_graph);
    for (auto [first, last] : chunks_of(ids.size())) {
      model::Outputs outputs = rows(call, first, last);
      pieces.resize(outputs.all().size());
      names.clear();
      for (std::size_t i = 0; i < outputs.all().size(); ++i) {
        names.push_back(outputs.all()[i].first);
        pieces[i].push_back(outputs.all()[i].second);
      }
    }
  }
  method::Outputs result;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    Tensor mine = pieces[i].size() == 1 ? pieces[i][0] : at::cat(pieces[i]);
    Tensor all = collective_.gather_rows(mine.detach(), ids.size());
    if (grad) {
      all = all.detach().requires_grad_(true);
      call.leaves.push_back(all);
      if (keep_graph) call.graph.push_back(mine);
    }
    result.all().emplace_back(names[i], all);
  }
  if (grad) calls_.push_back(std::move(call));
  else if (text) texts_[network] = {ids.on_host(), result};
  return result;
}

}  // namespace winnow::train
