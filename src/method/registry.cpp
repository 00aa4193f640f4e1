#include "winnow/method/registry.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::method {

// The registry: one line a method. src/method/<name>.cpp defines <name>_entry(), or that of a method of which it is a
// part.
#define WINNOW_METHODS(METHOD) \
  METHOD(able)                 \
  METHOD(abs_gce)              \
  METHOD(abs_mae)              \
  METHOD(cavl)                 \
  METHOD(cc)                   \
  METHOD(ce)                   \
  METHOD(coft_contrast)        \
  METHOD(coft_prompts)         \
  METHOD(contrastive)          \
  METHOD(coop)                 \
  METHOD(cpl)                  \
  METHOD(crdpll)               \
  METHOD(dividemix)            \
  METHOD(dual_prompts)         \
  METHOD(elr)                  \
  METHOD(file)                 \
  METHOD(gce)                  \
  METHOD(gmm)                  \
  METHOD(htc)                  \
  METHOD(idgp)                 \
  METHOD(label_match)          \
  METHOD(lafter)               \
  METHOD(lafter_text)          \
  METHOD(longremix)            \
  METHOD(lws)                  \
  METHOD(multimodal_prompts)   \
  METHOD(pico)                 \
  METHOD(pop)                  \
  METHOD(proden)               \
  METHOD(promix)               \
  METHOD(promptkd)             \
  METHOD(promptsrc)            \
  METHOD(records)              \
  METHOD(rolt)                 \
  METHOD(rolt_plus)            \
  METHOD(sce)                  \
  METHOD(small_loss)           \
  METHOD(solar)                \
  METHOD(tip_adapter)          \
  METHOD(tip_adapter_f)        \
  METHOD(turn)                 \
  METHOD(unicon)               \
  METHOD(visual_prompts)       \
  METHOD(zero_shot)

#define WINNOW_DECLARE(name) Entry name##_entry();
WINNOW_METHODS(WINNOW_DECLARE)
#undef WINNOW_DECLARE

const std::vector<Entry>& registry() {
#define WINNOW_LIST(name) name##_entry(),
  static const std::vector<Entry> entries = {WINNOW_METHODS(WINNOW_LIST)};
#undef WINNOW_LIST
  return entries;
}

const Entry& find_method(std::string_view name) {
  std::vector<std::string> known;
  for (const Entry& entry : registry()) {
    if (entry.name == name) return entry;
    known.emplace_back(entry.name);
  }
  throw UsageError(fmt::format("unknown method '{}'{}", name, did_you_mean(name, known)));
}

std::unique_ptr<Method> make_method(std::string_view name) {
  const Entry& entry = find_method(name);
  if (!entry.make) throw UsageError(fmt::format("method {} trains nothing: it selects by what it is given", name));
  return entry.make();
}

}  // namespace winnow::method
