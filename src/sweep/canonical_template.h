// A stage's canonical form with holes: what Stage::canonical() would write for every experiment of one shape, put
// together from ready pieces.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "recipe.h"
#include "slots.h"

namespace winnow::sweep {

class CanonicalTemplate {
 public:
  // `draft` is connected (its inputs have identities). `varying[i]`: the identity of draft i depends on free axes.
  CanonicalTemplate(const Draft& draft, const std::map<std::string, Slot>& slots, const std::vector<bool>& varying);

  std::string_view label() const { return label_; }
  const std::vector<std::size_t>& inputs() const { return inputs_; }  // earlier drafts
  bool varies() const { return varies_; }
  bool own_settings() const { return own_settings_; }  // a preset's, whatever the experiment sets

  // Writes the canonical form into `text` (cleared first; its memory is reused). `identities` are those of the drafts.
  void write(std::span<const std::uint32_t> digits, std::span<const Identity> identities, std::string& text) const;

 private:
  class Cutter;
  // Text, then the fragment of a slot or an input's identity, if any.
  struct Piece {
    std::string text;
    int axis = -1;
    std::vector<std::string> fragments;
    int stage = -1;
  };

  std::string_view label_;
  std::vector<std::size_t> inputs_;
  std::vector<Piece> pieces_;
  std::string tail_;  // after the settings
  bool varies_ = false, own_settings_ = false;
};

}  // namespace winnow::sweep
