// Zero-shot: the head's text features classify, nothing is trained. Radford et al., "Learning transferable visual
// models from natural language supervision", 2021, section 3.1.
#include "winnow/core/error.h"
#include "winnow/method/classifier.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class ZeroShot final : public Classifier {
 public:
  void setup(Setup& setup) override {
    setup.network("main", TowerKind::image);
    setup.head("head");
  }
  void step(Step&) override { throw InternalError("zero-shot trains nothing"); }
};

}  // namespace

Entry zero_shot_entry() {
  return {"zero-shot", [] { return std::unique_ptr<Method>(new ZeroShot); }, nullptr};
}

}  // namespace winnow::method
