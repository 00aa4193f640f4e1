// Images that stay on the device: the same results, fewer bytes a step.
#include "images_on_device.h"

#include <ATen/record_function.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "../train/miniature.h"
#include "standin.h"
#include "winnow/device/transfer.h"
#include "winnow/train/scopes.h"

namespace winnow::train {
namespace {

at::Tensor levels(std::int64_t count, std::int64_t first) {
  return (at::arange(count, at::kLong) + first)
      .to(at::kByte)
      .view({count, 1, 1, 1})
      .expand({count, 2, 2, 3})
      .contiguous();
}
at::Tensor ids(std::vector<std::int64_t> own) { return at::tensor(own, at::kLong); }
at::Tensor got(const ImagesOnDevice& kept, const ImagesOnDevice::Series& series, std::vector<std::int64_t> own) {
  return kept.get(series, device::to_device(kept.places(series, ids(std::move(own))), kept.device()));
}

TEST(ImagesOnDevice, GivesBackWhatWasPut) {
  ImagesOnDevice kept(standin::device(), 1000);
  ImagesOnDevice::Series series{"train", "plain", 0}, other{"test", "plain", 0};
  at::Tensor back;
  {
    standin::NoWaiting no_waiting;
    EXPECT_FALSE(kept.has(series, ids({0})));
    kept.put(series, 6, ids({4, 2}), levels(2, 10));
    EXPECT_TRUE(kept.has(series, ids({2, 4, 2})));
    EXPECT_FALSE(kept.has(series, ids({2, 3}))) << "all of them or none";
    EXPECT_FALSE(kept.has(other, ids({2}))) << "another split";
    kept.put(series, 6, ids({3, 4}), levels(2, 20));  // 4 is there already
    back = got(kept, series, {4, 3, 2});
    EXPECT_FALSE(kept.has_all(series));
  }
  EXPECT_EQ(back.device(), standin::device());
  EXPECT_TRUE(back.cpu().equal(at::cat({levels(1, 10), levels(1, 20), levels(1, 11)})));
  EXPECT_EQ(kept.bytes(), 6 * 12);
}

TEST(ImagesOnDevice, TakesNoMoreThanTheBudget) {
  ImagesOnDevice kept(standin::device(), 40);  // three images of 12 bytes
  ImagesOnDevice::Series series{"train", "plain", 0}, other{"test", "plain", 0};
  at::Tensor there = kept.put(series, 6, ids({0, 1, 2, 3, 4, 5}), levels(6, 10));
  EXPECT_TRUE(there.cpu().equal(levels(6, 10))) << "all are there for this once";
  EXPECT_TRUE(kept.has(series, ids({0, 1, 2})));
  EXPECT_FALSE(kept.has(series, ids({3})));
  EXPECT_TRUE(got(kept, series, {2, 0}).cpu().equal(levels(6, 10).index_select(0, ids({2, 0}))));
  EXPECT_EQ(kept.bytes(), 36);
  EXPECT_FALSE(kept.has_room_for(other, 5));
  kept.put(other, 3, ids({0}), levels(1, 1));
  EXPECT_FALSE(kept.has(other, ids({0})));
  EXPECT_EQ(kept.bytes(), 36);
}

TEST(ImagesOnDevice, KeepsNothingOnTheHost) {
  EXPECT_FALSE(ImagesOnDevice(at::kCPU, 1000).keeps_any());
  EXPECT_FALSE(ImagesOnDevice(standin::device(), 0).keeps_any());
  EXPECT_EQ(loaders_for(at::kCPU), 0) << "the stage needs its cores itself";
  EXPECT_GE(loaders_for(standin::device()), 1);
}

// Bytes that every step, and every pass over the training set, sent to the device, and in how many copies.
class BytesOfScopes {
 public:
  BytesOfScopes() {
    all().clear(), copies_of_steps().clear();
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
  }
  ~BytesOfScopes() { at::removeCallback(handle_); }
  BytesOfScopes(const BytesOfScopes&) = delete;
  static std::map<std::string, std::vector<std::int64_t>>& all() {
    static std::map<std::string, std::vector<std::int64_t>> own;
    return own;
  }
  static std::vector<std::int64_t>& copies_of_steps() {
    static std::vector<std::int64_t> own;
    return own;
  }

 private:
  static std::pair<std::int64_t, std::int64_t>& before() {
    static std::pair<std::int64_t, std::int64_t> bytes_and_copies;
    return bytes_and_copies;
  }
  static bool is_watched(std::string_view name) { return name == scope::step || name == scope::pass; }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (is_watched(function.name())) before() = {standin::bytes_in(), standin::uploads()};
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (!is_watched(function.name())) return;
    all()[function.name()].push_back(standin::bytes_in() - before().first);
    if (function.name() == std::string_view(scope::step))
      copies_of_steps().push_back(standin::uploads() - before().second);
  }
  at::CallbackHandle handle_;
};

class Uploads : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    Context on_cpu = context();
    on_cpu.device = at::kCPU;
    store::write_run_file(folder_ / "backbone.h5", execute(pretrain(), on_cpu, *alone_, quiet_).content);
  }
  // Two epochs of two steps of 20 images of 28 x 28 grey levels.
  Stage stage(const std::string& method, const std::string& weak) {
    Stage own = train(method);
    for (auto [key, value] : std::map<std::string, Value>{
             {"data.samples", 40}, {"train.batch", 20}, {"views.weak", weak}, {"head_init", "random"}})
      own.settings.set(key, value);
    if (catalogue_.methods.at(method).labels == sweep::LabelNeed::given) own.settings.set("labels.kind", "symmetric");
    return own;
  }
  std::pair<std::string, std::vector<std::int64_t>> on_device(const Stage& stage, std::int64_t budget, int loaders = 0,
                                                              const char* scope = scope::step) {
    Context own = context();
    own.device = standin::device();
    own.device_images = budget;
    own.loaders = loaders;
    BytesOfScopes watch;
    std::string digest = execute(stage, own, *alone_, quiet_).content.result_digest().hex();
    return {digest, BytesOfScopes::all()[scope]};
  }
};

constexpr std::int64_t kImages = 20 * 28 * 28;

TEST_F(Uploads, OfAStepGoDownAndTheResultStays) {
  for (const char* weak : {"plain", "flip-crop"}) {
    SCOPED_TRACE(weak);
    Stage own = stage("cc", weak);
    Context on_cpu = context();
    on_cpu.device = at::kCPU;
    std::string want = execute(own, on_cpu, *alone_, quiet_).content.result_digest().hex();
    auto [without, all] = on_device(own, 0);
    auto [with, fewer] = on_device(own, 1 << 20);
    EXPECT_EQ(without, want);
    EXPECT_EQ(with, want);
    ASSERT_EQ(all.size(), 4u);
    ASSERT_EQ(fewer.size(), 4u);
    for (std::int64_t bytes : all) EXPECT_GE(bytes, kImages);
    for (std::size_t step : {2, 3}) EXPECT_LT(fewer[step], kImages / 10) << "the second epoch uploads no image";
    EXPECT_EQ(on_device(own, 1 << 20, 2).first, want) << "with loaders";
    EXPECT_EQ(on_device(own, 10 * 784).first, want) << "room for ten images";
  }
}

// Numbers and given labels go to the device for many steps at once, here with the first of two in an epoch, and once an
// epoch where images lie that stay there. A step copies its images, or where they stay the crops that are drawn for it,
// and nothing else.
TEST_F(Uploads, AreOneCopyAStepAtMost) {
  for (const char* method : {"ce", "cc"}) {
    SCOPED_TRACE(method);
    using Copies = std::vector<std::int64_t>;
    on_device(stage(method, "plain"), 0);
    EXPECT_EQ(BytesOfScopes::copies_of_steps(), (Copies{2, 1, 2, 1})) << "images";
    on_device(stage(method, "weak-fine"), 1 << 20);
    EXPECT_EQ(BytesOfScopes::copies_of_steps(), (Copies{2, 1, 2, 1})) << "images of other pixels each time";
    on_device(stage(method, "plain"), 1 << 20);
    EXPECT_EQ(BytesOfScopes::copies_of_steps()[3], 0) << "images that stay";
    on_device(stage(method, "flip-crop"), 1 << 20);
    EXPECT_EQ(BytesOfScopes::copies_of_steps()[3], 1) << "crops of images that stay";
  }
  Stage two = stage("crdpll", "plain");
  on_device(two, 1 << 20);
  EXPECT_EQ(BytesOfScopes::copies_of_steps()[3], 2) << "crops of one of two views, for each of its two forwards";
}

TEST_F(Uploads, OfViewsWithDrawsStayTheImages) {
  Stage own = stage("cc", "weak-fine");
  auto [without, all] = on_device(own, 0);
  auto [with, same] = on_device(own, 1 << 20);
  EXPECT_EQ(with, without);
  EXPECT_EQ(all, same) << "they are others in every epoch";
}

TEST_F(Uploads, OfPassesAreOnce) {
  Stage own = stage("gmm", "flip-crop");
  own.kind = StageKind::detect;
  own.outputs = {Output::metrics, Output::selection};
  if (own.settings.has("warmup_epochs")) own.settings.set("warmup_epochs", 0);
  own.version = catalogue_.methods.at("gmm").version;
  auto [without, all] = on_device(own, 0, 0, scope::pass);
  auto [with, fewer] = on_device(own, 1 << 20, 0, scope::pass);
  EXPECT_EQ(with, without);
  ASSERT_EQ(all.size(), 4u) << "before and after each of two epochs";
  ASSERT_EQ(fewer.size(), 4u);
  EXPECT_GE(all[2], 40 * 28 * 28) << "all are looked at before the second";
  EXPECT_LT(fewer[2], 40 * 28 * 28 / 10);
}

// Token rows of the classes' prompts: they go there with the first step and stay.
TEST_F(Uploads, OfPromptsAreOnce) {
  for (const char* method : {"dual-prompts", "coop"}) {
    SCOPED_TRACE(method);
    Stage own = stage(method, "flip-crop");
    auto [digest, bytes] = on_device(own, 1 << 20);
    ASSERT_EQ(bytes.size(), 4u);
    constexpr std::int64_t kRow = 10 * sizeof(std::int64_t);  // a column of all classes' rows
    EXPECT_GE(bytes[0], kImages + 4 * kRow);
    for (std::size_t step : {2, 3})
      EXPECT_LT(bytes[step], 40 * 64) << "crops; of an epoch the samples' numbers and labels";
  }
}

// Threads that copied a batch of images into memory that the device can fetch it from.
class PinningThreads {
 public:
  PinningThreads() {
    others() = 0;
    own() = std::this_thread::get_id();
    handle_ =
        at::addGlobalCallback(at::RecordFunctionCallback(&begin).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  ~PinningThreads() { at::removeCallback(handle_); }
  PinningThreads(const PinningThreads&) = delete;
  static std::atomic<int>& others() {
    static std::atomic<int> count;
    return count;
  }

 private:
  static std::thread::id& own() {
    static std::thread::id id;
    return id;
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (std::string_view(function.name()) != "aten::copy_" || std::this_thread::get_id() == own()) return nullptr;
    at::Tensor into = function.inputs().front().toTensor();
    if (into.is_cpu() && into.dim() == 4 && into.scalar_type() == at::kByte && into.is_pinned()) ++others();
    return nullptr;
  }
  at::CallbackHandle handle_;
};

// Waits, after the first step, until a thread of the queue has made the images of a coming one.
class UntilOneIsReady final : public Observer {
 public:
  bool report_wanted(std::int64_t, std::int64_t) override {
    for (int i = 0; i < 60'000 && PinningThreads::others() == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return false;
  }
};

TEST_F(Uploads, AreMadeReadyOnTheThreadsThatMakeTheImages) {
  Context own = context();
  own.device = standin::device();
  own.loaders = 2;
  UntilOneIsReady observer;
  PinningThreads watch;
  execute(stage("cc", "weak-fine"), own, *alone_, observer);
  EXPECT_GE(PinningThreads::others(), 1);
}

}  // namespace
}  // namespace winnow::train
