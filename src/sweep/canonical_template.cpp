#include "canonical_template.h"

#include <utility>

#include "winnow/stage/canonical_form.h"

namespace winnow::sweep {

// Cuts the form where experiments of the shape differ.
class CanonicalTemplate::Cutter : public CanonicalForm {
 public:
  Cutter(CanonicalTemplate& result, const Draft& draft, const std::map<std::string, Slot>& slots,
         const std::vector<bool>& varying)
      : result_(result), draft_(draft), slots_(slots), varying_(varying) {}
  ~Cutter() override { result_.tail_ = std::move(text_); }

 private:
  void text(std::string_view part) override { text_ += part; }
  void input(const std::string& name, const Identity& stage) override {
    std::size_t source = draft_.edges.at(name).stage;
    result_.inputs_.push_back(source);
    if (varying_[source]) hole({std::move(text_), -1, {}, static_cast<int>(source)});
    else text_ += stage.hex();
  }
  void setting(const std::string& key, const Value& value, bool defaulted) override {
    auto renamed = draft_.origin.find(key);
    auto slot =
        draft_.own_settings ? slots_.end() : slots_.find(renamed == draft_.origin.end() ? key : renamed->second);
    if (slot == slots_.end()) {
      if (!defaulted) text_ += fragment(key, value);
      return;
    }
    const Slot& found = slot->second;
    hole({std::move(text_), found.axis,
          renamed == draft_.origin.end() ? found.fragments : found.fragments_as(renamed->second, key), -1});
  }
  void end_of_settings() override {
    result_.pieces_.push_back({std::move(text_)});
    text_.clear();
  }
  void hole(Piece piece) {
    result_.pieces_.push_back(std::move(piece));
    text_.clear();
    result_.varies_ = true;
  }

  CanonicalTemplate& result_;
  const Draft& draft_;
  const std::map<std::string, Slot>& slots_;
  const std::vector<bool>& varying_;
  std::string text_;
};

CanonicalTemplate::CanonicalTemplate(const Draft& draft, const std::map<std::string, Slot>& slots,
                                     const std::vector<bool>& varying)
    : label_(draft.label), own_settings_(draft.own_settings) {
  Cutter(*this, draft, slots, varying).write(draft.stage);
}

void CanonicalTemplate::write(std::span<const std::uint32_t> digits, std::span<const Identity> identities,
                              std::string& text) const {
  text.clear();
  for (const Piece& piece : pieces_) {
    text += piece.text;
    if (piece.axis >= 0) text += piece.fragments[digits[static_cast<std::size_t>(piece.axis)]];
    if (piece.stage >= 0) text += identities[static_cast<std::size_t>(piece.stage)].hex();
  }
  // Fragments end with a comma, whichever of them are empty; the last one's has no successor.
  if (text.back() == ',') text.pop_back();
  text += tail_;
}

}  // namespace winnow::sweep
