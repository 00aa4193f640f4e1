#include "node_table.h"

#include <algorithm>

namespace winnow::sweep {

std::pair<std::uint32_t, bool> NodeTable::add(Node node, std::span<const std::uint32_t> inputs) {
  if (2 * (nodes_.size() + 1) > slots_.size()) grow();
  std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = node.identity.low & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      node.inputs = keep(inputs);
      nodes_.push_back(node);
      slots_[slot] = static_cast<std::uint32_t>(nodes_.size());
      return {slots_[slot] - 1, true};
    }
    Node& known = nodes_[slots_[slot] - 1];
    if (known.identity != node.identity) continue;
    known.width = std::max(known.width, node.width);
    return {slots_[slot] - 1, false};
  }
}

std::span<const std::uint32_t> NodeTable::keep(std::span<const std::uint32_t> inputs) {
  if (inputs.empty()) return {};
  if (used_ + inputs.size() > kChunk) {
    chunks_.push_back(std::make_unique<std::uint32_t[]>(std::max(kChunk, inputs.size())));
    used_ = 0;
  }
  std::uint32_t* kept = chunks_.back().get() + used_;
  std::copy(inputs.begin(), inputs.end(), kept);
  used_ += inputs.size();
  return {kept, inputs.size()};
}

void NodeTable::grow() {
  slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), 0);
  std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::size_t slot = nodes_[i].identity.low & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace winnow::sweep
