#include "handover.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <span>

#include "arrays.h"
#include "executors.h"
#include "method_inputs.h"
#include "stage_seed.h"
#include "tensor_file.h"
#include "winnow/core/hash.h"
#include "winnow/core/safetensors_pieces.h"
#include "winnow/core/stream.h"
#include "winnow/data/pixels.h"
#include "winnow/stage/data_sets.h"

namespace winnow::train {

namespace {

constexpr const char* kSplits[] = {"train", "validation", "test"};
constexpr int kFormat = 1;  // of the file of images

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

// The same for every stage with these samples, whatever its seed.
Hash128 print_of(ImageSource& source) {
  Hasher hasher;
  hasher.add(fmt::format("handover {} of {}", kFormat, source.pixels().fingerprint()));
  for (const char* split : kSplits) {
    at::Tensor samples = source.samples(split).contiguous();
    hasher.add(fmt::format(" {} {}", split, samples.numel())).add(bytes_of(samples));
  }
  return hasher.digest();
}

std::map<std::string, at::Tensor> orders(ImageSource& source, const Hash128& print) {
  Streams streams(print.low, "handover");
  std::map<std::string, at::Tensor> result;
  for (std::uint32_t i = 0; i < std::size(kSplits); ++i)
    result[kSplits[i]] = at::tensor(streams.at(0, i).permutation(source.size(kSplits[i])), at::kLong);
  return result;
}

// Pixels as they were decoded (SPLIT.pixels, N x H x W x channels), or the original files one behind the other
// (SPLIT.files, SPLIT.ends).
void add_images(const data::Split& split, const at::Tensor& samples, const std::string& name,
                std::map<std::string, SafeTensorPieces>& pieces) {
  const auto* index = samples.const_data_ptr<std::int64_t>();
  std::int64_t count = samples.numel();
  if (!split.packed()) {
    std::size_t bytes = static_cast<std::size_t>(split.height * split.width * split.channels);
    pieces[name + ".pixels"] = {
        "U8", {count, split.height, split.width, split.channels}, [=, &split](const auto& put) {
          for (std::int64_t i = 0; i < count; ++i)
            put(std::as_bytes(split.images.subspan(static_cast<std::size_t>(index[i]) * bytes, bytes)));
        }};
    return;
  }
  at::Tensor ends = at::empty({count}, at::kLong);
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < count; ++i)
    ends.mutable_data_ptr<std::int64_t>()[i] = total += static_cast<std::int64_t>(split.file(index[i]).size());
  pieces[name + ".ends"] = {"I64", {count}, [ends](const auto& put) { put(bytes_of(ends)); }};
  pieces[name + ".files"] = {"U8", {total}, [=, &split](const auto& put) {
                               for (std::int64_t i = 0; i < count; ++i) put(split.file(index[i]));
                             }};
}

// The file of these images, which is made where it is not there yet. `samples`, by split: in the order of the handover.
Path images_of(const std::string& dataset, const data::Pixels& pixels, const std::string& print,
               const std::map<std::string, at::Tensor>& samples) {
  Path file = cache_folder() / "handover" / fmt::format("{}-{}-{}.safetensors", dataset, pixels.fingerprint(), print);
  if (std::filesystem::exists(file)) return file;
  make_folders(file.parent_path());
  std::map<std::string, SafeTensorPieces> pieces;
  for (const auto& [split, chosen] : samples)
    if (chosen.numel() > 0)
      add_images(split == "train" || split == "validation" ? pixels.train() : pixels.test(), chosen, split, pieces);
  write_atomically(
      file,
      [&](const Path& part) {
        write_safetensors_pieces(part, pieces, {{"handover", print}});
      },
      Existing::keep, Durable::no);
  return file;
}

Path images_of(const std::string& dataset, ImageSource& source, const Handover& handover) {
  std::map<std::string, at::Tensor> samples;
  for (const auto& [split, order] : handover.order)
    samples[split] = source.samples(split).index_select(0, order).contiguous();
  return images_of(dataset, source.pixels(), handover.token, samples);
}

// Further test splits, each of a data set of its own: their files of images by name, and their order.
Value add_further_tests(const Stage& stage, const Context& context, ImageSource& source, Handover& handover) {
  Value files = Value::object();
  for (const std::string& name : source.further_tests()) {
    data::Pixels pixels(context.data.at(name));
    at::Tensor chosen = further_test_samples(stage.settings, pixels).test.contiguous();
    std::string split = std::string(kFurtherTest) + name;
    Hasher hasher;
    hasher.add(fmt::format("handover {} of {}, {}", kFormat, pixels.fingerprint(), split)).add(bytes_of(chosen));
    Hash128 print = hasher.digest();
    at::Tensor order = at::tensor(Streams(print.low, "handover").at(0, 0).permutation(chosen.numel()), at::kLong);
    handover.order[split] = order;
    files[name] = images_of(name, pixels, print.hex(), {{split, chosen.index_select(0, order).contiguous()}}).string();
  }
  return files;
}

// What an earlier stage trained, under the names that its run file has.
void write_detector(const Path& file, const Path& run) {
  store::RunContent content = store::read_run_file(run, true, store::Accept::trials_too);
  std::map<std::string, at::Tensor> weights;
  for (const auto& [name, array] : content.arrays)
    if (name.starts_with("weights/")) weights[name.substr(8)] = tensor_of(array);
  write_tensors(file, weights);
}

at::Tensor in_order(const at::Tensor& rows, const Handover& handover, const std::string& split) {
  return rows.index_select(0, handover.order.at(split));
}

std::map<std::string, at::Tensor> labels_of(ImageSource& source, const Handover& handover) {
  const LearnerLabels& labels = source.labels();
  std::map<std::string, at::Tensor> result;
  auto add = [&](const char* name, const at::Tensor& rows, const char* split) {
    if (rows.defined()) result[name] = in_order(rows, handover, split);
  };
  if (labels.given.defined()) add("given", labels.given, "train");
  else if (labels.candidates.defined()) add("candidates", labels.candidates.to(at::kByte), "train");
  add("validation.given", labels.validation_given, "validation");
  add("validation.candidates", labels.validation_candidates, "validation");
  return result;
}

std::map<std::string, at::Tensor> inputs_of(const Stage& stage, const Context& context, ImageSource& source,
                                            const Handover& handover) {
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, rows] : source.labels().handed_over)
    result["selection." + name] = in_order(rows, handover, "train");
  if (stage.inputs.count("features"))
    for (const auto& [split, rows] : read_features(context, source.samples("train")))
      result["features." + split] = in_order(rows, handover, split);
  return result;
}

}  // namespace

Handover hand_over(const Stage& stage, const Context& context, ImageSource& source, const Path& folder) {
  Hash128 print = print_of(source);
  Handover handover{print.hex(), orders(source, print)};
  write_tensors(folder / "labels.safetensors", labels_of(source, handover));
  write_tensors(folder / "inputs.safetensors", inputs_of(stage, context, source, handover));
  Value said = {{"identity", stage.identity().hex()},
                {"kind", to_string(stage.kind)},
                {"method", stage.settings.text("method")},
                {"settings", stage.settings.all()},
                {"seed", stage_seed(stage.settings)},
                {"classes", source.classes()},
                {"handover", handover.token},
                {"images", images_of(stage.settings.text("dataset"), source, handover).string()},
                {"labels", "labels.safetensors"},
                {"inputs", "inputs.safetensors"},
                {"outputs", Value::array()},
                {"samples", Value::object()}};
  for (const char* split : kSplits) said["samples"][split] = source.size(split);
  for (Output output : stage.outputs) said["outputs"].push_back(to_string(output));
  if (Value further = add_further_tests(stage, context, source, handover); !further.empty()) {
    said["further_images"] = further;
    for (const std::string& name : source.further_tests()) {
      std::string split = std::string(kFurtherTest) + name;
      said["samples"][split] = handover.order.at(split).numel();
    }
  }
  if (stage.inputs.count("detector")) {
    write_detector(folder / "detector.safetensors", input_file(context, "detector"));
    said["detector"] = "detector.safetensors";
  }
  if (stage.settings.has("class_names")) said["class_names"] = source.class_names();
  if (stage.fingerprints.count("weights") || stage.inputs.count("backbone"))
    said["weights"] = input_file(context, "backbone").string();
  write_file_atomically(folder / "stage.json", said.dump(1, ' ', false, Value::error_handler_t::replace) + "\n");
  return handover;
}

}  // namespace winnow::train
