// winnow-train weights DIR: do the towers of a snapshot folder come to life, and what are they? `winnow model check`
// asks this.
#include <fmt/format.h>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "winnow/model/clip.h"
#include "winnow/model/image_layout.h"
#include "winnow/model/shape.h"
#include "winnow/model/text_tower.h"
#include "winnow/text/family.h"
#include "winnow/text/tokenizer.h"
#include "winnow/train/images_check.h"

namespace winnow::cmd {

namespace {

std::int64_t numbers_of(const model::Tower& tower) {
  std::int64_t count = 0;
  for (const model::Parameter& parameter : tower.weights().all()) count += parameter.value.numel();
  return count;
}

}  // namespace

int weights(int argc, char** argv) {
  std::string folder;
  Command app("weights",
              "Builds the towers of a snapshot folder: every tensor must be there, of its shape, and none left over. "
              "Says what they are, as JSON.",
              "  winnow-train weights ~/clip-vit-base-patch16\n");
  app.add_option("DIR", folder, "the snapshot folder")->required();
  if (!parse(app, argc, argv)) return kDone;

  model::Snapshot snapshot = model::read_snapshot(folder);
  model::require_whole(snapshot);
  auto image = model::image_tower(snapshot, {});
  Value found = {{"family", text::family_of(snapshot)},
                 {"image_size", image->image_size()},
                 {"width", image->tower_width()},
                 {"blocks", model::image_layout(snapshot).blocks},
                 {"image_numbers", numbers_of(*image)},
                 {"text_numbers", 0},
                 {"context", 0}};
  std::unique_ptr<model::TextTower> text;
  if (model::has_texts(snapshot)) {
    text = model::text_tower(snapshot, at::kFloat);
    found["text_numbers"] = numbers_of(*text);
    found["context"] = text->context();
    std::string used;
    if (text::has_tokenizer(snapshot)) text::tokenizer_of(snapshot, &used);
    found["tokenizer"] = used.empty() ? Value() : Value(used);
  }
  found["shape"] = model::shape_of(*image, text.get());
  train::require_normalisation(snapshot);
  std::string refused = train::own_view_refusal(snapshot);
  found["own_view"] = refused.empty() ? Value() : Value(refused);  // why there is none
  fmt::print("{}\n", found.dump(2));
  return kDone;
}

}  // namespace winnow::cmd
